package source

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/batch/source/raw"
)

// parts are the parts of a workbook, by name.
type parts map[string]string

const (
	sheetHead = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	sheetFoot = `</sheetData></worksheet>`
	relation  = `<Relationship Id="%s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/>`
)

// simple are the parts of a workbook with the rows of one sheet.
func simple(rows string) parts {
	return parts{
		"[Content_Types].xml":        `<Types/>`,
		"_rels/.rels":                "<Relationships>" + fmt.Sprintf(relation, "r1", "officeDocument", "xl/workbook.xml") + "</Relationships>",
		"xl/workbook.xml":            `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Links" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": "<Relationships>" + fmt.Sprintf(relation, "r1", "worksheet", "worksheets/sheet1.xml") + fmt.Sprintf(relation, "r2", "sharedStrings", "/xl/shared.xml") + fmt.Sprintf(relation, "r3", "styles", "styles.xml") + "</Relationships>",
		"xl/styles.xml":              `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-409]d\-mmm;@"/><numFmt numFmtId="165" formatCode="0 &quot;days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
		"xl/shared.xml":              `<sst><si><t>rec-0001</t></si><si><r><t>rec-</t></r><r><t>0002</t></r><rPh><t>x</t></rPh></si><si><t xml:space="preserve"> LEAD </t></si></sst>`,
		"xl/worksheets/sheet1.xml":   sheetHead + rows + sheetFoot,
	}
}

// with returns the parts with one of them replaced.
func (p parts) with(name, content string) parts {
	p[name] = content
	return p
}

