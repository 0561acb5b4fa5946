package reports

import (
	"io"

	"relink/linker"
)

// TextOptions say what a text is written for. The zero value is a plain text
// for a terminal of usual size.
type TextOptions struct {
	// Width is the number of columns. Default: DefaultWidth.
	Width int
	// Height is the number of lines a summary may take; reasons that do not
	// fit are counted instead of shown. Default: DefaultHeight.
	Height int
	// Color asks for terminal colours.
	Color bool
	// Next are the commands that make sense now, most useful first.
	Next []string
	// Notices are sentences that belong under the verdict: why a guard
	// refused, why the prune was withheld.
	Notices []string
}

// DefaultWidth and DefaultHeight are the size of a terminal that does not tell
// its own.
const (
	DefaultWidth  = 80
	DefaultHeight = 24
)

func (o TextOptions) withDefaults() TextOptions {
	if o.Width <= 0 {
		o.Width = DefaultWidth
	}
	if o.Height <= 0 {
		o.Height = DefaultHeight
	}
	return o
}

// Text writes the summary of a run for a person: the verdict in one sentence,
// the counts by outcome, the reasons with what to do, where the files are and
// the next commands.
func Text(w io.Writer, s linker.Summary, o TextOptions) error {
	return nil
}
