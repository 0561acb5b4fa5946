package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"relink/batch/source/raw"
	"relink/batch/source/workbook"
	"relink/linker/text"
)

// compound is what the files begin with that Microsoft's programs wrote before
// 2007. Workbooks with a password are in one as well.
const compound = "\xd0\xcf\x11\xe0"

// isWorkbook reports whether the input is an Excel workbook that can be read.
func (r *Reader) isWorkbook(in Input) (bool, error) {
	magic, err := r.packed.Peek(len(workbook.Magic))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, r.reading(err)
	}
	named := strings.EqualFold(filepath.Ext(r.given), ".xlsx") || strings.EqualFold(filepath.Ext(r.given), ".xlsm")
	switch {
	case string(magic) == compound && named:
		return false, &raw.Error{
			Place: r.name, What: "the workbook is protected with a password",
			Remedy: "save a copy without the password, or export the sheet as CSV with the id columns as text",
		}
	case string(magic) != workbook.Magic:
		if in.Sheet != "" {
			return false, &raw.Error{Place: r.name, What: "the file is no workbook, so it has no sheet " + quoted(in.Sheet), Remedy: "leave --sheet out"}
		}
		return false, nil
	}
	// A zip archive may hold anything. Its first names tell.
	head, err := r.packed.Peek(min(r.packed.Size(), sampleSize))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, r.reading(err)
	}
	for _, part := range []string{"[Content_Types].xml", "xl/", "_rels/.rels", "docProps/"} {
		if named || bytes.Contains(head, []byte(part)) {
			return true, nil
		}
	}
	return false, nil
}

// openSheet opens a sheet of a workbook as CSV.
func (r *Reader) openSheet(in Input) (io.Reader, error) {
	switch {
	case r.stored.file == nil || r.stored.size < 0:
		return nil, &raw.Error{
			Place: r.name, What: "a workbook can only be read from a file: what is in it stands at its end",
			Remedy: "write it to a file and name that",
		}
	case in.Delimiter != "" || in.Encoding != "" || in.Format == formatJSONL:
		return nil, &raw.Error{Place: r.name, What: "the file is a workbook", Remedy: "leave --delimiter, --encoding and --format out"}
	}
	r.sheet = true
	sheet, err := workbook.Open(r.stored.file, r.stored.size, in.Sheet, func(part io.Reader) io.Reader {
		return &bounded{src: part, reader: r, packed: true, most: in.maxBytes()}
	})
	if err != nil {
		return nil, r.sheetError(err)
	}
	r.stop = func() { sheet.Close() }
	if len(sheet.Others) > 0 && in.Sheet == "" {
		r.notes.add("the sheet %s is read; --sheet names another: %s", quoted(sheet.Name), sheetNames(sheet.Others))
	}
	return &sheetReader{sheet, r}, nil
}

// sheetNames lists the names of sheets for a message.
func sheetNames(all []string) string {
	const shown = 10
	var list []string
	for _, name := range all[:min(len(all), shown)] {
		list = append(list, quoted(name))
	}
	if len(all) > shown {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}

// sheetReader explains the errors of a sheet, and ends with the Reader.
type sheetReader struct {
	*workbook.Sheet
	reader *Reader
}

func (s *sheetReader) Read(p []byte) (int, error) {
	select {
	case <-s.reader.stored.stopped:
		return 0, s.reader.reading(io.ErrClosedPipe)
	default:
	}
	n, err := s.Sheet.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.reader.sheetError(err)
	}
	return n, err
}

// sheetError explains why a workbook cannot be read.
func (r *Reader) sheetError(err error) error {
	var missing *workbook.NoSheetError
	var known *raw.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &missing) && missing.Name == "":
		return &raw.Error{Place: r.name, What: "the workbook has no sheet that can be seen", Remedy: "name one with --sheet: " + sheetNames(missing.Has), Err: err}
	case errors.As(err, &missing):
		return &raw.Error{Place: r.name, What: "the workbook has no sheet " + quoted(missing.Name), Remedy: "it has " + sheetNames(missing.Has), Err: err}
	case errors.Is(err, workbook.ErrNoWorkbook):
		return &raw.Error{Place: r.name, What: "the file is a zip archive, not CSV, JSONL or a workbook", Remedy: "unzip it and name the file in it", Err: err}
	case errors.Is(err, workbook.ErrOtherKind), errors.Is(err, workbook.ErrBinary):
		return &raw.Error{Place: r.name, What: err.Error(), Remedy: "save it as .xlsx", Err: err}
	}
	return &raw.Error{
		Place: r.name, What: fmt.Sprintf("reading the workbook: %s", text.Printable(err.Error())),
		Remedy: "the file is damaged or cut off; copy it again, or open and save it in a spreadsheet program", Err: err,
	}
}