func (p parts) write(t *testing.T, name string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for part, content := range p {
		w, err := z.Create(part)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return stored(t, name, b.String())
}

func stored(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cellsOf is a row of texts.
func cellsOf(texts ...string) string {
	row := "<row>"
	for _, text := range texts {
		row += `<c t="inlineStr"><is><t>` + text + `</t></is></c>`
	}
	return row + "</row>"
}

var sheetHeader = cellsOf("recordingId", "dataType", "id", "Notes")

// rowsOf reads a workbook as lines "line:recording/type/id", or "line:code".
func rowsOf(t *testing.T, in Input) ([]string, readback) {
	t.Helper()
	s, err := OpenContext(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got readback
	for {
		var r Record
		if err = s.Next(&r); err != nil {
			break
		}
		got.records = append(got.records, r)
	}
	if err.Error() != "EOF" {
		t.Fatal(err)
	}
	info, err := os.Stat(in.Path)
	if err != nil {
		t.Fatal(err)
	}
	if s.Identity().Bytes != info.Size() {
		t.Errorf("%d bytes were hashed, the file has %d", s.Identity().Bytes, info.Size())
	}
	got.notices, got.doubts = s.Notices(), s.Doubts()
	return brief(got.records), got
}

func TestSheets(t *testing.T) {
	t.Parallel()
	const number = `<row><c t="inlineStr"><is><t>r1</t></is></c><c t="str"><v>LEAD</v></c><c s="%d"><v>%s</v></c></row>`
	for _, c := range []struct {
		name string
		book parts
		in   Input
		want []string
	}{
		{"texts of all kinds", simple(sheetHeader + `<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" t="s"><v>2</v></c><c r="C3" t="str"><v>007</v></c></row>`), Input{}, []string{"3:rec-0002/ LEAD /007"}},
		{"fifteen digits", simple(sheetHeader + fmt.Sprintf(number, 0, "123456789012345")), Input{}, []string{"2:r1/LEAD/123456789012345"}},
		{"as a spreadsheet writes it", simple(sheetHeader + fmt.Sprintf(number, 0, "1.23456789012E+11")), Input{}, []string{"2:r1/LEAD/123456789012"}},
		{"sixteen digits", simple(sheetHeader + fmt.Sprintf(number, 0, "1.2345678901234566E+15")), Input{}, []string{"2:r1/LEAD/1.23456789012346E+15"}},
		{"decimals", simple(sheetHeader + fmt.Sprintf(number, 0, "12.5")), Input{}, []string{"2:r1/LEAD/12.5"}},
		{"a date", simple(sheetHeader + fmt.Sprintf(number, 1, "46086")), Input{}, []string{"2:r1/LEAD/2026/03/05"}},
		{"a date and a time in a format of its own", simple(sheetHeader + fmt.Sprintf(number, 2, "46086.5")), Input{}, []string{"2:r1/LEAD/2026/03/05 12:00:00"}},
		{"a date since 1904", simple(sheetHeader+fmt.Sprintf(number, 1, "44624")).with("xl/workbook.xml", `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr date1904="1"/><sheets><sheet name="L" r:id="r1"/></sheets></workbook>`), Input{}, []string{"2:r1/LEAD/2026/03/05"}},
		{"days in quotes are no date", simple(sheetHeader + fmt.Sprintf(number, 3, "17")), Input{}, []string{"2:r1/LEAD/17"}},
		{"an error", simple(sheetHeader + `<row><c t="inlineStr"><is><t>r1</t></is></c><c t="str"><v>LEAD</v></c><c t="e"><f>NA()</f><v>#N/A</v></c></row>`), Input{}, []string{"2:r1/LEAD/#N/A"}},
		{"a truth", simple(sheetHeader + `<row><c t="inlineStr"><is><t>r1</t></is></c><c t="str"><v>LEAD</v></c><c t="b"><v>1</v></c></row>`), Input{}, []string{"2:r1/LEAD/TRUE"}},
		{"quotes, delimiters and line breaks", simple(sheetHeader + cellsOf("r1", "LEAD", "i", "say &quot;hi&quot;,\n_x000D_\nbye") + cellsOf("r2", "LEAD", "i_x0041_")), Input{}, []string{"2:r1/LEAD/i", "3:r2/LEAD/iA"}},
		{"a line break in an id", simple(sheetHeader + cellsOf("r1\nr2", "LEAD", "i")), Input{}, []string{"2:r1\u2028r2/LEAD/i"}},
		{"rows that are missing", simple(`<row r="2"><c r="B2" t="inlineStr"><is><t>id</t></is></c><c r="C2" t="inlineStr"><is><t>dataType</t></is></c><c r="D2" t="inlineStr"><is><t>recordingId</t></is></c></row><row r="7"><c r="B7"><v>7</v></c><c r="C7" t="str"><v>LEAD</v></c><c r="D7"><v>1</v></c></row>`), Input{}, []string{"7:1/LEAD/7"}},
		{"titles above the header", simple(cellsOf("Links, all") + cellsOf() + cellsOf("as of", "today") + sheetHeader + cellsOf("r1", "LEAD", "i")), Input{}, []string{"5:r1/LEAD/i"}},
		{"more cells than the header", simple(sheetHeader + cellsOf("r1", "LEAD", "i", "", "x") + strings.Repeat(cellsOf("r2", "LEAD", "i"), 50) + cellsOf("r3", "LEAD", "i", "", "", "x")), Input{}, append(append([]string{"2:r1/LEAD/i"}, fiftyRows()...), "53:malformed_row")},
		{"a hidden sheet is not the first", simple(sheetHeader+cellsOf("r1", "LEAD", "i")).with("xl/workbook.xml", `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="H" state="hidden" r:id="r3"/><sheet name="L" r:id="r1"/></sheets></workbook>`), Input{}, []string{"2:r1/LEAD/i"}},
		{"a sheet by its name", simple(sheetHeader + cellsOf("r1", "LEAD", "i")), Input{Sheet: "links"}, []string{"2:r1/LEAD/i"}},
		{"a strict workbook", simple(sheetHeader+cellsOf("r1", "LEAD", "i")).with("xl/workbook.xml", `<workbook xmlns:r="http://purl.oclc.org/ooxml/officeDocument/relationships"><sheets><sheet name="L" r:id="r1"/></sheets></workbook>`), Input{}, []string{"2:r1/LEAD/i"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.in.Path = c.book.write(t, "links.xlsx")
			got, _ := rowsOf(t, c.in)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func fiftyRows() (rows []string) {
	for i := range 50 {
		rows = append(rows, fmt.Sprintf("%d:r2/LEAD/i", i+3))
	}
	return rows
}

// A workbook that LibreOffice has written.
func TestSheetOfLibreOffice(t *testing.T) {
	t.Parallel()
	rows, got := rowsOf(t, Input{Path: filepath.Join("testdata", "libreoffice.xlsx")})
	want := []string{
		"4:00017/Opportunity/123456789012345", "5:rec-0002/OPPORTUNITY/1.23456789012346E+18", "6:2026/03/05/OPPORTUNITY/0061t00000AbLdEAAV",
		"8:rec-0004/OPPORTUNITY/0061t00000AbLdEAAV", "9:rec-0005/OPPORTUNITY/42", "10:#VALUE!/OPPORTUNITY/0061t00000AbLdEAAV",
	}
	for i, r := range got.records {
		rows[i] = fmt.Sprintf("%d:%s/%s/%s", r.Line, r.Fields.RecordingID, r.Fields.DataType, r.Fields.ExternalID)
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	all := strings.Join(got.notices, "\n")
	for _, notice := range []string{`the sheet "Links" is read; --sheet names another: "Other"`, "the header is row 3 of the sheet; 2 rows above it are passed over"} {
		if !strings.Contains(all, notice) {
			t.Errorf("notices %q, want %q", got.notices, notice)
		}
	}
}

// A workbook that cannot be read ends with an error that says why and what to do.
func TestSheetsRefused(t *testing.T) {
	t.Parallel()
	good := sheetHeader + cellsOf("r1", "LEAD", "i")
	whole, err := os.ReadFile(simple(good).write(t, "x.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	const ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	for _, c := range []struct {
		name       string
		path       string
		in         Input
		what, hint string
	}{
		{"a password", stored(t, "links.xlsx", ole+strings.Repeat("\x00", 600)), Input{}, "protected with a password", "save a copy without the password"},
		{"the format of 1997", stored(t, "links.xls", ole+strings.Repeat("\x00", 600)), Input{}, "an Excel 97-2003 workbook (.xls)", "save it as .xlsx"},
		{"OpenDocument", parts{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}.write(t, "links.xlsx"), Input{}, "an OpenDocument spreadsheet", "save it as .xlsx"},
		{"the binary format", simple(good).with("_rels/.rels", "<Relationships>"+fmt.Sprintf(relation, "r1", "officeDocument", "xl/workbook.bin")+"</Relationships>").write(t, "links.xlsx"), Input{}, "the binary format (.xlsb)", "save it as .xlsx"},
		{"a document", parts{"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}.write(t, "links.xlsx"), Input{}, "a zip archive, not CSV, JSONL or a workbook", "unzip it"},
		{"cut off", stored(t, "links.xlsx", string(whole[:len(whole)-30])), Input{}, "reading the workbook", "cut off"},
		{"another sheet", simple(good).write(t, "links.xlsx"), Input{Sheet: "Deals"}, `the workbook has no sheet "Deals"`, `it has "Links"`},
		{"a sheet of CSV", stored(t, "links.csv", "recordingId,dataType,id\n"), Input{Sheet: "Deals"}, "the file is no workbook", "leave --sheet out"},
		{"a delimiter", simple(good).write(t, "links.xlsx"), Input{Delimiter: ";"}, "the file is a workbook", "leave --delimiter"},
		{"a text that is not there", simple(sheetHeader+`<row><c t="s"><v>9</v></c></row>`).write(t, "links.xlsx"), Input{}, "the shared text 9", "damaged"},
		{"rows out of order", simple(sheetHeader+`<row r="9"/><row r="3"/>`).write(t, "links.xlsx"), Input{}, "row 3 of the sheet stands behind row 9", "damaged"},
		{"two cells in one place", simple(sheetHeader+`<row><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>`).write(t, "links.xlsx"), Input{}, "a cell of row 2 stands in no column", "damaged"},
		{"a text without end", simple(sheetHeader+cellsOf(strings.Repeat("x", 3<<20))).write(t, "links.xlsx"), Input{}, "longer than 1048576 bytes", "damaged"},
		{"shared texts that are packed air", simple(good).with("xl/shared.xml", "<sst>"+strings.Repeat("<si><t>"+strings.Repeat(" ", 1<<16)+"</t></si>", 700)+"</sst>").write(t, "links.xlsx"), Input{}, "bytes of packed data become more than", "look at what is in it"},
		{"more than may be read", simple(good).write(t, "links.xlsx"), Input{MaxBytes: 100}, "more than 100 bytes", "--max-bytes"},
		{"no header", simple(cellsOf("a", "b")).write(t, "links.xlsx"), Input{}, "no column for recordingId", "--map"},
		{"no row", simple("").write(t, "links.xlsx"), Input{}, "the file is empty", "export"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.in.Path = c.path
			s, err := OpenContext(t.Context(), c.in)
			if err == nil {
				for err == nil {
					err = s.Next(new(Record))
				}
				s.Close()
			}
			checkRefused(t, err, c.what, c.hint)
		})
	}
	s, err := open(t.Context(), Input{Path: "-", Stdin: bytes.NewReader(whole)}, raw.BlockSize)
	if err == nil {
		s.Close()
		err = errors.New("no error")
	}
	checkRefused(t, err, "a workbook can only be read from a file", "write it to a file")
}
