package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker/postgres/pg"
)

// app is the outside world as the commands see it, and the flags that every
// command has.
type app struct {
	*console.Console
	env       flags.Environment
	logFormat string
}

func newApp(env []string, stdin io.Reader, stdout, stderr io.Writer) *app {
	e := flags.ParseEnvironment(env)
	color := e["NO_COLOR"] == "" && e["TERM"] != "dumb"
	return &app{Console: console.NewConsole(stdin, stdout, stderr, color), env: e}
}

// run is the program: it does what args say and returns the exit status.
func run(args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(env, stdin, stdout, stderr)
	soft, hard, stop := console.Interruptible(context.Background())
	defer stop()
	a.Hard = hard

	// Errors of the command line itself come before any flag is known.
	early := strings.Join(args, "=")
	a.Stderr.JSON = strings.Contains(early, "--log-format=json") || a.env["RELINK_LOG_FORMAT"] == "json"

	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(soft)
	a.Stderr.Clear()
	var said *exit.DoneError
	if err != nil && !errors.As(err, &said) {
		if exit.Hint(err) == "" {
			err = pg.Explain(err)
		}
		message, hint := err.Error(), exit.Hint(err)
		if found, suggestion, ok := strings.Cut(message, "\n\nDid you mean this?\n"); ok {
			message = found
			hint = "did you mean " + strings.Join(strings.Fields(suggestion), " or ") + "?"
		}
		a.Stderr.Fail(message, hint, exit.Groups(err)...)
	}
	return int(exit.StatusOf(err))
}

// root builds the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "relink",
		Short: "Import and reconcile CRM links of recordings in bulk",
		Long: `Import and reconcile CRM links of recordings in bulk.

relink reads a CSV or JSONL file that says which recording belongs to which CRM
row, links them in the platform's PostgreSQL database, and says for every row
what happened. Start with "relink validate FILE", which needs no database, or
with "relink demo".`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Annotations:       map[string]string{"topics": topicList()},
		Args:              cobra.ArbitraryArgs,
		RunE:              a.noCommand,
		PersistentPreRunE: a.prepare,
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stdout)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(helpTemplate)
	fs := root.PersistentFlags()
	fs.SortFlags = false
	fs.BoolVar(&a.Quiet, "quiet", false, "no progress, no notices; print nothing when the run succeeds")
	fs.StringVar(&a.logFormat, "log-format", "text", "`FORMAT` of notices and errors, text or json")
	root.AddGroup(
		&cobra.Group{ID: "rows", Title: "Links:"},
		&cobra.Group{ID: "runs", Title: "Runs:"},
		&cobra.Group{ID: "more", Title: "More:"},
	)
	root.SetHelpCommand(a.helpCommand())
	root.SetCompletionCommandGroupID("more")
	root.AddCommand(
		a.validateCommand(),
		a.importCommand(),
		a.reconcileCommand(),
		a.exportCommand(),
		a.serveCommand(),
		a.resumeCommand(),
		a.revertCommand(),
		a.reportCommand(),
		a.runsCommand(),
		a.dbCommand(),
		a.demoCommand(),
		a.surveyCommand(),
		a.historyCommand(),
		a.explainCommand(),
		a.versionCommand(),
	)
	root.AddCommand(a.buildCommands()...)
	a.completeValues(root)
	return root
}

// prepare runs before every command: it binds the environment to the flags
// and configures how the program logs.
func (a *app) prepare(cmd *cobra.Command, _ []string) error {
	if err := a.env.Bind(cmd); err != nil {
		return err
	}
	a.Stderr.Quiet = a.Quiet
	switch a.logFormat {
	case "text":
		a.Stderr.JSON = false
	case "json":
		a.Stderr.JSON = true
	default:
		return exit.Usage("use text or json", "--log-format: value %q is unknown", a.logFormat)
	}
	for _, note := range a.env.Misnamed(cmd.Root()) {
		a.Stderr.Notice("%s", note)
	}
	return nil
}

// noCommand is relink, or one of its groups of commands, called without the
// command's name. That is a mistake in a script, so it is no success.
func (a *app) noCommand(cmd *cobra.Command, args []string) error {
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

// positional checks the number of arguments that are no flags. names are what
// the command's usage calls them.
func positional(names ...string) cobra.PositionalArgs {
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

const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}Usage:
{{- if or .Annotations.exits (not .HasAvailableSubCommands)}}
  {{.UseLine}}
{{- end}}
{{- if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND [flags]
{{- end}}
{{- if .HasExample}}

Examples:
{{.Example}}
{{- end}}
{{- if .HasAvailableSubCommands}}
{{- $cmds := .Commands}}
{{- if .Groups}}{{range $group := .Groups}}

{{.Title}}
{{- range $cmds}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding }} {{.Short}}
{{- end}}{{end}}{{end}}
{{- else}}

Commands:
{{- range $cmds}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}
{{- end}}{{end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}
{{- end}}
{{- with .Annotations.exits}}

Exit status:
{{.}}
{{- end}}
{{- if .HasAvailableSubCommands}}

"{{.CommandPath}} COMMAND --help" shows more about a command.
{{- end}}
{{- if not .HasParent}}
"relink help TOPIC" shows one of these pages:

{{.Annotations.topics}}

Every flag can be set by an environment variable: RELINK_MAX_REJECTS for
--max-rejects. --force, --prune, --take-over and --max-changes cannot.
{{- end}}
{{println}}`

// flagError turns what the flag parser says into an error of ours, with the
// nearest flag as the hint.
func flagError(cmd *cobra.Command, err error) error {
	hint := flags.FlagHint(cmd, err)
	if hint == "" {
		hint = "see " + cmd.CommandPath() + " --help"
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		err = flags.ValueError("--"+invalid.GetFlag().Name, err)
	}
	return exit.Usage(hint, "%w", err)
}
