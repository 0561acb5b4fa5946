package platform

import (
	"strings"
	"testing"
)

func TestProfileErrorsNameTheKey(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`[]`:                                    "must be a JSON object",
		`{"datatypes": {}}`:                     `there is no key "datatypes"`,
		`{"dataTypes": ["deal"]}`:               "dataTypes must be an object of texts",
		`{"dataTypes": null}`:                   "dataTypes must be an object of texts",
		`{"dataTypes": {"deal": "OPORTUNITY"}}`: `dataTypes.deal: relink has no word "OPORTUNITY"`,
		`{"triggers": {"web": "WEB"}}`:          `triggers.web: relink has no word "WEB"`,
		`{"writes": {"DEAL": "deal"}}`:          "writes.DEAL",
		`{"dataTypes": {"deal": "OPPORTUNITY"}, "writes": {"ACCOUNT": "deal"}}`: `writes.ACCOUNT: "deal" is not read as ACCOUNT`,
		`{"writes": {"ACCOUNT": "company"}}`:                                    `writes.ACCOUNT: "company" is not read as ACCOUNT`,
		`{"current": "flag:"}`:                                                  `current: "flag:" is none of`,
		`{"current": "deleted"}`:                                                `current: "deleted" is none of`,
		`{"current": true}`:                                                     "current must be text",
		`{"absent": ["recordings.id"]}`:                                         `absent: "recordings.id" is no column that relink can do without`,
		`{"absent": "recordings.title"}`:                                        "absent must be a list of texts",
	} {
		if _, err := ParseProfile([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", data, err, want)
		}
	}
}

func TestProfileIsRead(t *testing.T) {
	t.Parallel()
	p, err := ParseProfile([]byte(`{
		"dataTypes": {"deal": "OPPORTUNITY", "company": "ACCOUNT", "account": "ACCOUNT"},
		"triggers": {"web": "USER_LINK_WEB"},
		"writes": {"ACCOUNT": "company", "USER_LINK_WEB": "web"},
		"current": "flag:!archived",
		"absent": ["recording_links.cleared_trigger"]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	column, inverted := p.Current.flag()
	if len(p.DataTypes) != 3 || p.Writes["ACCOUNT"] != "company" || column != "archived" || !inverted || len(p.Absent) != 1 {
		t.Errorf("the profile is read as %+v, its flag as %q, %v", p, column, inverted)
	}
	if p, err := ParseProfile([]byte(`{}`)); err != nil || p.Current != "" {
		t.Errorf("an empty profile: %+v, %v", p, err)
	}
}
