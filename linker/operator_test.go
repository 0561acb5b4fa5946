package linker

import (
	"strings"
	"testing"
)

func TestParseReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want, err string }{
		{given: "CRM-17: move to Salesforce", want: "CRM-17: move to Salesforce"},
		{given: "  two\r\n\tlines\u2028here ", want: "two lines here"},
		{given: "red \x1b[31m and \u202e turned", want: "red \ufffd[31m and \ufffd turned"},
		{given: "Ümläute 漢字", want: "Ümläute 漢字"},
		{given: strings.Repeat("ü", MaxReason), want: strings.Repeat("ü", MaxReason)},
		{given: strings.Repeat("ü", MaxReason+1), err: "it has 501 characters, and at most 500 are kept"},
		{given: "", err: "it is empty"},
		{given: " \n ", err: "it is empty"},
		{given: "\xff", err: "it is not UTF-8"},
	} {
		got, err := ParseReason(c.given)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("ParseReason(%.40q) = %.40q, %v; want %.40q, %q", c.given, got, err, c.want, c.err)
		}
	}
}

func TestOperatorString(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Operator{
		"":                                {},
		"alice on batch-1 as role relink": {Role: "relink", User: "alice", Host: "batch-1"},
		"alice":                           {User: "alice"},
		"as role relink":                  {Role: "relink", Host: "batch-1"},
	} {
		if got := o.String(); got != want {
			t.Errorf("%#v is %q, want %q", o, got, want)
		}
	}
}
