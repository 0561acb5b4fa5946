package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/explain"
	"relink/linker/text"
)

func (a *commands) explainCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "explain [CODE]",
		Short:   "Explain what a code of the report means and how to fix it",
		GroupID: "more",
		Long: `Tell what a code of the report means, why it happens and how to fix it.
Without CODE, list all codes in the order in which they are tested.`,
		Example: `  relink explain entity_merged`,
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return codeNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.explainAll(asJSON)
			}
			return a.explain(args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	exit.List(cmd, map[int]string{exit.OK: "done", exit.Error: "there is no such code"}, exit.OK, exit.Error)
	return cmd
}

func codeNames() []string {
	codes := explain.Codes()
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = string(code)
	}
	return names
}

func (a *commands) explainAll(asJSON bool) error {
	var all []explain.Explanation
	for _, code := range explain.Codes() {
		if e, ok := explain.Explain(code); ok {
			all = append(all, e)
		}
	}
	if asJSON {
		return a.PrintJSON(all)
	}
	for _, e := range all {
		if err := a.Printf("%-24s %s\n", e.Code, e.Meaning); err != nil {
			return err
		}
	}
	return nil
}

func (a *commands) explain(name string, asJSON bool) error {
	code := strings.ToLower(strings.TrimSpace(name))
	e, ok := explain.Explain(linker.Code(code))
	if !ok {
		hint := "relink explain lists them all"
		if near := flags.Nearest(code, codeNames()); near != "" {
			hint = "did you mean " + near + "?"
		}
		return exit.Usage(hint, "there is no code %q", name)
	}
	if asJSON {
		return a.PrintJSON(e)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", e.Code)
	for _, part := range []struct{ title, text string }{
		{"Meaning", e.Meaning},
		{"Cause", e.Cause},
		{"Remedy", e.Remedy},
		{"Example", e.Example},
		{"Heals", heals(e.When)},
	} {
		if part.text != "" {
			fmt.Fprintf(&b, "%-9s%s\n", part.title, strings.Join(text.Wrap(part.text, 70), "\n         "))
		}
	}
	return a.Printf("%s", b.String())
}

// heals says when a row goes through without having been fixed, "" when never.
func heals(when string) string {
	if when == "" {
		return ""
	}
	return "By itself, when " + when + "; relink retry RUN sends such rows again."
}
