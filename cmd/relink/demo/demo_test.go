package demo

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/explain"
)

func TestTheWorldIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	one, other := Build(), Build()
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("two worlds differ:\n%s", diff)
	}
	if !bytes.Equal(File(one.Lines()), File(other.Lines())) {
		t.Error("two link files differ")
	}
}

func TestTheWorldIsSound(t *testing.T) {
	t.Parallel()
	w := Build()
	organizations := map[string]string{} // of connections, entities, recordings
	add := func(id, organization string) {
		if _, ok := organizations[id]; ok || organization == "" {
			t.Errorf("id %q is used twice, or its organization %q is unknown", id, organization)
		}
		organizations[id] = organization
	}
	for _, c := range w.Connections {
		add(c.ID, c.Organization)
	}
	external := map[[3]string]bool{}
	for _, e := range w.Entities {
		add(e.ID, organizations[e.Connection])
		key := [3]string{e.Connection, e.DataType, e.ExternalID}
		if external[key] {
			t.Errorf("external id %v is used twice", key)
		}
		external[key] = true
	}
	for _, r := range w.Recordings {
		add(r.ID, r.Organization)
	}
	current := map[string]bool{}
	for _, l := range w.Links {
		if organizations[l.Recording] != organizations[l.Entity] {
			t.Errorf("link %+v crosses organizations", l)
		}
		if l.ClearedAt != nil {
			if l.ClearedAt.Before(l.LinkedAt) {
				t.Errorf("link %+v is cleared before it is made", l)
			}
			continue
		}
		if current[l.Recording] {
			t.Errorf("recording %s has two current links", l.Recording)
		}
		current[l.Recording] = true
	}
}

func TestTheFileHasEveryFault(t *testing.T) {
	t.Parallel()
	count := map[linker.Code]int{}
	rows := 0
	for _, l := range Build().Lines() {
		if !l.Blank {
			count[l.Code]++
			rows++
		}
	}
	// These need a reconciliation, a concurrent writer, or a platform with its
	// own rules.
	absent := []linker.Code{
		linker.OutOfScope, linker.LinkedElsewhere, linker.LostRace, linker.TargetGone,
		linker.Locked, linker.DatabaseRefused, linker.NotFound, linker.ServerError,
	}
	for _, code := range explain.Codes() {
		if got, want := count[code] > 0, !slices.Contains(absent, code); got != want {
			t.Errorf("the file has code %q: %v, want %v", code, got, want)
		}
	}
	if good := count[""]; good < 2300 || rows-good < 100 || rows > 2600 {
		t.Errorf("%d of %d rows are good, want about 2400 of 2500", good, rows)
	}
}
