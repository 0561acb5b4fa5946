package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/admin"
	"relink/cmd/relink/app"
	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/inspect"
	"relink/cmd/relink/servecmd"
	"relink/linker/postgres/pg"
)

// commands are those of this package; each other group has its own.
type commands struct{ *app.App }

// run is the program: it does what args say and returns the exit status.
func run(args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &commands{app.New(env, stdin, stdout, stderr)}
	soft, hard, stop := console.Interruptible(context.Background())
	defer stop()
	a.Hard = hard

	// Errors of the command line itself come before any flag is known.
	early := strings.Join(args, "=")
	a.Stderr.JSON = strings.Contains(early, "--log-format=json") || a.Env["RELINK_LOG_FORMAT"] == "json"

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
func (a *commands) root() *cobra.Command {
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
		RunE:              a.NoCommand,
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
	fs.StringVar(&a.LogFormat, "log-format", "text", "`FORMAT` of notices and errors, text or json")
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
		a.remapCommand(),
		a.unlinkCommand(),
		a.followCommand(),
		servecmd.Command(a.App),
		a.resumeCommand(),
		a.revertCommand(),
		a.approveCommand(),
		a.retryCommand(),
		admin.Command(a.App),
		a.demoCommand(),
		a.explainCommand(),
		a.versionCommand(),
	)
	root.AddCommand(inspect.Commands(a.App)...)
	root.AddCommand(a.buildCommands()...)
	a.completeValues(root)
	return root
}

// prepare runs before every command: it binds the environment to the flags
// and configures how the program logs.
func (a *commands) prepare(cmd *cobra.Command, _ []string) error {
	if err := a.Env.Bind(cmd); err != nil {
		return err
	}
	a.Stderr.Quiet = a.Quiet
	switch a.LogFormat {
	case "text":
		a.Stderr.JSON = false
	case "json":
		a.Stderr.JSON = true
	default:
		return exit.Usage("use text or json", "--log-format: value %q is unknown", a.LogFormat)
	}
	for _, note := range a.Env.Misnamed(cmd.Root()) {
		a.Stderr.Notice("%s", note)
	}
	return nil
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
