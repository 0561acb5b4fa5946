//go:build unix

package localpg

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Not parallel: it changes the environment.
func TestServerGetsNoSecretsOfOurs(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_SECRET_ACCESS_KEY": "hidden-1", "RELINK_DATABASE": "postgres://u:hidden-2@h/d", "PGPASSWORD": "hidden-3",
		"LANG": "de_DE.UTF-8", "HTTPS_PROXY": "http://u:hidden-4@proxy",
	} {
		t.Setenv(name, value)
	}
	s := start(t, Config{Dir: newDir(t), Throwaway: true})
	defer s.Leave(context.Background())
	pid, err := s.PID()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if os.IsNotExist(err) {
		text, err = []byte(strings.Join(environment(), "\x00")), nil // no Linux
	}
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "LC_ALL=C") {
		t.Errorf("the environment has no LC_ALL=C: %q", text)
	}
	for _, hidden := range []string{"hidden", "AWS_", "RELINK_", "PGPASSWORD", "PROXY", "de_DE"} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("the server's environment has %s: %q", hidden, text)
		}
	}
}

// A link in the place of a folder leads nowhere, whoever owns what it points
// to.
func TestFoldersAreNotLinks(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	target, link, file := filepath.Join(dir, "target"), filepath.Join(dir, "link"), filepath.Join(dir, "file")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	o := currentOwner()
	for _, path := range []string{link, file} {
		if err := o.mkdir(path); err == nil || !strings.Contains(err.Error(), "not a folder of ours") {
			t.Errorf("mkdir %s: %v, want that it is refused", path, err)
		}
	}
	info, err := os.Stat(target)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the folder behind the link has mode %v, %v; want 0755 as before", info.Mode(), err)
	}
	if err := o.mkdir(target); err != nil {
		t.Errorf("mkdir of a folder of ours: %v", err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("a folder of ours has mode %v, %v; want 0700", info.Mode(), err)
	}
}
