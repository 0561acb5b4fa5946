package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relink/cmd/relink/exit"
)

// A value that is empty, as "$ID" is when the variable was not set, is never
// taken for all, or for the default.
func TestEmptyIsNotAll(t *testing.T) {
	t.Parallel()
	links := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(links, []byte("recordingId,dataType,id\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for command, names := range map[string]string{
		"import " + links:    "organization expect schema database out out-group encoding delimiter api token-file metrics-file log-format keep-trigger",
		"reconcile " + links: "organization schema database connection data-type",
		"revert 1":           "schema database out",
		"resume 1":           "schema database token-file",
		"report 1":           "schema database",
		"runs":               "schema database",
		"validate " + links:  "out encoding delimiter",
		"serve":              "organization schema database listen ops-listen tokens-file tls-cert tls-key",
		"serve token add":    "organization tokens-file out",
		"serve token list":   "tokens-file",
		"db check":           "schema database",
		"db migrate":         "schema database",
		"db psql":            "schema database",
	} {
		for name := range strings.FieldsSeq(names) {
			for _, empty := range []string{"", " ", "\t\n"} {
				if empty != "" && name == "delimiter" {
					continue // a blank is a character
				}
				args := append(strings.Fields(command), "--"+name, empty)
				got := call(t, nil, "", args...)
				if got.status != exit.Error || !strings.Contains(got.stderr, "--"+name) || !strings.Contains(got.stderr, "empty") && !strings.Contains(got.stderr, "value") {
					t.Errorf("relink %s --%s %q exits %d and says %q, want 1 and that it is empty", command, name, empty, got.status, got.stderr)
				}
			}
		}
	}
}

// Blanks around an id are of the shell or the file it comes from.
func TestIDsAreTrimmed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 2)
	w.accounts("c-1", 1, 2)
	links := w.raw("links.csv", "recordingId,dataType,id\nr-1,ACCOUNT,a-c-1-1\n")
	secret := filepath.Join(w.dir, "database")
	for _, text := range []string{w.url, w.url + "\n", " " + w.url + " \r\n"} {
		if err := os.WriteFile(secret, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for how, env := range map[string][]string{
			"variable": {"RELINK_DATABASE=" + text}, "file": {"RELINK_DATABASE_FILE=" + secret}, "the other variable": {"DATABASE_URL=" + text},
		} {
			got := call(t, env, "", "import", "--dry-run", "--schema", " public ", "--out", w.dir, links)
			if got.status != exit.OK {
				t.Errorf("%s with %q exits %d: %s", how, text, got.status, got.stderr)
			}
		}
		if got := call(t, nil, "", "import", "--dry-run", "--database", text, "--out", w.dir, links); got.status != exit.OK {
			t.Errorf("flag with %q exits %d: %s", text, got.status, got.stderr)
		}
	}
	if err := os.Chmod(secret, 0o640); err != nil {
		t.Fatal(err)
	}
	got := call(t, []string{"RELINK_DATABASE_FILE=" + secret}, "", "import", "--dry-run", links)
	if got.status != exit.Error || !strings.Contains(got.stderr, "others can read it (mode 0640)") || !strings.Contains(got.stderr, "chmod 600") {
		t.Errorf("a secret that others can read: exits %d and says %q", got.status, got.stderr)
	}
}

// A secret may come from a pipe that nobody writes to: a signal must still be
// handled.
func TestSecretPipeIsInterrupted(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	links := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(links, []byte("recordingId,dataType,id\nr,ACCOUNT,e\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ env, args []string }{
		{[]string{"RELINK_DATABASE_FILE=" + pipe}, []string{"runs"}},
		{nil, []string{"import", "--api", "http://127.0.0.1:1", "--token-file", pipe, links}},
	} {
		status, said := interrupted(t, test.env, test.args...)
		if status != exit.Interrupted {
			t.Errorf("%v with %v exits %d and says %q, want 130", test.args, test.env, status, said)
		}
	}
	got := call(t, nil, "", "serve", "--tokens-file", pipe)
	if got.status != exit.Error || !strings.Contains(got.stderr, "it is a pipe") {
		t.Errorf("serve with a pipe of tokens exits %d and says %q, want 1", got.status, got.stderr)
	}
}

// A file without a row for a long while can be interrupted.
func TestBlankLinesAreInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"links.csv": "recordingId,dataType,id\n", "links.jsonl": "{}\n"} {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(text)
		blank := []byte(strings.Repeat("\n", 1<<20))
		for range 400 {
			if _, err := f.Write(blank); err != nil {
				t.Fatal(err)
			}
		}
		f.Close()
		status, said := interrupted(t, nil, "validate", "--out", dir, path)
		if status != exit.Interrupted {
			t.Errorf("validate %s exits %d and says %q, want 130", name, status, said)
		}
		os.Remove(path)
	}
}

// interrupted starts the program, sends SIGTERM soon after, and returns how it
// ended.
func interrupted(t *testing.T, env []string, args ...string) (status int, said string) {
	t.Helper()
	cmd := exec.Command("relink", args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		<-ended
		t.Errorf("%v does not hear SIGTERM", args)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}
