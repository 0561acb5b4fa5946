package reports

import "relink/linker"

// style formats a piece of a line for a terminal.
type style func(string) string

func plain(s string) string { return s }

// The colours are among the 16 that every terminal has and lets its user
// choose.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p *page) sgr(code string, inner style) style {
	if !p.color {
		return inner
	}
	return func(s string) string { return "\x1b[" + code + "m" + inner(s) + "\x1b[0m" }
}

func (p *page) bold(inner style) style { return p.sgr("1", inner) }
func (p *page) faint() style           { return p.sgr("2", plain) }

func (p *page) toned(t Tone) style {
	switch t {
	case Good:
		return p.sgr(green, plain)
	case Look:
		return p.sgr(yellow, plain)
	}
	return p.sgr(red, plain)
}

// outcome colours outcomes that need attention; everything else stays as it is.
func (p *page) outcome(o linker.Outcome) style {
	switch o {
	case linker.Rejected, linker.Failed, linker.Unattempted:
		return p.sgr(red, plain)
	case linker.Extra:
		return p.sgr(yellow, plain)
	}
	return plain
}
