package reports

import (
	"fmt"
	"math"

	"relink/linker/text"
)

// driftView is the chart of the last reconciliations: a bar for each, the
// latest on the right.
type driftView struct {
	Sentence, Label           string
	Width, Height, Base, Text int
	Left                      int // where the first bar begins
	Bars                      []driftBar
	Most, First, Last         string
}

type driftBar struct {
	X, Y, W, H int
	None       bool // nothing differed
	Title      string
}

// The chart's units are roughly pixels: thirty bars of 20 side by side.
const (
	driftBarWidth = 17
	driftStep     = 20
	driftTop      = 18 // room for the largest number
	driftHeight   = 90
	driftLabel    = 70 // a date
)

// newDriftView draws the points, nil for none. The height grows with the square
// root: one bad night of a million must not flatten all the others.
func newDriftView(points []DriftPoint) *driftView {
	if len(points) == 0 {
		return nil
	}
	points = points[max(0, len(points)-DriftRuns):]
	most, clean := int64(0), 0
	for _, p := range points {
		most = max(most, p.Links)
		if p.Links == 0 {
			clean++
		}
	}
	v := &driftView{
		Width: DriftRuns * driftStep, Base: driftTop + driftHeight, Height: driftTop + driftHeight + 18,
		Text: driftTop + driftHeight + 14,
		Most: "most: " + text.Thousands(most), First: driftDay(points[0]), Last: driftDay(points[len(points)-1]),
	}
	last := points[len(points)-1]
	v.Sentence = fmt.Sprintf("Links that differed from the file in %s: %s this time, %s at most, none in %d.",
		text.Plural(int64(len(points)), "reconciliation", "reconciliations"), text.Thousands(last.Links), text.Thousands(most), clean)
	v.Label = v.Sentence
	// The bars stand at the right end, so that the latest is always there.
	left := v.Width - len(points)*driftStep
	v.Left = min(left, v.Width-2*driftLabel)
	for i, p := range points {
		h := 2 // a clean run must still be visible
		if p.Links > 0 {
			h = max(4, int(math.Round(driftHeight*math.Sqrt(float64(p.Links)/float64(most)))))
		}
		title := fmt.Sprintf("run %d, %s: %s", p.Run, p.At.UTC().Format("2006-01-02 15:04 UTC"), text.Plural(p.Links, "link", "links"))
		if p.DryRun {
			title += ", dry run"
		}
		v.Bars = append(v.Bars, driftBar{
			X: left + i*driftStep + (driftStep-driftBarWidth)/2, Y: v.Base - h, W: driftBarWidth, H: h,
			None: p.Links == 0, Title: title,
		})
	}
	if len(points) == 1 {
		v.First = ""
	}
	return v
}

func driftDay(p DriftPoint) string { return p.At.UTC().Format("2006-01-02") }
