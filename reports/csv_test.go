package reports_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gocarina/gocsv"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relink/linker"
	"relink/reports"
)

// cell draws text that is likely to hit a rule of CSV or of spreadsheets.
var cell = rapid.OneOf(
	rapid.SampledFrom([]string{
		"", " ", `\.`, `"`, `""`, ",", "\n", "\r\n", "\r", "\t", "=1+1", "+1", "-1", "@x", "'", "'=1",
		"\ta", "\ra", "=a,b", `=HYPERLINK("http://x")`, "-\"\n", "\u00a0a", "\u2003", "\u0085", "ж", "\ufeff", "日本",
	}),
	rapid.StringOf(rapid.SampledFrom([]rune("ab,\"\r\n\t =+-@'\\.;|é＝＋－＠\u00a0\u2028\x00\x1b"))),
	rapid.String(),
)

// entries draws an entry of any kind; a row that is not in the input has no
// place.
var entries = rapid.Custom(func(t *rapid.T) linker.Entry {
	e := linker.Entry{
		Fields: linker.Fields{
			RecordingID: cell.Draw(t, "recordingId"), DataType: cell.Draw(t, "dataType"),
			ID: cell.Draw(t, "id"), ExternalID: cell.Draw(t, "externalId"),
			IntegrationConnectionID: cell.Draw(t, "connection"), Trigger: cell.Draw(t, "trigger"),
		},
		Decision: linker.Decision{
			Outcome:          rapid.SampledFrom(linker.Outcomes[:]).Draw(t, "outcome"),
			Code:             linker.Code(cell.Draw(t, "code")),
			EntityID:         cell.Draw(t, "entityId"),
			PreviousEntityID: cell.Draw(t, "previousEntityId"),
			PreviousDataType: cell.Draw(t, "previousDataType"),
		},
		Message: cell.Draw(t, "message"),
	}
	if linker.Reconcile.IsInput(e.Outcome) {
		e.Row = rapid.Int64Min(1).Draw(t, "row")
		e.Line = rapid.Int64Min(1).Draw(t, "line")
	}
	return e
})

// Where an apostrophe is put: before a first character, and behind one at which
// another spreadsheet begins a cell.
var (
	first  = regexp.MustCompile(`^[=+\-@\t\r\n＝＋－＠]`)
	inside = regexp.MustCompile(`([;\t\r\n])("*[=+\-@＝＋－＠])`)
)

// record is the entry as cells, defused as the report promises.
func record(e linker.Entry) []string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	cells := []string{
		number(e.Row), number(e.Line),
		e.Fields.RecordingID, e.Fields.DataType, e.Fields.ID, e.Fields.ExternalID,
		e.Fields.IntegrationConnectionID, e.Fields.Trigger,
		string(e.Outcome), string(e.Code), e.Message,
		e.EntityID, e.PreviousEntityID, e.PreviousDataType,
	}
	for i, c := range cells {
		cells[i] = inside.ReplaceAllString(first.ReplaceAllString(c, "'$0"), "$1'$2")
	}
	return cells
}

func TestCSVIsWhatEncodingCSVWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(entries, 0, 20).Draw(t, "entries")
		var got, want bytes.Buffer
		report := reports.NewCSV(&got)
		std := csv.NewWriter(&want)
		std.Write(reports.Columns)
		for _, e := range list {
			if err := report.Write(e); err != nil {
				t.Fatal(err)
			}
			std.Write(record(e))
		}
		std.Flush()
		if err := report.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Errorf("report.csv differs from encoding/csv (-want +got):\n%s", diff)
		}
	})
}

