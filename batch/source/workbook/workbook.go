package workbook

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Magic is what every workbook begins with, as every zip archive does.
const Magic = "PK\x03\x04"

// Errors that tell what is wrong with a workbook as a whole.
var (
	ErrNoWorkbook = errors.New("the zip archive holds no workbook")
	ErrBinary     = errors.New("the workbook is in the binary format (.xlsb)")
	ErrOtherKind  = errors.New("the file is an OpenDocument spreadsheet (.ods)")
)

// NoSheetError is the error for a sheet that the workbook does not have.
type NoSheetError struct {
	Name string
	Has  []string
}

func (e *NoSheetError) Error() string { return fmt.Sprintf("the workbook has no sheet %q", e.Name) }

// Sheet is a sheet that is read. It is for one goroutine.
type Sheet struct {
	// Name is that of the sheet, Others are those of the other sheets.
	Name   string
	Others []string

	rows    *rowReader
	strings *texts
	closers []io.Closer
	buf     []byte
	line    []byte // the part of buf that was not yet read
	next    int64  // the row that the next line stands for
	ahead   []row  // rows that were read to find out how wide the sheet is
	width   int
	err     error
}

// Open opens a sheet by its name in a workbook of the given size, "" for the
// first that is not hidden. limit, when not nil, wraps the reader of each part of
// the archive, to bound how much is unpacked. The caller closes the sheet.
func Open(file io.ReaderAt, size int64, name string, limit func(io.Reader) io.Reader) (*Sheet, error) {
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, fmt.Errorf("reading the zip archive: %w", err)
	}
	b := book{parts: map[string]*zip.File{}, limit: limit}
	for _, f := range archive.File {
		b.parts[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	if err := b.read(); err != nil {
		return nil, err
	}
	s, err := b.open(name)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// book is a workbook's parts and what is in it.
type book struct {
	parts    map[string]*zip.File
	limit    func(io.Reader) io.Reader
	dir      string // of the workbook part
	sheets   []sheetEntry
	targets  map[string]string // of relations, by id
	styles   string
	strings  string
	date1904 bool
}

// sheetEntry is a sheet in the list of the workbook.
type sheetEntry struct {
	Name  string `xml:"name,attr"`
	State string `xml:"state,attr"`
	ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
	// Strict workbooks have another namespace.
	StrictID string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"`
}

// relations is a part that says which parts belong to another.
type relations struct {
	List []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// read reads the list of sheets.
func (b *book) read() error {
	main := ""
	var root relations
	if err := b.decode("_rels/.rels", &root); err == nil {
		for _, r := range root.List {
			if strings.HasSuffix(r.Type, "/officeDocument") {
				main = strings.TrimPrefix(r.Target, "/")
			}
		}
	}
	switch {
	case main == "" && b.parts["xl/workbook.xml"] != nil:
		main = "xl/workbook.xml"
	case main == "" && b.parts["content.xml"] != nil:
		return ErrOtherKind
	case main == "" || !strings.Contains(main, "workbook"):
		return ErrNoWorkbook
	case strings.HasSuffix(main, ".bin"):
		return ErrBinary
	}
	var w struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []sheetEntry `xml:"sheets>sheet"`
	}
	if err := b.decode(main, &w); err != nil {
		return err
	}
	b.dir, b.sheets = path.Dir(main), w.Sheets
	b.date1904 = w.Properties.Date1904 == "1" || w.Properties.Date1904 == "true"
	var rels relations
	if err := b.decode(path.Join(b.dir, "_rels", path.Base(main)+".rels"), &rels); err != nil {
		return err
	}
	b.targets = map[string]string{}
	for _, r := range rels.List {
		target := b.resolve(r.Target)
		switch {
		case strings.HasSuffix(r.Type, "/worksheet"):
			b.targets[r.ID] = target
		case strings.HasSuffix(r.Type, "/sharedStrings"):
			b.strings = target
		case strings.HasSuffix(r.Type, "/styles"):
			b.styles = target
		}
	}
	return nil
}

// resolve returns the part that a relation of the workbook names.
func (b *book) resolve(target string) string {
	if absolute, ok := strings.CutPrefix(target, "/"); ok {
		return absolute
	}
	return path.Join(b.dir, target)
}

// open opens the sheet with a name.
func (b *book) open(name string) (*Sheet, error) {
	s := &Sheet{next: 1}
	part := ""
	var names []string
	for _, e := range b.sheets {
		target := b.targets[e.ID+e.StrictID]
		if target == "" {
			continue // a chart
		}
		names = append(names, e.Name)
		wanted := strings.EqualFold(e.Name, name) || name == "" && e.State != "hidden" && e.State != "veryHidden"
		if part == "" && wanted {
			s.Name, part = e.Name, target
		} else {
			s.Others = append(s.Others, e.Name)
		}
	}
	if part == "" {
		return nil, &NoSheetError{Name: name, Has: names}
	}
	dates, err := b.dateStyles()
	if err != nil {
		return nil, err
	}
	if s.strings, err = b.sharedTexts(); err != nil {
		return nil, err
	}
	src, err := b.part(part)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.closers = append(s.closers, src)
	s.rows = &rowReader{dec: newDecoder(src), texts: s.strings, dates: dates, date1904: b.date1904}
	return s, nil
}

// Close frees the sheet.
func (s *Sheet) Close() error {
	var all []error
	for _, c := range s.closers {
		all = append(all, c.Close())
	}
	return errors.Join(append(all, s.strings.close())...)
}

// part opens a part of the archive.
func (b *book) part(name string) (io.ReadCloser, error) {
	f := b.parts[strings.ToLower(name)]
	if f == nil {
		return nil, fmt.Errorf("the workbook lacks its part %s", name)
	}
	src, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("reading %s of the workbook: %w", name, err)
	}
	if b.limit == nil {
		return src, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{b.limit(src), src}, nil
}

// decode reads a small part as a whole.
func (b *book) decode(name string, into any) error {
	src, err := b.part(name)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := newDecoder(io.LimitReader(src, maxSmallPart)).Decode(into); err != nil {
		return fmt.Errorf("reading %s of the workbook: %w", name, err)
	}
	return nil
}

const (
	// maxSmallPart is how large the parts may be that are read as a whole.
	maxSmallPart = 16 << 20
	// maxToken is how long a text or a tag of XML may be. A cell holds 32,767
	// characters.
	maxToken = 1 << 20
)

// newDecoder returns a decoder that no text or tag can make hold much.
func newDecoder(src io.Reader) *xml.Decoder {
	return xml.NewDecoder(&tokenLimit{src: src})
}

// tokenLimit ends the reading of XML in which no tag begins for long: the decoder
// would hold all of it.
type tokenLimit struct {
	src  io.Reader
	size int
}

func (t *tokenLimit) Read(p []byte) (int, error) {
	n, err := t.src.Read(p)
	for _, c := range p[:n] {
		if c == '<' {
			t.size = 0
			continue
		}
		if t.size++; t.size > maxToken {
			return 0, fmt.Errorf("a text in the workbook is longer than %d bytes", maxToken)
		}
	}
	return n, err
}
