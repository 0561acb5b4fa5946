package conflict

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"relink/linker"
)

// lineOf returns the line of a row in these tests.
func lineOf(row int64) int64 { return 2*row + 1 }

// find runs rows through a Finder that sorts size records at a time, and
// returns the others of each row.
func find(t rapid.TB, rows []linker.Fields, size int) []Others {
	t.Helper()
	f := newFinder("", size)
	defer f.Close()
	for i := range rows {
		row := int64(i + 1)
		if err := f.Add(row, lineOf(row), &rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	first := lookUp(t, f, len(rows))
	if diff := gocmp.Diff(first, lookUp(t, f, len(rows))); diff != "" {
		t.Fatalf("a second cursor says something else (-first +second):\n%s", diff)
	}
	var conflicts, repeats int64
	for _, o := range first {
		if o.Conflict {
			conflicts++
		}
		if o.Repeats > 0 {
			repeats++
		}
	}
	if f.Conflicts() != conflicts || f.Repeats() != repeats {
		t.Fatalf("Conflicts() = %d, Repeats() = %d, want %d and %d", f.Conflicts(), f.Repeats(), conflicts, repeats)
	}
	return first
}

// lookUp uses a new cursor for every row.
func lookUp(t rapid.TB, f *Finder, rows int) []Others {
	t.Helper()
	c, err := f.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	got := make([]Others, rows)
	for i := range got {
		if got[i], err = c.At(int64(i + 1)); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

// model finds the same by comparing every row with every other one.
func model(rows []linker.Fields) []Others {
	want := make([]Others, len(rows))
	for i := range rows {
		o := &want[i]
		for j := range rows {
			if rows[j].RecordingID != rows[i].RecordingID {
				continue
			}
			for k := range rows {
				o.Conflict = o.Conflict || rows[k].RecordingID == rows[i].RecordingID && target(rows[k]) != target(rows[j])
			}
			if j < i && o.Repeats == 0 && request(rows[j]) == request(rows[i]) {
				o.Repeats = int64(j + 1)
			}
			switch {
			case j == i:
			case len(o.Lines) < linker.NamedLines:
				o.Lines = append(o.Lines, lineOf(int64(j+1)))
			default:
				o.More++
			}
		}
		if o.Conflict {
			o.Repeats = 0
		}
	}
	return want
}

// target returns the target that a row asks for.
func target(r linker.Fields) linker.Fields {
	if r.ID != "" {
		return linker.Fields{ID: r.ID}
	}
	return linker.Fields{DataType: r.DataType, IntegrationConnectionID: r.IntegrationConnectionID, ExternalID: r.ExternalID}
}

// request returns the part of a row that decides whether it repeats another.
func request(r linker.Fields) linker.Fields {
	r.RecordingID, r.Trigger = "", ""
	return r
}

// link draws one row of a few recordings and targets.
func link(recordings, targets int) *rapid.Generator[linker.Fields] {
	return rapid.Custom(func(rt *rapid.T) linker.Fields {
		r := linker.Fields{
			RecordingID: fmt.Sprint("r", rapid.IntRange(1, recordings).Draw(rt, "recording")),
			DataType:    rapid.SampledFrom([]string{"ACCOUNT", "LEAD"}).Draw(rt, "dataType"),
			Trigger:     rapid.SampledFrom([]string{"", "EXTERNAL_API_LINK"}).Draw(rt, "trigger"),
		}
		target := fmt.Sprint("t", rapid.IntRange(1, targets).Draw(rt, "target"))
		if rapid.Bool().Draw(rt, "by id") {
			r.ID = target
			return r
		}
		r.ExternalID = target
		r.IntegrationConnectionID = rapid.SampledFrom([]string{"c1", "c2"}).Draw(rt, "connection")
		return r
	})
}

func TestFinderAgreesWithItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		recordings := rapid.IntRange(1, 20).Draw(rt, "recordings")
		targets := rapid.IntRange(1, 20).Draw(rt, "targets")
		rows := rapid.SliceOfN(link(recordings, targets), 0, 60).Draw(rt, "rows")
		size := rapid.SampledFrom([]int{1, 5, 1000}).Draw(rt, "size")
		if diff := gocmp.Diff(model(rows), find(rt, rows, size)); diff != "" {
			rt.Fatalf("sorting %d records at a time (-want +got):\n%s", size, diff)
		}
	})
}

// TestFinderOfOneRecording compares more rows of one recording than are sorted
// at a time, as when a column of constants was taken for the recording.
func TestFinderOfOneRecording(t *testing.T) {
	t.Parallel()
	const rows = 3000
	links := make([]linker.Fields, rows)
	for i := range links {
		links[i] = linker.Fields{RecordingID: "r", DataType: "LEAD", ID: "most"}
		if i%3 == 1 {
			links[i].ID = fmt.Sprint("e-", i)
		}
	}
	got := find(t, links, 100)
	for i, row := range []int64{1, 2, 6, 7, rows} {
		lines := slices.DeleteFunc([]int64{3, 5, 7, 9, 11, 13}, func(l int64) bool { return l == lineOf(row) })
		want := Others{Conflict: true, Lines: lines[:linker.NamedLines], More: rows - 1 - linker.NamedLines}
		if diff := gocmp.Diff(want, got[row-1]); diff != "" {
			t.Errorf("%d: row %d (-want +got):\n%s", i, row, diff)
		}
	}
}

func TestSorter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.SliceOf(rapid.Custom(func(rt *rapid.T) record {
			return record{
				rapid.Uint64Range(0, 3).Draw(rt, "first"), rapid.Uint64().Draw(rt, "second"), rapid.Uint64().Draw(rt, "third"),
			}
		})).Draw(rt, "records")
		s := newSorter("", rapid.IntRange(1, 20).Draw(rt, "size"))
		defer s.close()
		for _, r := range want {
			if err := s.add(r); err != nil {
				rt.Fatal(err)
			}
		}
		if err := s.finish(); err != nil {
			rt.Fatal(err)
		}
		m, err := s.sorted()
		if err != nil {
			rt.Fatal(err)
		}
		var got []record
		for {
			r, ok := m.peek()
			if !ok {
				break
			}
			got = append(got, *r)
			if err := m.skip(); err != nil {
				rt.Fatal(err)
			}
		}
		slices.SortFunc(want, func(a, b record) int {
			return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2]))
		})
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("sorted (-want +got):\n%s", diff)
		}
	})
}

// TestFinderLeavesNoFile checks that a killed program would leave no files
// behind.
func TestFinderLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFinder(dir, 1000)
	defer f.Close()
	for i := range int64(10_000) {
		if err := f.Add(i, i, &linker.Fields{RecordingID: "r", ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Cursor(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("%d files are in the folder while rows are compared, want none", len(left))
	}
}

// TestFinderWithoutRoom gives the temporary files a folder that does not exist.
func TestFinderWithoutRoom(t *testing.T) {
	t.Parallel()
	f := NewFinder(t.TempDir() + "/missing")
	defer f.Close()
	if err := f.Add(1, 2, &linker.Fields{RecordingID: "r", ID: "e"}); err == nil {
		t.Error("adding a row where no file can be made reports no error")
	}
}
