package postgres_test

import (
	"testing"

	"relink/linker"
	"relink/linker/postgres"
)

func TestSingle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, err := postgres.NewSingle(t.Context(), postgres.Config{URL: w.url}, 2)
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
	removed, r, err := one.Delete(t.Context(), "o-1", linker.Check(byID("r-10", "e-1"), linker.Fields{}))
	if err != nil || removed || r.Outcome == linker.Rejected {
		t.Errorf("Delete of a link that is not current = %v, %+v, %v", removed, r, err)
	}
	removed, _, err = one.Delete(t.Context(), "o-1", linker.Check(byID("r-10", "e-2"), linker.Fields{}))
	if err != nil || !removed {
		t.Errorf("Delete of the current link = %v, %v, want true", removed, err)
	}
}
