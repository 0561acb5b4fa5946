package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"relink/linker"
	"relink/linker/text"
)

// maxKeys is how many spellings of keys are remembered. A file of objects has
// a handful; one that never repeats a key must not fill memory.
const maxKeys = 256

// maxDepth is how deeply the decoder follows nested values.
const maxDepth = 10_000

// jsonReader reads the records of a JSONL file, one object per line.
type jsonReader struct {
	framer
	name  string // of the source
	names names
	keys  map[string]*key // results of find, by the key as written
	input bytes.Buffer    // the line being decoded
	dec   *jsontext.Decoder
}

func newJSONReader(f framer, name string, n names) *jsonReader {
	j := &jsonReader{framer: f, name: name, names: n, keys: make(map[string]*key)}
	j.dec = jsontext.NewDecoder(&j.input)
	return j
}

// next reads the next record that is not blank; the caller sets r.Row.
func (j *jsonReader) next(r *Record) error {
	f, err := j.record(r)
	if err != nil {
		if errors.Is(err, io.EOF) {
			j.unseen()
		}
		return err
	}
	if f.code != "" {
		r.Fault = &linker.RowError{Code: f.code, Message: f.fault(atByte, nil)}
		return nil
	}
	var o object
	r.Fields, r.Fault = j.parse(f.text, &o)
	if k := o.nearly; k != nil && o.keys[k.near] == nil {
		return j.names.nearly("key", fmt.Sprintf("%s:%d", j.name, f.line), k.name, k.near)
	}
	return nil
}

// unseen adds a notice, at the end, for keys that --map names but no line has.
func (j *jsonReader) unseen() {
	for _, name := range slices.Sorted(maps.Keys(j.names.mapped)) {
		seen := false
		for _, k := range j.keys {
			seen = seen || k.mapped && normalize(k.name) == name
		}
		if !seen && len(j.keys) < maxKeys {
			j.notes.add("--map names the key %s, which no line has", quoted(j.names.mapped[name]))
		}
	}
}

func atByte(at int) string { return fmt.Sprintf("byte %d of the line", at+1) }

// parse reads one object.
func (j *jsonReader) parse(line []byte, o *object) (linker.Fields, *linker.RowError) {
	code, problem := linker.InvalidEncoding, badEscape(line)
	if err := j.object(line, o); err != nil {
		o.problems = append(o.problems, syntax(err))
	}
	if problem == "" {
		code = linker.MalformedRow
	} else {
		o.problems = append([]string{problem}, o.problems...)
	}
	if len(o.problems) > 0 {
		return linker.Fields{}, &linker.RowError{Code: code, Message: strings.Join(o.problems, "; ")}
	}
	return o.fields, nil
}

// object is the content of one line.
type object struct {
	fields   linker.Fields
	keys     [linker.FieldCount]*key // the key that gave each field
	problems []string
	nearly   *key // a key that is nearly a field's
}

// object decodes a line. An error comes from the decoder: the line is not one
// JSON value.
func (j *jsonReader) object(text []byte, o *object) error {
	j.input.Reset()
	j.input.Write(text)
	// badEscape reports escapes that are not text, with a better message.
	j.dec.Reset(&j.input, jsontext.AllowInvalidUTF8(true))
	if kind := j.dec.PeekKind(); kind != '{' {
		if err := j.dec.SkipValue(); err != nil {
			return err
		}
		o.problems = append(o.problems, "the line is "+kindNames[kind]+", not an object")
		return j.end(text, o)
	}
	if _, err := j.dec.ReadToken(); err != nil {
		return err
	}
	for j.dec.PeekKind() == '"' {
		written, err := j.dec.ReadValue()
		if err != nil {
			return err
		}
		k := j.find(written)
		if k.field == noField {
			if k.near != noField {
				o.nearly = k
			}
			err = j.dec.SkipValue()
		} else {
			err = j.value(k, o)
		}
		if err != nil {
			return err
		}
	}
	if _, err := j.dec.ReadToken(); err != nil {
		return err
	}
	return j.end(text, o)
}

// end checks that nothing follows the value.
func (j *jsonReader) end(text []byte, o *object) error {
	at := j.dec.InputOffset()
	switch _, err := j.dec.ReadToken(); {
	case errors.Is(err, io.EOF):
	case bytes.Equal(bytes.TrimSpace(text[at:]), []byte(",")):
		o.problems = append(o.problems, "a comma follows the object, as in a list: each line holds one object alone; sed 's/,[[:space:]]*$//' removes it")
	default:
		o.problems = append(o.problems, fmt.Sprintf("text follows the object, at %s; each line holds one object", atByte(int(at))))
	}
	return nil
}

