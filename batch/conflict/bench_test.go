package conflict

import (
	"fmt"
	"testing"

	"relink/linker"
)

// BenchmarkFinder compares rows of which each recording is in the file once,
// and twice.
func BenchmarkFinder(b *testing.B) {
	const rows = 200_000
	for _, times := range []int{1, 2} {
		b.Run(fmt.Sprintf("recordings%dx", times), func(b *testing.B) {
			links := make([]linker.Fields, rows)
			for i := range links {
				links[i] = linker.Fields{
					RecordingID: fmt.Sprintf("recording-%032d", i%(rows/times)), DataType: "LEAD",
					ExternalID: fmt.Sprintf("006%015d", i), IntegrationConnectionID: "7b0c8e0e-5a46-4a53-9c0d-0a4b7a4b9f10",
				}
			}
			for b.Loop() {
				f := NewFinder(b.TempDir())
				for i := range links {
					if err := f.Add(int64(i+1), int64(i+2), &links[i]); err != nil {
						b.Fatal(err)
					}
				}
				if err := f.Finish(); err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
