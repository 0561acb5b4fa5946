package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

func printTable(w io.Writer, o options, settings map[string]string, results []result) {
	fmt.Fprintf(w, "%d rows, median of %d alternating runs\n", o.rows, o.runs)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(w, "%s=%s ", name, settings[name])
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "case\tcontender\trows\tseconds\trows/s\trelink is faster by\tpeak MiB\tWAL MiB\tworking tables MiB\t")
	for _, r := range results {
		ratio := ""
		if r.Contender != "relink" {
			ratio = fmt.Sprintf("%.2f ×", r.RelinkWins)
		}
		work := ""
		if r.WorkMiB > 0 {
			work = fmt.Sprintf("%.0f", r.WorkMiB)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%.2f\t%.0f\t%s\t%.0f\t%.0f\t%s\t\n", r.Case, r.Contender, r.Rows, r.Seconds, float64(r.Rows)/r.Seconds, ratio, r.PeakMiB, r.WALMiB, work)
	}
	t.Flush()
}