func TestCSVDefusesFormulas(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, give, want string }{
		{"equals sign", `=1+1`, `'=1+1`},
		{"plus sign", `+491234`, `'+491234`},
		{"minus sign", `-1`, `'-1`},
		{"at sign", `@SUM(A1)`, `'@SUM(A1)`},
		{"tab in front", "\t=1", "'\t'=1"},
		{"carriage return in front", "\r=1", "\"'\r'=1\""},
		{"line feed in front", "\n=1", "\"'\n'=1\""},
		{"tab and letters", "\ta", "'\ta"},
		{"wide equals sign", "＝1", "'＝1"},
		{"wide plus sign", "＋1", "'＋1"},
		{"wide minus sign", "－1", "'－1"},
		{"wide at sign", "＠A1", "'＠A1"},
		{"behind a semicolon", "a;=1+1", "a;'=1+1"},
		{"behind two", "a;=1;-2", "a;'=1;'-2"},
		{"behind a tab", "a\t@A1", "a\t'@A1"},
		{"behind a line end", "a\n=1", "\"a\n'=1\""},
		{"behind a semicolon, in quotes", `a;"=1"`, `"a;'""=1"""`},
		{"wide, behind a semicolon", "a;＝1", "a;'＝1"},
		{"a sentence", "a; -1 is wrong", "a; -1 is wrong"},
		{"formula that needs quotes", `=CMD("a",1)`, `"'=CMD(""a"",1)"`},
		{"sign in the middle", "a=1", "a=1"},
		{"apostrophe already there", "'=1", "'=1"},
		{"space in front", " =1", `" =1"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			r := reports.NewCSV(&b)
			if err := r.Write(linker.Entry{Row: 1, Line: 2, Fields: linker.Fields{ID: tc.give}, Decision: linker.Decision{Outcome: linker.Created}}); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			_, got, _ := strings.Cut(b.String(), "\n")
			want := "1,2,,," + tc.want + ",,,,created,,,,,\n"
			if got != want {
				t.Errorf("id %q is written as %q, want %q", tc.give, got, want)
			}
		})
	}
}

func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := reports.NewCSV(&b).Close(); err != nil {
		t.Fatal(err)
	}
	want := "row,line,recordingId,dataType,id,externalId,integrationConnectionId,trigger,outcome,code,message,entityId,previousEntityId,previousDataType\n"
	if got := b.String(); got != want {
		t.Errorf("empty report.csv = %q, want the header alone %q", got, want)
	}
	b.Reset()
	if err := reports.NewJSONL(&b).Close(); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 0 {
		t.Errorf("empty report.jsonl = %q, want nothing", b.String())
	}
}

// fullAfter accepts n bytes and then reports a full disk.
type fullAfter struct{ n int }

var errFull = errors.New("no room")

func (w *fullAfter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestReportKeepsTheErrorOfItsWriter(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		open func(io.Writer) reports.Writer
	}{
		{"csv", func(w io.Writer) reports.Writer { return reports.NewCSV(w) }},
		{"jsonl", func(w io.Writer) reports.Writer { return reports.NewJSONL(w) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := tc.open(&fullAfter{n: 100 << 10})
			var err error
			for range 10_000 {
				if err = r.Write(sample); err != nil {
					break
				}
			}
			if !errors.Is(err, errFull) {
				t.Fatalf("Write error = %v, want %v", err, errFull)
			}
			if err := r.Close(); !errors.Is(err, errFull) {
				t.Errorf("Close error = %v, want %v", err, errFull)
			}
		})
	}
}

// sample is a typical line of an import.
var sample = linker.Entry{
	Row: 123456, Line: 123457,
	Fields: linker.Fields{
		RecordingID: "0b7f6a9c-4a35-4d0f-9a55-0c6f2f4b1f10", DataType: "OPPORTUNITY",
		ExternalID: "0065g00000ABCdEAAX", IntegrationConnectionID: "c0ffee00-0000-4000-8000-000000000001",
		Trigger: "EXTERNAL_API_LINK",
	},
	Decision: linker.Decision{
		Outcome: linker.Replaced, EntityID: "1c2d3e4f-0000-4000-8000-00000012d687",
		PreviousEntityID: "1c2d3e4f-0000-4000-8000-00000012d686", PreviousDataType: "ACCOUNT",
	},
}

func BenchmarkCSV(b *testing.B) {
	r := reports.NewCSV(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		r.Write(sample)
	}
}

func BenchmarkJSONL(b *testing.B) {
	r := reports.NewJSONL(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		r.Write(sample)
	}
}

// BenchmarkEncodingCSV and BenchmarkGocsv are the alternatives to our own
// writer of report.csv.
func BenchmarkEncodingCSV(b *testing.B) {
	w := csv.NewWriter(io.Discard)
	cells := record(sample)
	b.ReportAllocs()
	for b.Loop() {
		w.Write(cells)
	}
}

func BenchmarkGocsv(b *testing.B) {
	type line struct {
		Row                     int64  `csv:"row"`
		Line                    int64  `csv:"line"`
		RecordingID             string `csv:"recordingId"`
		DataType                string `csv:"dataType"`
		ID                      string `csv:"id"`
		ExternalID              string `csv:"externalId"`
		IntegrationConnectionID string `csv:"integrationConnectionId"`
		Trigger                 string `csv:"trigger"`
		Outcome                 string `csv:"outcome"`
		Code                    string `csv:"code"`
		Message                 string `csv:"message"`
		EntityID                string `csv:"entityId"`
		PreviousEntityID        string `csv:"previousEntityId"`
		PreviousDataType        string `csv:"previousDataType"`
	}
	f := sample.Fields
	one := line{
		sample.Row, sample.Line, f.RecordingID, f.DataType, f.ID, f.ExternalID, f.IntegrationConnectionID, f.Trigger,
		string(sample.Outcome), "", "", sample.EntityID, sample.PreviousEntityID, sample.PreviousDataType,
	}
	block := make([]line, 0, 1024)
	w := csv.NewWriter(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		if block = append(block, one); len(block) == cap(block) {
			if err := gocsv.MarshalCSVWithoutHeaders(block, w); err != nil {
				b.Fatal(err)
			}
			block = block[:0]
		}
	}
}
