package conflict

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// twinRow is a row of a model file; rows are numbered from 1, lines are twice
// the row.
type twinRow struct{ recording, target string }

// askTwins runs rows through Twins, sorting so many at a time, and returns what
// it says of each.
func askTwins(t testing.TB, rows []twinRow, size int) map[int64]Others {
	t.Helper()
	tw, err := NewTwins(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tw.size = size
	for i, r := range rows {
		if err := tw.Add(int64(i+1), int64(2*i+2), r.recording, r.target); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Finish(); err != nil {
		t.Fatal(err)
	}
	got := make(map[int64]Others)
	for i := range rows {
		o, ok, err := tw.At(int64(i + 1))
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			got[int64(i+1)] = o
		}
	}
	if int(tw.Rows()) != len(got) {
		t.Errorf("Rows() = %d, want the %d rows of which At speaks", tw.Rows(), len(got))
	}
	if err := tw.Close(); err != nil {
		t.Error(err)
	}
	return got
}

// plainTwins says the same with everything in memory.
func plainTwins(rows []twinRow) map[int64]Others {
	want := make(map[int64]Others)
	for i, r := range rows {
		var o Others
		for j, other := range rows {
			if other.recording != r.recording || other.target == r.target {
				continue
			}
			if len(o.Lines) < namedLines {
				o.Lines = append(o.Lines, int64(2*j+2))
			} else {
				o.More++
			}
		}
		if len(o.Lines) > 0 {
			want[int64(i+1)] = o
		}
	}
	return want
}

func TestTwins(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		recordings := rapid.IntRange(1, 20).Draw(rt, "recordings")
		targets := rapid.IntRange(1, 20).Draw(rt, "targets")
		rows := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) twinRow {
			return twinRow{
				fmt.Sprint("r", rapid.IntRange(1, recordings).Draw(rt, "recording")),
				fmt.Sprint("t", rapid.IntRange(1, targets).Draw(rt, "target")),
			}
		}), 0, 200).Draw(rt, "rows")
		size := rapid.SampledFrom([]int{2, 5, 1000}).Draw(rt, "size")
		got, want := askTwins(t, rows, size), plainTwins(rows)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("sorting %d entries at a time, rows with other targets (-want +got):\n%s", size, diff)
		}
	})
}

func TestTwinsOfOneRecording(t *testing.T) {
	t.Parallel()
	// More rows than are written or sorted at a time: a constant column taken
	// for the recording, one target far ahead of many.
	var rows []twinRow
	for i := range 3000 {
		target := "most"
		if i%3 == 1 {
			target = fmt.Sprint("t", i)
		}
		rows = append(rows, twinRow{"r", target})
	}
	got, want := askTwins(t, rows, 300), plainTwins(rows)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows with other targets (-want +got):\n%s", diff)
	}
}

func TestTwinsKeepsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tw, err := NewTwins(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tw.Close()
	for i := range int64(10_000) {
		if err := tw.Add(i, i, "r", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("%d files in the folder while rows are compared, want none that a killed program would leave", len(left))
	}
}

func TestOthersMessage(t *testing.T) {
	t.Parallel()
	const say = "other rows ask for another target for this recording: "
	tests := []struct {
		others Others
		want   string
	}{
		{Others{Lines: []int64{17}}, say + "line 17"},
		{Others{Lines: []int64{17, 42}}, say + "lines 17, 42"},
		{Others{Lines: slices.Repeat([]int64{9}, 5), More: 3}, say + "lines 9, 9, 9, 9, 9 and 3 more"},
	}
	for _, tt := range tests {
		if got := tt.others.Message(); got != tt.want {
			t.Errorf("%+v.Message() = %q, want %q", tt.others, got, tt.want)
		}
	}
}

func BenchmarkTwins(b *testing.B) {
	const rows = 200_000
	ids := make([]string, rows)
	for i := range ids {
		ids[i] = fmt.Sprintf("recording-%032d", i)
	}
	for b.Loop() {
		tw, err := NewTwins(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		for i, id := range ids {
			if err := tw.Add(int64(i), int64(i), id, id); err != nil {
				b.Fatal(err)
			}
		}
		if err := tw.Finish(); err != nil {
			b.Fatal(err)
		}
		tw.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
