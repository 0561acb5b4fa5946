package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"relink/linker"
	"relink/reports"
)

// console is the terminal, or what stands in its place, as the commands use it.
type console struct {
	stdin  io.Reader
	stdout io.Writer
	stderr *notices

	// hard is the context of what must come to an orderly end: it outlives
	// the first signal.
	hard context.Context

	quiet bool // no progress, no notices, nothing on stdout when all is well
	color bool // colors are allowed on a terminal

	shown   linker.Summary // what show printed last
	skipped bool           // there was nothing to do (--if-changed)
}

// newConsole returns a console on these streams. Its hard context is to be set.
func newConsole(stdin io.Reader, stdout, stderr io.Writer, color bool) *console {
	return &console{stdin: stdin, stdout: stdout, stderr: newNotices(stderr), color: color}
}

func (c *console) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(c.stdout, format, args...)
	return err
}

// terminalSize is the size of the terminal that stdout is, zero when it is
// none or does not tell, and whether it may be written to in colour.
func (c *console) terminalSize() (width, height int, color bool) {
	file, ok := c.stdout.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		width, height = 0, 0
	}
	return width, height, c.color
}

// show prints the end of a run to stdout.
func (c *console) show(s linker.Summary, asJSON bool, o reports.TextOptions) error {
	c.shown = s
	if asJSON {
		return reports.WriteSummaryJSON(c.stdout, s)
	}
	if c.quiet {
		if s.ExitStatus == statusOK {
			return nil // cron makes a mail of every word
		}
		_, verdict := reports.Verdict(s)
		return c.printf("relink: %s See %s.\n", verdict, s.Files["report"])
	}
	o.Width, o.Height, o.Color = c.terminalSize()
	return reports.Text(c.stdout, s, o)
}

// showPage prints the page at path, or on a terminal, where its text would be
// of no use, the path.
func (c *console) showPage(path string) error {
	if _, height, _ := c.terminalSize(); height > 0 {
		return c.printf("%s\n", path)
	}
	page, err := os.Open(path)
	if err != nil {
		return err
	}
	defer page.Close()
	_, err = io.Copy(c.stdout, page)
	return err
}
