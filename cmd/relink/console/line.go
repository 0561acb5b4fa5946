package console

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
)

const (
	// widestBar is the maximum width of a bar: a wider one shows no more.
	widestBar = 30
	// narrowestBar is the least that still shows movement; below it only the
	// percentage is shown.
	narrowestBar = 8
	// aroundBar are the columns of " 45% |" and "|" around it.
	aroundBar = 8
)

// progressLine is a line that shows how far a run is.
type progressLine struct {
	title    string // "3/4 applying"
	n, total int64  // total is 0 when it is not known
	turn     int    // counts the drawings, for the spinner
	// parts follow the bar, the most important first. Those that do not fit are
	// left out.
	parts []string
}

// fit formats the line for a terminal with the given columns. The last column
// stays free: some terminals wrap a line that fills it.
func (l progressLine) fit(columns int) string {
	room := columns - 1 - utf8.RuneCountInString(l.title)
	percent := ""
	bar := 0
	switch {
	case l.total > 0:
		percent = fmt.Sprintf(" %3d%%", percentOf(l.n, l.total))
		room -= len(percent)
		bar = narrowestBar + aroundBar - len(percent)
	default:
		percent = " " + string(`|/-\`[l.turn%4])
		room -= len(percent)
	}
	shown := ""
	for i, part := range l.parts {
		separator := ", "
		if i == 0 {
			separator = "  "
		}
		wide := utf8.RuneCountInString(separator + part)
		// The first two parts matter more than the bar.
		if need := wide + bar; wide <= room && (need <= room || i < 2) {
			shown += separator + part
			room -= wide
			continue
		}
		break
	}
	if l.total > 0 && room >= bar {
		width := min(widestBar, room-(aroundBar-len(percent)))
		percent = drawBar(l.n, l.total, width)
	}
	line := l.title + percent + shown
	if utf8.RuneCountInString(line) > columns-1 {
		line = string([]rune(line)[:max(columns-1, 0)])
	}
	return line
}

// drawBar is " 45% |█████     |", drawn by progressbar. The line around it is
// written here: progressbar shortens only the bar where its line does not fit, so
// that a narrow terminal wraps it, and when a window is made narrower it clears
// no more than the last of the lines that the old one has become.
func drawBar(n, total int64, width int) string {
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(io.Discard), // the line is written as a whole elsewhere
		progressbar.OptionSetWidth(width),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetRenderBlankState(true),
	)
	// A bar counts as finished at its total and draws nothing more. After an
	// error the bar stays empty.
	_ = bar.Set64(max(min(n, total-1), 0))
	return strings.TrimRight(strings.TrimPrefix(bar.String(), "\r"), " ")
}

// percentOf returns n in percent of total, at most 99: the next phase shows
// that all is done.
func percentOf(n, total int64) int64 { return min(100*n/total, 99) }

// pace measures how fast a count grows over the last few seconds: the rate of
// the first minute means little an hour later.
type pace struct {
	marks []paceMark
}

type paceMark struct {
	at time.Time
	n  int64
}

const (
	// paceSpan is long enough for a batch of every lane to finish in it.
	paceSpan = 10 * time.Second
	// paceStep is the time between two marks.
	paceStep = 500 * time.Millisecond
)

// add records the current count.
func (p *pace) add(at time.Time, n int64) {
	if last := len(p.marks) - 1; last > 0 && at.Sub(p.marks[last-1].at) < paceStep {
		p.marks[last] = paceMark{at, n}
	} else {
		p.marks = append(p.marks, paceMark{at, n})
	}
	for len(p.marks) > 2 && at.Sub(p.marks[1].at) >= paceSpan {
		p.marks = p.marks[1:]
	}
}

// perSecond returns the rate, 0 while it is unknown.
func (p *pace) perSecond() float64 {
	if len(p.marks) < 2 {
		return 0
	}
	first, last := p.marks[0], p.marks[len(p.marks)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds < 1 || last.n <= first.n {
		return 0
	}
	return float64(last.n-first.n) / seconds
}

// left returns how long the rest takes at this pace, "" when that is unknown.
func (p *pace) left(n, total int64) string {
	rate := p.perSecond()
	if rate == 0 || total <= n {
		return ""
	}
	d := time.Duration(float64(total-n) / rate * float64(time.Second)).Round(time.Second)
	return d.String() + " left"
}

// size formats a number of bytes with three significant digits: 1.2 GB.
func size(bytes float64) string {
	for _, unit := range []string{"bytes", "kB", "MB"} {
		if bytes < 999.5 {
			return digits(bytes) + " " + unit
		}
		bytes /= 1000
	}
	return digits(bytes) + " GB"
}

func digits(x float64) string {
	if x < 9.95 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}
