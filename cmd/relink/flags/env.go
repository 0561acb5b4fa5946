package flags

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/exit"
	"relink/linker/private"
)

// Environment is the process's environment as a map.
type Environment map[string]string

func ParseEnvironment(pairs []string) Environment {
	env := make(Environment, len(pairs))
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

// Flags that loosen a guard or remove links must be given on the command line,
// never inherited.
var notFromEnvironment = []string{"force", "prune", "take-over", "max-changes"}

// Variables of relink that are not flags. RELINK_PG_BIN is the folder of the
// server binaries for the local database.
var otherVariables = []string{"RELINK_PG_BIN"}

// secretFlag marks a flag whose value may also be in a file, named by
// RELINK_<FLAG>_FILE.
const secretFlag = "relink_secret"

func MarkSecret(flags *pflag.FlagSet, name string) { annotate(flags, name, secretFlag) }

// typedFlag marks a flag of one command that has no variable: the variable of
// that name is another command's.
const typedFlag = "relink_typed"

func OnlyTyped(flags *pflag.FlagSet, name string) { annotate(flags, name, typedFlag) }

func annotate(flags *pflag.FlagSet, name, mark string) {
	flag := flags.Lookup(name)
	if flag.Annotations == nil {
		flag.Annotations = map[string][]string{}
	}
	flag.Annotations[mark] = []string{"true"}
}

// variable returns the environment variable of a flag: RELINK_MAX_REJECTS for
// --max-rejects.
func variable(flag string) string {
	return "RELINK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Bind sets every flag of cmd that is not on the command line from its
// environment variable. An empty variable counts as unset. Flags that may be
// repeated take one value per line.
func (env Environment) Bind(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Changed || flag.Name == "help" || flag.Annotations[typedFlag] != nil || slices.Contains(notFromEnvironment, flag.Name) {
			return
		}
		name := variable(flag.Name)
		value, err := env.lookup(cmd.Context(), name, flag.Annotations[secretFlag] != nil)
		if err != nil {
			errs = append(errs, err)
			return
		}
		if value == "" {
			return
		}
		values := []string{value}
		if _, many := flag.Value.(pflag.SliceValue); many {
			values = strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
		}
		for _, v := range values {
			if err := cmd.Flags().Set(flag.Name, v); err != nil {
				errs = append(errs, exit.Usage("see "+cmd.CommandPath()+" --help", "%w", ValueError(name, err)))
				return
			}
		}
	})
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Changed && flag.Value.Type() == "string" {
			errs = append(errs, tidy(flag))
		}
	})
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	return errors.Join(errs[:min(1, len(errs))]...)
}

// asWritten are the values in which white space at the ends may be intended, by
// their name in the usage.
var asWritten = []string{"FILE", "FOLDER", "REPORT", "CHAR"}

// tidy refuses a flag that is given an empty value: --organization "$ID" with
// an unset variable would mean every organization. An id or an address is
// trimmed: white space around it comes from the file or the shell.
func tidy(flag *pflag.Flag) error {
	value := flag.Value.String()
	trimmed := strings.TrimSpace(value)
	what, _ := pflag.UnquoteUsage(flag)
	switch {
	case value == "" || trimmed == "" && what != "CHAR":
		return exit.Usage("give it a value, or leave it out", "--%s is empty", flag.Name)
	case slices.Contains(asWritten, what):
		return nil
	}
	return flag.Value.Set(trimmed)
}

// lookup returns a variable's value, for a secret also from the file that the
// variable with the suffix _FILE names.
func (env Environment) lookup(ctx context.Context, name string, secret bool) (string, error) {
	value := env[name]
	path := env[name+"_FILE"]
	if !secret || path == "" {
		return value, nil
	}
	if value != "" {
		return "", exit.Usage("keep one of them", "%s and %s_FILE are both set", name, name)
	}
	value, err := private.Read(ctx, path)
	if err != nil {
		return "", fmt.Errorf("reading %s_FILE: %w", name, err)
	}
	return value, nil
}

// Misnamed lists the RELINK_ variables that no command reads, each with the
// reason: a misspelt guard in a cron job must not pass in silence.
func (env Environment) Misnamed(root *cobra.Command) []string {
	known := slices.Clone(otherVariables)
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		add := func(flag *pflag.Flag) {
			known = append(known, variable(flag.Name))
			if flag.Annotations[secretFlag] != nil {
				known = append(known, variable(flag.Name)+"_FILE")
			}
		}
		cmd.PersistentFlags().VisitAll(add)
		cmd.Flags().VisitAll(add)
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)

	var notes []string
	for name, value := range env {
		if value == "" || !strings.HasPrefix(name, "RELINK_") {
			continue
		}
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "RELINK_"), "_", "-"))
		switch {
		case slices.Contains(notFromEnvironment, flag):
			notes = append(notes, fmt.Sprintf("%s is ignored: --%s is only taken from the command line", name, flag))
		case !slices.Contains(known, name):
			notes = append(notes, fmt.Sprintf("%s is ignored: there is no flag --%s", name, flag))
		}
	}
	slices.Sort(notes)
	return notes
}
