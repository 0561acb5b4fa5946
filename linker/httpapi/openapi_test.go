package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
)

// description is /openapi.json, to hold answers against.
type description struct{ root map[string]any }

func openAPI(t *testing.T, x *service) description {
	t.Helper()
	got := x.do(ask{method: "GET", path: "/openapi.json", token: "none"})
	var d description
	if err := json.Unmarshal([]byte(got.body), &d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows keys, and references.
func (d description) at(from any, keys ...string) any {
	for _, key := range keys {
		m, _ := d.resolve(from).(map[string]any)
		from = m[key]
	}
	return d.resolve(from)
}

func (d description) resolve(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	ref, ok := m["$ref"].(string)
	if !ok {
		return v
	}
	return d.at(d.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// holds checks that an answer is one that the description promises.
func (d description) holds(t *testing.T, method string, got reply) {
	t.Helper()
	if got.status == 405 || got.code() == "no_such_operation" {
		return // not an answer of an operation
	}
	if method == "" {
		method = "PUT"
	}
	response := d.at(d.root, "paths", "/v1/core/recordings/{id}/link", strings.ToLower(method), "responses", strconv.Itoa(got.status))
	if response == nil {
		t.Errorf("status %d of %s is not described", got.status, method)
		return
	}
	if headers, _ := d.at(response, "headers").(map[string]any); headers != nil {
		for name := range headers {
			if got.header.Get(name) == "" {
				t.Errorf("%s %d: header %s is described and not there", method, got.status, name)
			}
		}
	}
	var body any
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Errorf("%s %d: %v", method, got.status, err)
	}
	for _, fault := range d.faults("body", d.at(response, "content", "application/json", "schema"), body) {
		t.Errorf("%s %d: %s: %s", method, got.status, fault, got.body)
	}
}

// faults holds a value against a schema, as far as ours go.
func (d description) faults(place string, schema, value any) (faults []string) {
	s := d.resolve(schema).(map[string]any)
	add := func(format string, args ...any) { faults = append(faults, place+" "+fmt.Sprintf(format, args...)) }
	types := strings.Fields(strings.Trim(fmt.Sprint(s["type"]), "[]"))
	if s["type"] != nil && !slices.Contains(types, kind(value)) {
		add("is %s, want %v", kind(value), types)
		return faults
	}
	if allowed, ok := s["enum"].([]any); ok && !slices.Contains(allowed, value) {
		add("is %v, want one of %v", value, allowed)
	}
	if items, ok := value.([]any); ok {
		for i, item := range items {
			faults = append(faults, d.faults(fmt.Sprintf("%s[%d]", place, i), s["items"], item)...)
		}
	}
	members, ok := value.(map[string]any)
	if !ok {
		return faults
	}
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := members[name.(string)]; !ok {
			add("lacks %v", name)
		}
	}
	for name, member := range members {
		if properties[name] == nil {
			if s["additionalProperties"] == false {
				add("has %s, which is not described", name)
			}
			continue
		}
		faults = append(faults, d.faults(place+"."+name, properties[name], member)...)
	}
	if options, ok := s["oneOf"].([]any); ok {
		matching := 0
		for _, option := range options {
			if len(d.faults(place, option, value)) == 0 {
				matching++
			}
		}
		if matching != 1 {
			add("matches %d of the alternatives, want 1", matching)
		}
	}
	return faults
}

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

func TestOpenAPISaysWhatTheRulesSay(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	d := openAPI(t, x)
	words := func(keys ...string) (words []string) {
		for _, w := range d.at(d.root, append([]string{"components", "schemas"}, keys...)...).([]any) {
			if w != nil {
				words = append(words, w.(string))
			}
		}
		return words
	}
	if diff := cmp.Diff(linker.DataTypes, words("Target", "properties", "dataType", "enum")); diff != "" {
		t.Errorf("data types (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(linker.Triggers, words("Target", "properties", "trigger", "enum")); diff != "" {
		t.Errorf("triggers (-want +got):\n%s", diff)
	}
	if got := d.root["openapi"]; got != "3.1.0" {
		t.Errorf("openapi = %v, want 3.1.0", got)
	}
	if got := d.at(d.root, "components", "schemas", "Target", "properties", "id", "maxLength"); got != float64(linker.MaxIDBytes) {
		t.Errorf("maxLength = %v, want %d", got, linker.MaxIDBytes)
	}
}

// Bodies that the description allows pass the check, and others do not.
func TestOpenAPIDescribesBodies(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	d := openAPI(t, x)
	schema := d.at(d.root, "components", "schemas", "Target")
	for _, body := range []string{
		`{"dataType":"ACCOUNT","id":"e-1"}`,
		`{"dataType":"ACCOUNT","id":"e-1","integrationConnectionId":"c-1","trigger":"CRM_DEEPLINK"}`,
		`{"dataType":"ACCOUNT","externalId":"x-1","integrationConnectionId":"c-1","trigger":null}`,
		`{"dataType":"ACCOUNT"}`,
		`{"dataType":"ACCOUNT","externalId":"x-1"}`,
		`{"dataType":"ACCOUNT","id":"e-1","externalId":"x-1","integrationConnectionId":"c-1"}`,
		`{"dataType":"DEAL","id":"e-1"}`,
		`{"id":"e-1"}`,
		`{"dataType":"ACCOUNT","id":1}`,
		`{"dataType":"ACCOUNT","id":"e-1","trigger":"ME"}`,
		`{"dataType":"ACCOUNT","id":"e-1","more":"x"}`,
		`[]`,
	} {
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatal(err)
		}
		described := len(d.faults("body", schema, value)) == 0
		got := x.do(ask{recording: "r-30", body: body})
		if accepted := got.status == 200; accepted != described {
			t.Errorf("%s: described %v, accepted %v: %s", body, described, accepted, got.body)
		}
	}
}
