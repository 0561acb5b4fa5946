package postgres_test

import (
	"testing"

	"relink/linker"
	"relink/linker/postgres/engine"
)

// Which run wrote after which is told by a counter: the server's clock may have
// been set back in between.
func TestOrderOfRunsNeedsNoClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	writes := func(id int64) {
		t.Helper()
		x := w.begin(engine.Options{Run: id})
		defer x.Close()
		run, err := w.store.Run(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		run.State = linker.StateApplying
		if err := x.Save(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	after := func(id, want int64) {
		t.Helper()
		got, err := w.store.WroteAfter(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("WroteAfter(run %d) = %d, want %d", id, got, want)
		}
	}
	// setBack makes a run one that was made before all others, by the clock.
	setBack := func(id int64) {
		w.exec(`UPDATE relink.runs SET started_at = '2020-01-01', applying_at = applying_at - interval '9 years' WHERE id = $1`, id)
	}

	first := w.record(linker.Import)
	writes(first)
	after(first, 0)
	second := w.record(linker.Import)
	after(first, 0) // it has not written
	writes(second)
	setBack(second)
	after(first, second)
	after(second, 0)

	// A run that goes on writes after those that began after it.
	writes(first)
	setBack(first)
	after(second, first)
	after(first, 0)

	// A run that never wrote has lost its turn only to those since it began.
	idle := w.record(linker.Import)
	after(idle, 0)
	writes(second)
	setBack(second)
	after(idle, second)

	// Runs on another schema of the database do not count.
	w.exec(`UPDATE relink.runs SET platform_schema = 'tenant1' WHERE id = $1`, second)
	after(idle, 0)
}
