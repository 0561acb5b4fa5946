package httpapi

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"relink/linker"
	"relink/linker/text"
)

// faults is everything that is wrong with a request, in the order of the
// codes; empty when it is good.
type faults []fault

// message puts all of them into one sentence.
func (f faults) message() string {
	messages := make([]string, len(f))
	for i := range f {
		messages[i] = f[i].Message
	}
	return strings.Join(messages, "; ")
}

// readRequest reads the body for a recording. Stricter than with a file,
// nothing unknown is ignored: a program that misspells a key should hear of it
// while it is written.
func readRequest(body []byte, recording string) (linker.Fields, faults) {
	p := parser{unclear: map[linker.Field]bool{}}
	if !p.object(body) {
		return p.fields, p.faults
	}
	p.fields.RecordingID = recording
	for _, fault := range linker.Faults(p.fields, linker.Fields{}) {
		if !p.explains(fault.Code) {
			p.add(fault.Code, "%s", fault.Message)
		}
	}
	// What Check finds is in order already. It may find bad text, which
	// comes before what is wrong with the body's shape.
	slices.SortStableFunc(p.faults, func(a, b fault) int { return cmp.Compare(rank(a), rank(b)) })
	return p.fields, p.faults
}

func rank(f fault) int {
	switch linker.Code(f.Code) {
	case linker.InvalidEncoding:
		return 0
	case linker.MalformedRow:
		return 1
	}
	return 2
}

// parser takes a body apart.
type parser struct {
	fields  linker.Fields
	faults  faults
	unclear map[linker.Field]bool // fields that are there and hold no text
}

func (p *parser) add(code linker.Code, format string, args ...any) {
	p.faults = append(p.faults, fault{Code: string(code), Message: fmt.Sprintf(format, args...)})
}

// explains reports whether a field that is not text is why Check calls it
// missing.
func (p *parser) explains(code linker.Code) bool {
	switch code {
	case linker.MissingDataType:
		return p.unclear[linker.FieldDataType]
	case linker.MissingTarget:
		return p.unclear[linker.FieldID] || p.unclear[linker.FieldExternalID]
	case linker.MissingConnectionID:
		return p.unclear[linker.FieldConnectionID]
	}
	return false
}

// object reads the whole body. It returns false when the body cannot be
// interpreted.
func (p *parser) object(body []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true))
	switch kind := d.PeekKind(); {
	case len(bytes.TrimSpace(body)) == 0:
		p.add(linker.MalformedRow, "the body is empty; it must be a JSON object")
		return false
	case kind != '{' && kind != 0:
		p.add(linker.MalformedRow, "the body is %s; it must be a JSON object", kinds[kind])
		return false
	}
	err := p.members(d)
	if err == nil {
		if _, err = d.ReadToken(); err == io.EOF {
			return true
		}
		p.add(linker.MalformedRow, "text follows the JSON object")
		return false
	}
	p.faults = nil
	if onlyText(body) {
		p.add(linker.InvalidEncoding, "the body holds text that is not valid UTF-8, or half of a surrogate pair")
		return false
	}
	where := ""
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		where = fmt.Sprintf(" at byte %d", syntax.ByteOffset+1)
	}
	p.add(linker.MalformedRow, "the body is not JSON%s", where)
	return false
}

// onlyText reports whether a body is JSON except for the encoding of its text.
func onlyText(body []byte) bool {
	return jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// members reads the keys and values of the object.
func (p *parser) members(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if seen[name] {
			p.add(linker.MalformedRow, "the key %s is in the body twice", text.Quote(name))
			continue
		}
		seen[name] = true
		p.member(name, value)
	}
	_, err := d.ReadToken()
	return err
}

// member takes one value into its field.
func (p *parser) member(name string, value jsontext.Value) {
	field, known := linker.ParseField(name)
	switch kind := value.Kind(); {
	case !known || field.String() != name || field == linker.FieldRecordingID || field >= linker.ReportedCount:
		p.add(linker.MalformedRow, "the key %s is unknown; %s", text.Quote(name), meant(name))
	case kind == 'n':
	case kind != '"':
		p.unclear[field] = true
		p.add(linker.MalformedRow, "%s is %s; it must be text, in quotes", name, kinds[kind])
	default:
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil { // the decoder has let it pass
			p.add(linker.InvalidEncoding, "%s: %v", name, err)
		}
		*p.fields.At(field) = string(text)
	}
}

// meant returns the key that may have been meant. The recording is in the path.
func meant(name string) string {
	switch field, ok := linker.ParseField(name); {
	case !ok:
		return "the keys are " + strings.Join(linker.ReportedNames()[1:], ", ")
	case field >= linker.ReportedCount:
		return "a request links at once, whatever the recording is linked to"
	case field == linker.FieldRecordingID:
		return "the recording is named in the path"
	default:
		return "write " + field.String()
	}
}

// kinds names the kinds of JSON values other than text.
var kinds = map[jsontext.Kind]string{
	'"': "text", '0': "a number", 't': "true", 'f': "false", 'n': "null", '{': "an object", '[': "an array",
}
