package console

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/text"
	"relink/reports"
)

// Console is the terminal, or what replaces it, as the commands use it.
type Console struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr *notices

	// Hard is the context for work that must finish in good order: it outlives
	// the first signal.
	Hard context.Context

	Quiet bool // no progress, no notices, nothing on stdout when all is well
	color bool // colors are allowed on a terminal

	Shown   linker.Summary // what Show printed last
	Skipped bool           // there was nothing to do (--if-changed)

	// Compare asks a run to note in Previous how the last run of the same job
	// ended; nil when there is none.
	Compare  bool
	Previous *linker.ExitStatus
}

// NewConsole returns a console on these streams. The caller sets its Hard
// context.
func NewConsole(stdin io.Reader, stdout, stderr io.Writer, color bool) *Console {
	return &Console{Stdin: stdin, Stdout: stdout, Stderr: newNotices(stderr), color: color}
}

func (c *Console) Printf(format string, args ...any) error {
	_, err := fmt.Fprintf(c.Stdout, format, args...)
	return err
}

// TerminalSize returns the size of the terminal on stdout, zero when there is
// none or its size is unknown, and whether colours may be used.
func (c *Console) TerminalSize() (width, height int, color bool) {
	file, ok := c.Stdout.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		width, height = 0, 0
	}
	return width, height, c.color
}

// Show prints the summary of a run to stdout.
func (c *Console) Show(s linker.Summary, asJSON bool, o reports.TextOptions) error {
	c.Shown = s
	if asJSON {
		return reports.WriteSummaryJSON(c.Stdout, s)
	}
	if c.Quiet {
		if s.ExitStatus == exit.OK {
			return nil // cron mails any output
		}
		_, verdict := reports.Verdict(s)
		return c.Printf("relink: %s See %s.\n", verdict, text.Printable(s.Files["report"]))
	}
	o.Width, o.Height, o.Color = c.TerminalSize()
	return reports.Text(c.Stdout, s, o)
}

// ShowPage prints the page at path or, on a terminal, where HTML would be of no
// use, its path.
func (c *Console) ShowPage(path string) error {
	if _, height, _ := c.TerminalSize(); height > 0 {
		return c.Printf("%s\n", path)
	}
	page, err := os.Open(path)
	if err != nil {
		return err
	}
	defer page.Close()
	_, err = io.Copy(c.Stdout, page)
	return err
}
