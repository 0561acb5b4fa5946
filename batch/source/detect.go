package source

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"relink/batch/source/raw"
	"relink/linker"
	"relink/linker/text"
)

const (
	formatCSV   = "csv"
	formatJSONL = "jsonl"
)

// sampleSize is how much of the source is examined to find out what it is.
const sampleSize = 64 << 10

const saveAsWorkbook = "save it as .xlsx; to save it as CSV can change ids"

// kinds are contents that are neither CSV nor JSONL, recognized by how they
// begin.
var kinds = []struct {
	magic, what, hint string
}{
	{"PK\x03\x04", "a zip archive", "unzip it and name the file in it"},
	{"PK\x05\x06", "an empty zip archive", "name the file that was to be in it"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel 97-2003 workbook (.xls)", saveAsWorkbook},
	{"%PDF-", "a PDF document", "export the data as CSV"},
	{`{\rtf`, "an RTF document", "export the data as CSV"},
	{"\x1f\x8b", "gzip in gzip", "decompress it once"},
	{"\x28\xb5\x2f\xfd", "zstd in a compressed file", "decompress it once"},
	{"BZh", "a bzip2 file", "decompress it, or compress it with gzip or zstd"},
	{"\xfd7zXZ\x00", "an xz file", "decompress it, or compress it with gzip or zstd"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and name the file in it"},
	{"Rar!\x1a\x07", "a rar archive", "unpack it and name the file in it"},
	{"PAR1", "a Parquet file", "export the data as CSV"},
	{"SQLite format 3\x00", "an SQLite database", "export the table as CSV"},
	{"\x7fELF", "a program", "name the file with the links"},
	{"\x89PNG", "a picture", "name the file with the links"},
}

// tarMagic is at tarOffset of a tar archive, which begins with a file's name.
const (
	tarMagic  = "ustar"
	tarOffset = 257
)

// refuse returns an error for content that cannot be read, judging by its
// beginning.
func refuse(sample []byte, name string) error {
	if len(sample) > tarOffset && bytes.HasPrefix(sample[tarOffset:], []byte(tarMagic)) {
		return &raw.Error{
			Place: name, What: "the file is a tar archive, not CSV or JSONL",
			Remedy: "unpack it (tar -xf) and name the file in it",
		}
	}
	for _, k := range kinds {
		if !bytes.HasPrefix(sample, []byte(k.magic)) {
			continue
		}
		what, hint := k.what, k.hint
		if k.magic == "PK\x03\x04" {
			switch {
			case bytes.Contains(sample, []byte("[Content_Types].xml")), bytes.Contains(sample, []byte("xl/")):
				what, hint = "an Excel workbook (.xlsx), packed once more", "unpack it once"
			case bytes.Contains(sample, []byte("opendocument.spreadsheet")):
				what, hint = "an OpenDocument spreadsheet (.ods)", saveAsWorkbook
			}
		}
		return &raw.Error{Place: name, What: "the file is " + what + ", not CSV or JSONL", Remedy: hint}
	}
	return nil
}

// htmlTags occur near the beginning of a web page, and not in XML data.
var htmlTags = []string{"<!doctype html", "<html", "<head", "<title", "<body", "<script", "<form", "<meta"}

// refuseText does the same for content that is text.
func refuseText(sample, name string) error {
	head := strings.ToLower(strings.TrimSpace(sample[:min(len(sample), 1024)]))
	switch {
	case strings.HasPrefix(head, "<") && slices.ContainsFunc(htmlTags, func(tag string) bool { return strings.Contains(head, tag) }):
		return &raw.Error{
			Place: name, What: "the file is an HTML page, not CSV or JSONL",
			Remedy: "it may be a login page saved in place of the export; log in and export again",
		}
	case strings.HasPrefix(head, "<?xml"), strings.HasPrefix(head, "<") && strings.Contains(head, "</"):
		return &raw.Error{Place: name, What: "the file is XML, not CSV or JSONL", Remedy: "export the data as CSV"}
	}
	return nil
}

// refuseJSON refuses JSON that is not one object per line. A first line that is
// an array by itself, followed by objects, is one bad row.
func refuseJSON(sample []byte, name string, n *names) error {
	sample = bytes.TrimSpace(sample)
	first, more, _ := bytes.Cut(sample, []byte("\n"))
	first, more = bytes.TrimSpace(first), bytes.TrimSpace(more)
	switch {
	case bytes.HasPrefix(first, []byte("[")) && !(bytes.HasSuffix(first, []byte("]")) && bytes.HasPrefix(more, []byte("{"))):
		return jsonArray(sample, name, n)
	case string(first) == "{" && bytes.HasPrefix(more, []byte(`"`)):
		if err := refuseEnvelope(sample, name, n); err != nil {
			return err
		}
		return &raw.Error{
			Place: name, What: "the file is JSON over many lines, not one object a line",
			Remedy: "convert it: jq -c . " + text.ShellQuote(fileOf(name)) + into(name, "jsonl"),
		}
	case bytes.HasPrefix(first, []byte("{")):
		if err := refuseMessages(sample, name, n); err != nil {
			return err
		}
		return refuseEnvelope(first, name, n)
	}
	return nil
}

// jsonArray is the error for an array of rows, or for what is there instead of
// them.
func jsonArray(sample []byte, place string, n *names) error {
	if e := lookInto(sample, n); !e.isRow {
		if err := refuseEnvelope(sample, place, n); err != nil {
			return err
		}
	}
	return &raw.Error{
		Place: place, What: "the file is a JSON array, not one object a line",
		Remedy: "convert it: jq -c '.[]' " + text.ShellQuote(fileOf(place)) + into(place, "jsonl"),
	}
}

// refuseCSV refuses a CSV file that is read as JSONL because of its name or of
// --format.
func refuseCSV(sample, name string, n *names, set linker.Fields) error {
	first, _, _ := strings.Cut(strings.TrimSpace(sample), "\n")
	if strings.HasPrefix(first, "{") {
		return nil
	}
	for _, d := range delimiters {
		if completeLine(strings.TrimSpace(first), d, n, set) {
			return &raw.Error{Place: name, What: "the file begins with a CSV header, not with a JSON object", Remedy: "give --format csv"}
		}
	}
	return nil
}

// refuseBinary refuses content that is not text, judging by its first line,
// which always holds only names. Single NULs further down are faults of their
// rows.
func refuseBinary(line []byte, place string) error {
	control := 0
	for _, c := range line {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0x1f && c != 0x1e {
			control++
		}
	}
	if bytes.IndexByte(line, 0) >= 0 || control > len(line)/8 {
		return &raw.Error{Place: place, What: "the file is not text", Remedy: "name a CSV or JSONL file"}
	}
	return nil
}

// formatOf returns the format of the input: the one given, else that of its
// name, else the one that its first character suggests.
func formatOf(in Input, name, sample string) (string, error) {
	switch in.Format {
	case formatCSV, formatJSONL:
		return in.Format, nil
	case "":
	default:
		return "", &raw.Error{What: fmt.Sprintf("there is no format %q", in.Format), Remedy: "--format is csv or jsonl"}
	}
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	switch filepath.Ext(name) {
	case ".jsonl", ".ndjson":
		return formatJSONL, nil
	case ".csv", ".tsv", ".txt":
		return formatCSV, nil
	}
	switch sample = strings.TrimSpace(sample); {
	case strings.HasPrefix(sample, "{"), strings.HasPrefix(sample, "["):
		return formatJSONL, nil
	}
	return formatCSV, nil
}

// delimiters are tried in this order when none is given.
var delimiters = []rune{',', ';', '\t', '|'}

// rareDelimiters are those of old systems. An error names one of them when it
// would make a header complete, but none is used unless asked for.
var rareDelimiters = []rune{':', '^', '~', '!', '#', '/', '\x01', '\x1f', ' '}

// ParseDelimiter parses a delimiter as given in --delimiter and in a "sep="
// line: a character or its name. It returns 0 for "". Old systems have
// delimiters of their own, so any character that does not occur in ids is
// allowed.
func ParseDelimiter(s string) (rune, error) {
	switch strings.ToLower(s) {
	case "":
		return 0, nil
	case "comma":
		return ',', nil
	case "semicolon":
		return ';', nil
	case "pipe":
		return '|', nil
	case `\t`, "tab":
		return '\t', nil
	}
	r, n := utf8.DecodeRuneInString(s)
	if n != len(s) || r == utf8.RuneError || unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("\"'\r\n\x00", r) {
		return 0, fmt.Errorf("value %q: use a comma, a semicolon, tab, | or another character that does not occur in cells", s)
	}
	return r, nil
}

// sepLine parses a first line such as "sep=;", as spreadsheets write it. It
// returns 0 for any other line.
func sepLine(line string) rune {
	if len(line) > 2 && line[0] == '"' && line[len(line)-1] == '"' {
		line = line[1 : len(line)-1]
	}
	const sep = "sep="
	if len(line) <= len(sep) || !strings.EqualFold(line[:len(sep)], sep) {
		return 0
	}
	r, err := ParseDelimiter(line[len(sep):])
	if err != nil {
		return 0
	}
	return r
}

// guessDelimiter returns the delimiter that gives the first line of the header
// the most fields, then the most columns.
func guessDelimiter(line string, n *names) rune {
	var best rune
	bestFields, bestColumns := -1, 0
	for _, d := range delimiters {
		cells := splitLine(line, d)
		fields := 0
		for _, c := range cells {
			if n.find(c) != noField {
				fields++
			}
		}
		if fields > bestFields || fields == bestFields && len(cells) > bestColumns {
			best, bestFields, bestColumns = d, fields, len(cells)
		}
	}
	return best
}

// completeLine reports whether a line, split at the delimiter, is a header with
// all required fields.
func completeLine(line string, delimiter rune, n *names, set linker.Fields) bool {
	cells := splitLine(line, delimiter)
	fields := make([]linker.Field, len(cells))
	for i, cell := range cells {
		fields[i] = n.find(cell)
	}
	return missingFields(fields, n, set) == ""
}

// splitLine splits one line, quoted or not, as far as possible.
func splitLine(line string, delimiter rune) []string {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = delimiter, true, -1
	cells, err := r.Read()
	if err != nil {
		return nil
	}
	return cells
}
