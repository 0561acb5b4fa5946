package servecmd

import (
	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker/httpapi"
	"relink/linker/private"
)

func (a *commands) serveTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke the tokens of callers",
		Args:  cobra.ArbitraryArgs,
		RunE:  a.NoCommand,
	}
	cmd.AddCommand(a.serveTokenAddCommand(), a.serveTokenListCommand(), a.serveTokenRevokeCommand())
	return cmd
}

// tokenCommandOf returns one of the commands below token, which all work on a
// tokens file.
func (a *commands) tokenCommandOf(cmd *cobra.Command, tokensFile *string) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *tokensFile == "" {
			return exit.Usage("`relink serve token add` makes it", "--tokens-file is missing")
		}
		return run(cmd, args)
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(tokensFile, "tokens-file", "", "`FILE` with the hashes of the tokens; required")
	exit.List(cmd, map[int]string{exit.OK: "done"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) serveTokenAddCommand() *cobra.Command {
	var organization, tokensFile, out string
	cmd := a.tokenCommandOf(&cobra.Command{
		Use:   "add",
		Short: "Make a token for an organization and print it",
		Long: `Make a token for an organization and print it. The file gets its hash only, so
the token is shown this once; --out writes it into a file that only you can read
instead. A running server takes it up at SIGHUP.`,
		Example: `  relink serve token add --organization o-1 --tokens-file tokens --out token`,
		Args:    app.Positional(),
		RunE: func(*cobra.Command, []string) error {
			if organization == "" {
				return exit.Usage("", "--organization is missing: a token is for one organization")
			}
			return a.addToken(tokensFile, organization, out)
		},
	}, &tokensFile)
	cmd.Flags().StringVar(&organization, "organization", "", "`ID` of the organization that the caller works for; required")
	cmd.Flags().StringVar(&out, "out", "", "new `FILE` for the token, which only you can read; default: print it")
	flags.OnlyTyped(cmd.Flags(), "out")
	return cmd
}

func (a *commands) addToken(tokensFile, organization, out string) error {
	add := func() (string, error) { return httpapi.AddToken(tokensFile, organization) }
	if out != "" {
		return private.Create(out, add)
	}
	token, err := add()
	if err != nil {
		return err
	}
	return a.Printf("%s\n", token)
}

func (a *commands) serveTokenListCommand() *cobra.Command {
	var tokensFile string
	return a.tokenCommandOf(&cobra.Command{
		Use:   "list",
		Short: "List the tokens of a file: name and organization",
		Long: `List the tokens of a file: name and organization. A token's name is the first
eight digits of its hash; the server's log calls it so, too.`,
		Args: app.Positional(),
		RunE: func(*cobra.Command, []string) error {
			tokens, err := httpapi.ListTokens(tokensFile)
			if err != nil {
				return err
			}
			for _, t := range tokens {
				if err := a.Printf("%s  %s\n", t.Name, t.Organization); err != nil {
					return err
				}
			}
			return nil
		},
	}, &tokensFile)
}

func (a *commands) serveTokenRevokeCommand() *cobra.Command {
	var tokensFile string
	return a.tokenCommandOf(&cobra.Command{
		Use:   "revoke NAME",
		Short: "Remove a token from a file",
		Long: `Remove a token from a file. NAME is as "relink serve token list" and the log of
the server write it, or more digits of the hash. A running server accepts the
token until it gets SIGHUP.`,
		Example: `  relink serve token revoke 5d41402a --tokens-file tokens`,
		Args:    app.Positional("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			revoked, left, err := httpapi.RevokeToken(tokensFile, args[0])
			if err != nil {
				return err
			}
			if left == 0 {
				a.Stderr.Notice("no token is left: a server refuses such a file and keeps the tokens it has; stop it")
			}
			if a.Quiet {
				return nil
			}
			return a.Printf("token %s of organization %q is revoked; send SIGHUP to the server\n", revoked.Name, revoked.Organization)
		},
	}, &tokensFile)
}
