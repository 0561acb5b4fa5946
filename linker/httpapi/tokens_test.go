package httpapi_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/linker/httpapi"
)

func (x *service) tokensText() string {
	x.t.Helper()
	text, err := os.ReadFile(x.file)
	if err != nil {
		x.t.Fatal(err)
	}
	return string(text)
}

func (x *service) tokenTexts() []string {
	var all []string
	for _, token := range x.token {
		all = append(all, token)
	}
	return all
}

func TestTokensFileHoldsHashesOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	seen := map[string]bool{}
	for range 20 {
		token, err := httpapi.AddToken(path, "o 1")
		if err != nil {
			t.Fatal(err)
		}
		if seen[token] || len(token) != len("rlk_")+43 {
			t.Errorf("token %q, want 256 new bits", token)
		}
		seen[token] = true
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for token := range seen {
		if strings.Contains(string(text), strings.TrimPrefix(token, "rlk_")) {
			t.Error("the file holds a token")
		}
	}
	if n := strings.Count(string(text), "sha256:"); n != 20 {
		t.Errorf("the file has %d hashes, want 20", n)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}

func TestTokensFileIsRefused(t *testing.T) {
	t.Parallel()
	const good = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef o-1\n"
	tests := []struct {
		name, text   string
		mode         os.FileMode
		organization string
		want         string
	}{
		{"readable by the group", good, 0o640, "", "others can read it (mode 0640)"},
		{"readable by all", good, 0o604, "", "others can read it (mode 0604)"},
		{"empty", "# nothing\n\n", 0o600, "", "there is no token in it"},
		{"of others only", good, 0o600, "o-2", `there is no token of organization "o-2" in it`},
		{"a token in plain", good + "rlk_secret o-1\n", 0o600, "", ":2: the line does not begin with a hash"},
		{"half a hash", "sha256:0123 o-1\n", 0o600, "", ":1: the line does not begin with a hash"},
		{"no organization", strings.Fields(good)[0] + "\n", 0o600, "", ":1: the organization is missing"},
	}
	for _, test := range tests {
		path := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(path, []byte(test.text), test.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		_, err := httpapi.OpenTokens(path, test.organization)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "rlk_secret") {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		var hint interface{ Hint() string }
		if !errors.As(err, &hint) || hint.Hint() == "" {
			t.Errorf("%s: no hint", test.name)
		}
		if test.mode != 0o600 {
			if _, err := httpapi.AddToken(path, "o-1"); err == nil {
				t.Errorf("%s: a token was added", test.name)
			}
		}
	}
	if _, err := httpapi.OpenTokens(filepath.Join(t.TempDir(), "none"), ""); err == nil {
		t.Error("a file that is missing was opened")
	}
}

func TestAddTokenMendsALastLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte("# ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := httpapi.AddToken(path, "o-1"); err != nil {
		t.Fatal(err)
	}
	tokens, err := httpapi.OpenTokens(path, "o-1")
	if err != nil || tokens.Len() != 1 {
		t.Errorf("OpenTokens: %v, want one token", err)
	}
	if _, err := httpapi.AddToken(path, "a\nb"); err == nil {
		t.Error("an organization with a line break was accepted")
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	put := ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}
	before := x.tokensText()

	fresh, err := httpapi.AddToken(x.file, "o-1")
	if err != nil {
		t.Fatal(err)
	}
	withFresh := ask{token: "none", recording: "r-10", body: put.body, header: map[string]string{httpapi.TokenHeader: fresh}}
	if got := x.do(withFresh); got.status != 401 {
		t.Errorf("a new token before the reload: %d, want 401", got.status)
	}
	if err := x.tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := x.do(withFresh); got.status != 200 {
		t.Errorf("a new token: %d, want 200", got.status)
	}

	if err := os.WriteFile(x.file, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := x.tokens.Reload(); err == nil {
		t.Error("a broken file was read")
	}
	if got := x.do(put); got.status != 200 {
		t.Errorf("after a broken file: %d, want 200 as before", got.status)
	}

	_, second, _ := strings.Cut(before, "\n")
	if err := os.WriteFile(x.file, []byte(second), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := x.tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := x.do(put); got.status != 401 {
		t.Errorf("a token whose line was removed: %d, want 401", got.status)
	}
}