// key is one spelling of a key.
type key struct {
	name   string
	field  linker.Field
	mapped bool         // --map names it
	near   linker.Field // the field whose name is nearly this one, noField for none
}

// find returns what a key stands for. The key is as written in JSON.
func (j *jsonReader) find(written jsontext.Value) *key {
	if k, ok := j.keys[string(written)]; ok {
		return k
	}
	name := unquote(written)
	k := &key{name: name, field: j.names.find(name), near: j.names.near(name)}
	_, k.mapped = j.names.mapped[normalize(k.name)]
	if !j.names.knows(k.name) {
		j.notes.ignored("key", k.name)
		if f := meant(k.name); f != noField {
			j.notes.first("meant "+k.name, "did you mean --map %s ?", text.ShellQuote(k.name+"="+f.String()))
		}
	}
	if len(j.keys) < maxKeys && len(written) <= maxName {
		j.keys[string(written)] = k
	}
	return k
}

// unquote reads a JSON string that the decoder found to be whole. An error
// means an escape that is not text; the result has U+FFFD in its place.
func unquote(written jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, written)
	return string(text)
}

// value reads the value of a field.
func (j *jsonReader) value(k *key, o *object) error {
	var value string
	switch kind := j.dec.PeekKind(); kind {
	case '"':
		written, err := j.dec.ReadValue()
		if err != nil {
			return err
		}
		if bytes.IndexByte(written, '\\') < 0 {
			value = string(written[1 : len(written)-1])
			break
		}
		value = unquote(written)
	case 'n':
		if _, err := j.dec.ReadToken(); err != nil {
			return err
		}
	default:
		written, err := j.dec.ReadValue()
		if err != nil {
			return err
		}
		problem := fmt.Sprintf("the key %s holds %s where text belongs", quoted(k.name), kindNames[kind])
		if kind == '0' {
			problem = fmt.Sprintf("the key %s holds the number %s where text belongs; put it in quotes", quoted(k.name), shown(written))
		}
		o.problems = append(o.problems, problem)
		return nil
	}
	o.assign(k, value)
	return nil
}

// assign sets a field. Two keys for one field are a fault of the row, unless
// --map names one of them and only one of them has a value.
func (o *object) assign(k *key, value string) {
	before := o.keys[k.field]
	to := o.fields.At(k.field)
	switch {
	case before == nil:
	case !before.mapped && !k.mapped, strings.TrimSpace(*to) != "" && strings.TrimSpace(value) != "":
		o.problems = append(o.problems, fmt.Sprintf("the keys %s and %s are both the field %s",
			quoted(before.name), quoted(k.name), k.field))
		return
	case strings.TrimSpace(value) == "":
		return
	}
	o.keys[k.field], *to = k, value
}

var kindNames = map[jsontext.Kind]string{
	'n': "null", 't': "true", 'f': "false", '"': "a string", '0': "a number", '{': "an object", '[': "an array",
}

// syntax explains an error of the decoder.
func syntax(err error) string {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return "not valid JSON: " + err.Error()
	}
	switch {
	case errors.Is(s.Err, jsontext.ErrDuplicateName):
		return fmt.Sprintf("the key %s stands twice in one object", quoted(s.JSONPointer.LastToken()))
	case errors.Is(s.Err, io.ErrUnexpectedEOF):
		return "not valid JSON: the line ends within the object"
	}
	if strings.Count(string(s.JSONPointer), "/") >= maxDepth {
		return fmt.Sprintf("the value is nested more than %d levels deep", maxDepth)
	}
	return fmt.Sprintf("not valid JSON: %v at %s", s.Err, atByte(int(s.ByteOffset)))
}

// badEscape finds an escape that text cannot contain: NUL, or half of a
// surrogate pair.
func badEscape(text []byte) string {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+2 > len(text) {
			return ""
		}
		r, ok := escaped(text[i:])
		if !ok {
			text = text[i+2:]
			continue
		}
		text = text[i+6:]
		switch {
		case r == 0:
			return `the escape \u0000 is a NUL character; remove it`
		case utf16.IsSurrogate(r):
			low, _ := escaped(text)
			if utf16.DecodeRune(r, low) == utf8.RuneError {
				return fmt.Sprintf(`the escape \u%04x is half of a character; write both halves or the character itself`, r)
			}
			text = text[6:]
		}
	}
}

// escaped reads an escape such as \u00e9 at the beginning of text.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}
