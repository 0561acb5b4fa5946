package servecmd

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker/httpapi"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
)

type serveOptions struct {
	app.DatabaseOptions
	listen       string
	opsListen    string
	tokensFile   string
	organization string
	environment  string
	tlsCert      string
	tlsKey       string
	insecure     bool
	rateLimit    int64
	connections  int64
}

const (
	defaultListen = "127.0.0.1:8080"
	// defaultConnections serves a few hundred requests a second, and leaves
	// the platform's own programs their share of max_connections.
	defaultConnections = 8
	// drainTimeout is how long requests in flight may take to finish. It is
	// longer than the server allows for any of them.
	drainTimeout = 30 * time.Second
)

func (a *commands) serveCommand() *cobra.Command {
	o := serveOptions{rateLimit: httpapi.DefaultPerMinute, connections: defaultConnections}
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Serve the HTTP operation for single recordings",
		GroupID: "rows",
		Long: `Serve the HTTP operation for single recordings:

  PUT    /v1/core/recordings/{id}/link   link the recording
  DELETE /v1/core/recordings/{id}/link   remove that link

by the rules by which "relink import" links the recordings of a file. Each
caller has a token for one organization, and nothing of others exists for it;
"relink serve token add" makes one. /openapi.json describes the operation, and
/healthz answers while the program runs. /readyz and /metrics tell of all
organizations: they are served only on the address that --ops-listen names.

SIGHUP reads the tokens and the certificate again. SIGTERM ends the requests in
hand, then the program.`,
		Example: `  relink serve token add --organization o-1 --tokens-file tokens
  relink serve --tokens-file tokens
  relink serve --tokens-file tokens --listen :8443 --tls-cert cert.pem --tls-key key.pem`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.NoCommand(cmd, args)
			}
			return a.serve(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&o.listen, "listen", defaultListen, "`ADDRESS` and port to listen on; an empty address is every one of this machine")
	fs.StringVar(&o.opsListen, "ops-listen", "", "`ADDRESS` and port for /readyz and /metrics, which callers should not reach; default: they are not served")
	fs.StringVar(&o.tokensFile, "tokens-file", "", "`FILE` with the hashes of the tokens; required")
	fs.StringVar(&o.tlsCert, "tls-cert", "", "`FILE` with the certificate and those that signed it, PEM")
	fs.StringVar(&o.tlsKey, "tls-key", "", "`FILE` with the certificate's key, PEM")
	fs.BoolVar(&o.insecure, "insecure-plaintext", false, "serve other machines without TLS: tokens can be read on the way")
	fs.Var(flags.PerMinute(&o.rateLimit), "rate-limit", "requests that each organization may make in any minute")
	o.DatabaseOptions.Register(fs)
	flags.RegisterEnvironment(fs, &o.environment)
	fs.StringVar(&o.organization, "organization", "", "accept the tokens of one organization only, an `ID`")
	fs.Var(flags.Whole(&o.connections, 1), "connections", "database connections to keep at most")
	exit.List(cmd, map[int]string{exit.OK: "stopped in good order", exit.Error: "wrong usage or configuration, or a fatal error"}, exit.OK, exit.Error)
	cmd.AddCommand(a.serveTokenCommand())
	return cmd
}

// check refuses options that would send tokens unencrypted.
func (o *serveOptions) check() error {
	switch {
	case o.tokensFile == "":
		return exit.Usage("`relink serve token add` makes one", "--tokens-file is missing")
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return exit.Usage("give both, or neither", "--tls-cert and --tls-key belong together")
	case o.tlsCert == "" && !o.insecure && !httpapi.IsLoopback(o.listen):
		return exit.Usage("give --tls-cert and --tls-key; --insecure-plaintext is for a proxy in front that does TLS",
			"--listen %s: other machines would send their tokens unencrypted", o.listen)
	}
	return nil
}

