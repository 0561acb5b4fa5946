package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker/httpapi"
	"relink/linker/private"
)

// apiOptions say which server is asked where there is no way to its database.
type apiOptions struct {
	url       string
	tokenFile string
	insecure  bool
}

func (o *apiOptions) register(fs *pflag.FlagSet) {
	fs.StringVar(&o.url, "api", "", "send the rows to the HTTP operation of the server at `URL` instead of to a database")
	o.registerAgain(fs)
}

// registerAgain adds what may be another when a run is resumed.
func (o *apiOptions) registerAgain(fs *pflag.FlagSet) {
	fs.BoolVar(&o.insecure, "insecure-plaintext", false, "send the token to another machine without TLS, for an http URL")
	fs.StringVar(&o.tokenFile, "token-file", "", "`FILE` with the token for --api, which only you can read")
}

// describeRate says of --rate, once it is registered, what holds with --api.
func describeRate(fs *pflag.FlagSet) {
	fs.Lookup("rate").Usage = fmt.Sprintf("rows a minute, at most; default: no limit on a database, %d with --api", httpapi.DefaultPerMinute)
}

func (a *commands) importThroughAPI(cmd *cobra.Command, path string, o importOptions) error {
	if err := a.checkAPI(cmd, o); err != nil {
		return err
	}
	in, err := a.Input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	s := runner.APISettings{API: o.api.url, Rate: cmp.Or(o.run.Rate, httpapi.DefaultPerMinute), Reason: o.run.Reason}
	if s.Settings, err = runner.NewSettings(in, o.rules.Rules(in.Set), o.guard.Guard, o.OutputOptions); err != nil {
		return err
	}
	r := o.api.runner(a, o.run, o.JSON)
	r.DryRun, r.Next = o.dryRun, runner.NextAfterAPI(cmd, in.Path)
	if !o.dryRun {
		if r.Client, err = a.newClient(cmd, s.API, o.api, o.run); err != nil {
			return err
		}
	}
	ctx, ended := runner.WithDeadline(cmd.Context(), a.Console, cmd, o.run.PaceOptions)
	defer ended()
	return r.Begin(ctx, in, s)
}

// runner makes the runs of this command line.
func (o *apiOptions) runner(a *commands, run flags.RunOptions, json bool) *runner.API {
	again := " --token-file " + flags.Quote(runner.RelativePath(o.tokenFile))
	if o.insecure {
		again += " --insecure-plaintext"
	}
	return &runner.API{Console: a.Console, Lanes: int(run.Lanes), JSON: json, ResumeFlags: again}
}

// checkAPI refuses options that do not go with --api.
func (a *commands) checkAPI(cmd *cobra.Command, o importOptions) error {
	if o.Database != "" && o.Database != a.Env["RELINK_DATABASE"] {
		return exit.Usage("keep one of them", "--api and --database are both given")
	}
	if err := runner.CheckAPI(cmd); err != nil {
		return err
	}
	if o.api.tokenFile == "" && !o.dryRun {
		return exit.Usage("it holds one line, the token", "--token-file is missing")
	}
	if _, err := httpapi.ParseAddress(o.api.url, o.api.insecure); err != nil {
		return exit.Usage("", "--api: %w", err)
	}
	return nil
}

// newClient reads the token and makes a client of it for the server at address.
func (a *commands) newClient(cmd *cobra.Command, address string, o apiOptions, run flags.RunOptions) (*httpapi.Client, error) {
	token, err := private.Read(cmd.Context(), o.tokenFile)
	if err != nil {
		return nil, fmt.Errorf("reading --token-file: %w", err)
	}
	cfg := httpapi.ClientConfig{
		URL: address, Token: token, Plaintext: o.insecure, PerMinute: int(run.Rate), Connections: int(run.Lanes),
		Notice: func(text string) { a.Stderr.Notice("%s", text) },
	}
	// The default of the flag is for databases. A row that no server
	// answers holds up those behind it, so it is tried for less long.
	if cmd.Flags().Changed("retry-timeout") {
		cfg.RetryTimeout = max(run.RetryTimeout, 1)
	}
	client, err := httpapi.NewClient(cfg)
	if err != nil {
		return nil, exit.Usage("", "--api: %w", err)
	}
	return client, nil
}
