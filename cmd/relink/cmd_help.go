package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/help"
)

// helpCommand takes the place of cobra's: it knows topics as well as commands.
func (a *commands) helpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "help [TOPIC|COMMAND]",
		Short:   "Show the page of a topic, or the help of a command",
		GroupID: "more",
		Long: `Show the page of a topic, or the help of a command. Without either, list the
commands and the topics.`,
		Example: `  relink help nightly
  relink help import`,
		ValidArgsFunction: completeHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			if len(args) == 0 {
				root.InitDefaultHelpFlag()
				return root.Help()
			}
			if t, ok := help.Find(args[0]); ok && len(args) == 1 {
				return a.showTopic(root, t)
			}
			found, rest, err := root.Find(args)
			if err == nil && found != root && len(rest) == 0 {
				found.InitDefaultHelpFlag()
				return found.Help()
			}
			hint := "relink help lists commands and topics"
			if near := flags.Nearest(strings.ToLower(args[0]), append(commandNames(root), help.Names()...)); near != "" {
				hint = "did you mean relink help " + near + "?"
			}
			return exit.Usage(hint, "there is no command or topic %q", strings.Join(args, " "))
		},
	}
	exit.List(cmd, map[int]string{exit.OK: "done", exit.Error: "there is no such topic or command"}, exit.OK, exit.Error)
	return cmd
}

// showTopic prints a topic's page. Where a command has the topic's name, it
// says so: "relink help report" could have meant either.
func (a *commands) showTopic(root *cobra.Command, t help.Topic) error {
	width, _, color := a.TerminalSize()
	text := help.Render(t.Markdown, help.Style{Width: width, Bold: color})
	for _, c := range root.Commands() {
		if c.Name() == t.Name {
			text += fmt.Sprintf("\n\"%s --help\" describes the command of this name.\n", c.CommandPath())
		}
	}
	return a.Printf("%s", text)
}

func completeHelp(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	at, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, c := range at.Commands() {
		if c.IsAvailableCommand() {
			words = append(words, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	if len(args) == 0 {
		for _, t := range help.Topics() {
			words = append(words, cobra.CompletionWithDesc(t.Name, t.Title))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// topicList is the list of topics at the end of relink's own help.
func topicList() string {
	var b strings.Builder
	for _, t := range help.Topics() {
		fmt.Fprintf(&b, "  %-16s %s\n", t.Name, t.Title)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
