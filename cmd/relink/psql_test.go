package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

// The password of a database is in psql's environment, which only its user can
// read, and never among its arguments.
func TestPsqlGetsNoPasswordAsArgument(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	said := filepath.Join(folder, "said")
	script := fmt.Sprintf("#!/bin/sh\necho \"args $*\" > %[1]s\necho \"env $PGPASSWORD\" >> %[1]s\n", said)
	if err := os.WriteFile(filepath.Join(folder, "psql"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"postgres://u:hidden@127.0.0.1:1/d", "postgres://u@127.0.0.1:1/d?password=hidden", "host=127.0.0.1 port=1 user=u password=hidden", "host=127.0.0.1 password = 'hidden'",
	} {
		got := call(t, []string{"RELINK_PG_BIN=" + folder}, "", "db", "psql", "--database", address)
		if got.status != exit.OK {
			t.Fatalf("db psql with %s exits %d: %s", address, got.status, got.stderr)
		}
		args, env, _ := strings.Cut(read(t, said), "\n")
		if strings.Contains(args, "hidden") || strings.TrimSpace(env) != "env hidden" {
			t.Errorf("with %s psql got %q and %q, want the password in its environment alone", address, args, env)
		}
	}
	got := call(t, []string{"RELINK_PG_BIN=" + folder}, "", "db", "psql", "--database", "host=127.0.0.1 sslpassword=hidden")
	if got.status != exit.Error || !strings.Contains(got.stderr, "sslpassword") || strings.Contains(got.stderr, "hidden") {
		t.Errorf("with sslpassword: exits %d and says %q, want that it is refused", got.status, got.stderr)
	}
}