func (a *commands) serve(ctx context.Context, o serveOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	tokens, err := httpapi.OpenTokens(o.tokensFile, o.organization)
	if err != nil {
		return err
	}
	var cert *certificate
	if o.tlsCert != "" {
		if cert, err = openCertificate(o.tlsCert, o.tlsKey); err != nil {
			return err
		}
	}
	return a.OnDatabase(ctx, o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		cfg.ApplicationName = "relink serve"
		one, err := engine.NewSingle(ctx, cfg, int32(min(o.connections, 1<<15)))
		if err != nil {
			return err
		}
		defer one.Close()
		one.Environment = o.environment
		// /readyz waits for a database that is not up yet; one that is not the
		// platform's never becomes ready.
		if err := one.Ping(ctx); err != nil && !pg.IsUnavailable(err) {
			return err
		} else if err != nil {
			a.Stderr.Notice("the database cannot be reached yet: %v", err)
		}
		log := a.log()
		handler := httpapi.NewHandler(httpapi.Config{
			Linker: one, Tokens: tokens, PerMinute: int(o.rateLimit), IsUnavailable: pg.IsUnavailable, Log: log,
			// No organization can keep more than half of the connections busy.
			AtOnce: max(1, int(o.connections)/2),
		})
		leave, err := a.serveOperators(o.opsListen, handler, log)
		if err != nil {
			return err
		}
		defer leave()
		listener, err := net.Listen("tcp", o.listen)
		if err != nil {
			return fmt.Errorf("listening on %s: %w", o.listen, err)
		}
		scheme := "http"
		server := httpapi.NewServer(handler, log)
		if cert != nil {
			scheme = "https"
			server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}
		}
		defer a.reloadOnHangup(log, tokens, cert)()
		a.Stderr.Notice("listening on %s://%s (tokens: %d)", scheme, listener.Addr(), tokens.Len())
		return a.serveUntilStopped(ctx, server, listener, handler)
	})
}

// serveOperators serves /readyz and /metrics at an address of their own, until
// leave is called. They stay up while the requests in flight finish.
func (a *commands) serveOperators(address string, handler *httpapi.Handler, log *slog.Logger) (leave func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s for operators: %w", address, err)
	}
	server := httpapi.NewServer(handler.Operators(), log)
	go server.Serve(listener)
	a.Stderr.Notice("operators find /readyz and /metrics at http://%s", listener.Addr())
	return func() { server.Close() }, nil
}

// serveUntilStopped serves until a signal arrives, then shuts down gracefully.
func (a *commands) serveUntilStopped(ctx context.Context, server *http.Server, listener net.Listener, handler *httpapi.Handler) error {
	served := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			served <- server.ServeTLS(listener, "", "")
			return
		}
		served <- server.Serve(listener)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	a.Stderr.Notice("stopping; requests in hand are finished")
	handler.Drain()
	patience, cancel := context.WithTimeout(a.Hard, drainTimeout)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		server.Close()
		return fmt.Errorf("stopping: requests were cut off: %w", err)
	}
	return nil
}

// reloadOnHangup reloads tokens and certificate at each SIGHUP, until stop is
// called. What cannot be read stays as it was.
func (a *commands) reloadOnHangup(log *slog.Logger, tokens *httpapi.Tokens, cert *certificate) (stop func()) {
	hangup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-hangup:
			}
			if err := tokens.Reload(); err != nil {
				log.Error("tokens not reloaded, the old ones stay", "cause", err)
			} else {
				log.Info("tokens reloaded", "tokens", tokens.Len())
			}
			if cert == nil {
				continue
			}
			if err := cert.reload(); err != nil {
				log.Error("certificate not reloaded, the old one stays", "cause", err)
			} else {
				log.Info("certificate reloaded")
			}
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(done)
	}
}

// log returns the server's log: stderr, in the format of --log-format.
func (a *commands) log() *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if a.Quiet {
		options.Level = slog.LevelWarn
	}
	if a.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(a.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(a.Stderr, options))
}
