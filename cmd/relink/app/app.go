package app

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
)

// App is the environment of the commands: the streams, the environment
// variables, and the flags that every command has.
type App struct {
	*console.Console
	Env flags.Environment
	// LogFormat is text or json.
	LogFormat string
}

// New returns an App for the environment, "NAME=value" each, and the three
// streams.
func New(env []string, stdin io.Reader, stdout, stderr io.Writer) *App {
	e := flags.ParseEnvironment(env)
	color := e["NO_COLOR"] == "" && e["TERM"] != "dumb"
	return &App{Console: console.NewConsole(stdin, stdout, stderr, color), Env: e}
}

// NoCommand is run when relink, or one of its groups of commands, is called
// without a command. That is a mistake in a script, so it is an error.
func (a *App) NoCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return exit.Usage("see "+cmd.CommandPath()+" --help", "%s needs a command", cmd.CommandPath())
	}
	hint := "see " + cmd.CommandPath() + " --help"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return exit.Usage(hint, "unknown command %q for %s", args[0], cmd.CommandPath())
}

// Positional checks the number of positional arguments. names are their names
// in the command's usage.
func Positional(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := "see " + cmd.CommandPath() + " --help"
		if len(args) < len(names) {
			return exit.Usage(hint, "%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):], " and "))
		}
		if len(args) > len(names) {
			return exit.Usage(hint, "%s: one argument too many: %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

// RunID parses the number of a run.
func RunID(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, exit.Usage("relink runs lists them", "%q is not a run id: a run id is a number", s)
	}
	return n, nil
}

// PrintJSON prints v, indented, on standard output.
func (a *App) PrintJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
