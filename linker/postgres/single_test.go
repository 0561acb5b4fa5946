package postgres_test

import (
	"testing"

	"relink/linker"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
)

func TestSingle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	tests := []struct {
		name    string
		row     linker.Fields
		outcome linker.Outcome
		code    linker.Code
		was     string
	}{
		{"a recording without a link", byID("r-10", "e-1"), linker.Created, "", ""},
		{"the same again", byID("r-10", "e-1"), linker.Unchanged, "", "e-1"},
		{"another target", byID("r-10", "e-2"), linker.Replaced, "", "e-1"},
		{"another organization's recording", byID("s-1", "e-2"), linker.Rejected, linker.RecordingNotFound, ""},
		{"another organization's CRM row", byID("r-10", "f-1"), linker.Rejected, linker.EntityNotFound, ""},
		{"an external id in its other form", linker.Fields{RecordingID: "r-11", DataType: "OPPORTUNITY", ExternalID: "70130000001tcyI", IntegrationConnectionID: "c-1"}, linker.Created, "", ""},
	}
	for _, test := range tests {
		r, e, err := one.Put(t.Context(), "o-1", linker.Check(test.row, linker.Fields{}))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if r.Outcome != test.outcome || r.Code != test.code || r.PreviousEntityID != test.was {
			t.Errorf("%s: Put = %+v, want %s %q after %q", test.name, r, test.outcome, test.code, test.was)
		}
		if r.Outcome != linker.Rejected && e.DataType != test.row.DataType {
			t.Errorf("%s: entity = %+v, want a %s", test.name, e, test.row.DataType)
		}
	}
	near := []struct {
		name string
		row  linker.Fields
		want string
	}{
		{"another type", byExternal("r-20", "ACCOUNT", "c-1", "x-lead"), "this id is a LEAD in the connection"},
		{"another form and another type", byExternal("r-20", "LEAD", "c-1", "70130000001tcyI"), `this id is an OPPORTUNITY in the connection; exists as OPPORTUNITY in connection "c-2"`},
		{"an external id in another form, given as id", byID("r-20", "70130000001TCYIAAQ"), `this is the external id of an OPPORTUNITY in connection "c-1": give it as externalId; this is the external id of an OPPORTUNITY in connection "c-2": give it as externalId`},
		{"an id in other letters", byID("r-20", "E-5"), `"e-5" exists, which differs in letter case`},
		{"a recording in other letters", byID("R-CASE", "e-5"), `"r-Case" exists, which differs in letter case`},
		{"another organization's id in other letters", byID("r-20", "F-1"), ""},
	}
	for _, test := range near {
		r, _, err := one.Put(t.Context(), "o-1", linker.Check(test.row, linker.Fields{}))
		if err != nil || r.Outcome != linker.Rejected || r.Detail != test.want {
			t.Errorf("near miss, %s: Put = %+v, %v, want %q", test.name, r, err, test.want)
		}
	}
	removed, r, err := one.Delete(t.Context(), "o-1", linker.Check(byID("r-10", "e-1"), linker.Fields{}))
	if err != nil || removed || r.Outcome == linker.Rejected {
		t.Errorf("Delete of a link that is not current = %v, %+v, %v", removed, r, err)
	}
	removed, _, err = one.Delete(t.Context(), "o-1", linker.Check(byID("r-10", "e-2"), linker.Fields{}))
	if err != nil || !removed {
		t.Errorf("Delete of the current link = %v, %v, want true", removed, err)
	}
}
