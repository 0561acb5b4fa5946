package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

func TestWithoutPassword(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"postgres://u:secret@h/d":                             {"postgres://u@h/d", "secret"},
		"postgresql://u:secret@h:1,i:2/d?sslmode=require":     {"postgresql://u@h:1,i:2/d?sslmode=require", "secret"},
		"postgres://u:sec%40ret%2B+@h/d":                      {"postgres://u@h/d", "sec@ret++"},
		"postgres://u:a@secret@h/d":                           {"postgres://u@h/d", "a@secret"},
		"postgres://u@h/d?password=secret&sslmode=disable":    {"postgres://u@h/d?sslmode=disable", "secret"},
		"postgres://u@h?user=v&pass%77ord=secret":             {"postgres://u@h?user=v", "secret"},
		"postgres:///d?host=/tmp&password=secret":             {"postgres:///d?host=/tmp", "secret"},
		"postgres://u:x@h/d?password=secret&pool_max_conns=3": {"postgres://u@h/d", "secret"},
		"postgres://h/d":                                      {"postgres://h/d", ""},
		"host=h password=secret dbname=d":                     {"host=h dbname=d", "secret"},
		"host = h  password = 'sec ret' dbname='d x'":         {"host=h dbname='d x'", "sec ret"},
		`password='it\'s \\' user=u`:                          {"user=u", `it's \`},
		`host=h password=se\ cret`:                            {"host=h", "se cret"},
		"password=secret":                                     {"", "secret"},
		"host=h pool_max_conns=3":                             {"host=h", ""},
		"":                                                    {"", ""},
	} {
		without, password, _ := withoutPassword(address)
		if got := [2]string{without, password}; got != want {
			t.Errorf("withoutPassword(%q) = %q, want %q", address, got, want)
		}
		if want[1] != "" && strings.Contains(without, "secret") {
			t.Errorf("withoutPassword(%q) keeps it: %q", address, without)
		}
	}
	for _, address := range []string{"postgres://h/d?sslpassword=secret", "host=h sslpassword=secret"} {
		if without, _, key := withoutPassword(address); !key || strings.Contains(without, "secret") {
			t.Errorf("withoutPassword(%q) = %q, %v; want that it knows of the key's password", address, without, key)
		}
	}
}

// The password of a database stands in psql's environment, which only its user
// can read, and never among its arguments.
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
