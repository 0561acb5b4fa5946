package main

import (
	"github.com/spf13/cobra"

	"relink/linker/httpapi"
)

func (a *app) serveTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make tokens for the callers of the server",
		Args:  cobra.ArbitraryArgs,
		RunE:  a.noCommand,
	}
	cmd.AddCommand(a.serveTokenAddCommand())
	return cmd
}

func (a *app) serveTokenAddCommand() *cobra.Command {
	var organization, tokensFile string
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Make a token for an organization and print it",
		Long: `Make a token for an organization and print it. The file gets its hash only, so
the token is shown this once. A running server takes it up at SIGHUP. To revoke
a token, remove its line from the file and send SIGHUP; the log calls a token by
the first eight digits of its hash.`,
		Example: `  relink serve token add --organization o-1 --tokens-file tokens > token`,
		Args:    positional(),
		RunE: func(*cobra.Command, []string) error {
			switch {
			case organization == "":
				return usage("", "--organization is missing: a token is for one organization")
			case tokensFile == "":
				return usage("it is made when it is missing", "--tokens-file is missing")
			}
			token, err := httpapi.AddToken(tokensFile, organization)
			if err != nil {
				return err
			}
			return a.printf("%s\n", token)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&organization, "organization", "", "`ID` of the organization that the caller works for; required")
	flags.StringVar(&tokensFile, "tokens-file", "", "`FILE` that gets the token's hash; required")
	exits(cmd, map[int]string{statusOK: "the token is printed"}, statusOK, statusError)
	return cmd
}
