package flags

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/linker/text"
)

// FlagHint names the flag of cmd that an unknown flag was probably meant to
// be, "" when none is near.
func FlagHint(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return ""
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	near := Nearest(unknown.GetSpecifiedName(), names)
	if near == "" {
		return ""
	}
	return "did you mean --" + near + "?"
}

// Nearest returns the word that s was probably meant to be, "" when none is
// near.
func Nearest(s string, words []string) string {
	best, least := "", len(s)/3+2
	for _, w := range words {
		if d := text.Distance(s, w); d < least {
			best, least = w, d
		}
	}
	return best
}
