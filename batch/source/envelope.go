package source

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"relink/batch/source/raw"
	"relink/linker"
	"relink/linker/text"
)

// REST responses and the messages of extractors are JSON in which the rows are
// nested. Their outer keys are not those of a row, and every line would be
// refused for missing fields; so the first value is searched, and the error
// names the path of the rows.

// maxEnvelope is how deep rows are searched for.
const maxEnvelope = 8

// envelope is what a search through JSON found.
type envelope struct {
	isRow   bool     // the outermost object is a row itself
	rows    string   // jq path of the rows, "" when none were found
	first   jsonPath // path of the first row
	list    string   // jq path of the first list of objects
	message string   // text of an error response
	failed  bool     // there are keys of an error response
}

// isRowKey reports whether f occurs only in rows: many other objects have an
// id.
func isRowKey(f linker.Field) bool {
	switch f {
	case linker.FieldRecordingID, linker.FieldDataType, linker.FieldExternalID, linker.FieldConnectionID:
		return true
	}
	return false
}

// lookInto searches the first JSON value of text, as far as it goes: the text
// may end in the middle of it.
func lookInto(text []byte, n *names) envelope {
	e := envelope{}
	w := walker{names: n, dec: jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), found: &e}
	w.value(jsonPath{}, 0)
	return e
}

// jsonPath is jq's path to a value: that of the object it is in, its key there,
// and "[]" for each list it is in under that key.
type jsonPath struct{ under, key, lists string }

func (p jsonPath) String() string { return p.under + p.key + p.lists }

// row notes that a row is at a path. Where the keys of one object all hold rows,
// as an export by id or by type does, all of them are meant.
func (e *envelope) row(p jsonPath) {
	switch {
	case e.rows == "":
		e.rows, e.first = p.String(), p
	case e.first.key == ".before" && p.key == ".after": // a change: what it made
		e.rows, e.first = p.String(), p
	case p.key != e.first.key && p.under == e.first.under && p.lists == e.first.lists:
		e.rows = p.under + "[]" + p.lists
	}
}

// walker visits JSON values.
type walker struct {
	names *names
	dec   *jsontext.Decoder
	found *envelope
}

// value visits the value at the path. It returns false when the text has ended.
func (w *walker) value(path jsonPath, depth int) bool {
	if depth > maxEnvelope {
		return w.dec.SkipValue() == nil
	}
	switch w.dec.PeekKind() {
	case '{':
		return w.object(path, depth)
	case '[':
		if _, err := w.dec.ReadToken(); err != nil {
			return false
		}
		path.lists += "[]"
		for w.dec.PeekKind() != ']' {
			if w.dec.PeekKind() == '{' && w.found.list == "" {
				w.found.list = path.String()
			}
			if !w.value(path, depth+1) {
				return false
			}
		}
		_, err := w.dec.ReadToken()
		return err == nil
	}
	return w.dec.SkipValue() == nil
}

func (w *walker) object(path jsonPath, depth int) bool {
	if _, err := w.dec.ReadToken(); err != nil {
		return false
	}
	outermost := strings.Trim(path.String(), "[]") == ""
	for w.dec.PeekKind() == '"' {
		token, err := w.dec.ReadToken()
		if err != nil {
			return false
		}
		key := token.String()
		if isRowKey(w.names.find(key)) {
			w.found.isRow = w.found.isRow || outermost
			w.found.row(path)
		}
		if outermost && w.errorKey(key) {
			continue
		}
		if !w.value(jsonPath{under: path.String(), key: jqKey(key)}, depth+1) {
			return false
		}
	}
	_, err := w.dec.ReadToken()
	return err == nil
}

// errorKey records a key that error responses have, and reads its value when
// that is the message.
func (w *walker) errorKey(key string) (read bool) {
	switch linker.NormalizeName(key) {
	case "message", "errormessage", "errordescription", "detail", "title", "reason", "error":
		w.found.failed = true
		if w.dec.PeekKind() != '"' {
			return false
		}
		token, err := w.dec.ReadToken()
		if err == nil && len(token.String()) > len(w.found.message) {
			w.found.message = token.String()
		}
		return err == nil
	case "errors", "errorcode", "fault":
		w.found.failed = true
	}
	return false
}

// jqKey formats a key as part of a jq path.
func jqKey(key string) string {
	plain := key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == "" && (key[0] < '0' || key[0] > '9')
	if plain {
		return "." + key
	}
	quoted, err := jsontext.AppendQuote(nil, key)
	if err != nil {
		return `."?"`
	}
	return "." + string(quoted)
}

// refuseEnvelope refuses JSON in which the rows are nested, and an error
// response that was saved in place of the data. value is the first value of the
// file, or its beginning.
func refuseEnvelope(value []byte, place string, n *names) error {
	e := lookInto(value, n)
	switch {
	case e.isRow:
		return nil
	case e.rows != "":
		return inEnvelope(place, e.rows, "")
	case e.failed:
		return &raw.Error{
			Place: place, What: "the file is an error answer, not rows" + saying(e.message),
			Remedy: "it was saved in place of the data: fetch the data again",
		}
	case e.list != "" && e.list != "[]":
		return inEnvelope(place, e.list, "")
	}
	return nil
}

func saying(message string) string {
	if message == "" {
		return ""
	}
	return ": " + text.Quote(message)
}

// inEnvelope is the error for rows that are nested. which is a jq filter that
// selects the objects with rows, "" for all.
func inEnvelope(place, path, which string) error {
	jq := path
	if !strings.HasPrefix(jq, ".") {
		jq = "." + jq
	}
	if which != "" {
		jq = which + " | " + jq
	}
	return &raw.Error{
		Place: place, What: fmt.Sprintf("the rows do not stand on lines of their own but in %s", strings.TrimPrefix(path, ".")),
		Remedy: "take them out: jq -c '" + strings.ReplaceAll(jq, "'", `'\''`) + "' " + text.ShellQuote(fileOf(place)) + into(place, "jsonl"),
	}
}

// fileOf returns the file of a place, without the line.
func fileOf(place string) string {
	file, _, _ := strings.Cut(place, ":")
	if file == "standard input" || file == "" {
		return "FILE"
	}
	return file
}

// into redirects a command's output to a file other than the one it reads.
func into(place, extension string) string {
	name := "links." + extension
	if filepath.Base(fileOf(place)) == name {
		name = "links-fixed." + extension
	}
	return " > " + name
}

// refuseMessages refuses the lines of an extractor: each has a type, and rows
// have an object that contains the row. The first lines often only describe the
// rows.
func refuseMessages(sample []byte, place string, n *names) error {
	const linesLooked = 20
	for i, line := range bytes.SplitN(sample, []byte("\n"), linesLooked+1) {
		if i == linesLooked || len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e := lookInto(line, n)
		if e.isRow {
			return nil
		}
		if e.rows == "" {
			continue
		}
		which := ""
		if kind := typeOf(line); kind != "" {
			which = fmt.Sprintf("select(.type == %q)", kind)
		}
		return inEnvelope(place, e.rows, which)
	}
	return nil
}

// typeOf returns the value of the key type of an object, "" when it has none.
func typeOf(line []byte) string {
	dec := jsontext.NewDecoder(bytes.NewReader(line), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return ""
	}
	for dec.PeekKind() == '"' {
		key, err := dec.ReadToken()
		if err != nil {
			return ""
		}
		if key.String() == "type" && dec.PeekKind() == '"' {
			value, err := dec.ReadToken()
			if err != nil {
				return ""
			}
			return value.String()
		}
		if dec.SkipValue() != nil {
			return ""
		}
	}
	return ""
}
