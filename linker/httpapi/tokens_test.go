package httpapi_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// good is a file of one token.
const good = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef o-1\n"

func TestTokensFileIsRefused(t *testing.T) {
	t.Parallel()
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
		{"cut off", good + "sha256:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef o-2", 0o600, "", ":2: the last line has no line end"},
		{"cut off in a comment", good + "# to be", 0o600, "", ":2: the last line has no line end"},
		{"line ends of Windows", strings.ReplaceAll(good, "\n", "\r\n"), 0o600, "", ":1: the line holds the control character U+000D"},
		{"NUL", good + "\x00\n", 0o600, "", ":2: the line holds the control character U+0000"},
		{"an organization that reads backwards", strings.ReplaceAll(good, "o-1", "o\u202e-1"), 0o600, "", ":1: the line holds the control character U+202E"},
		{"a byte order mark", "\ufeff" + good, 0o600, "", ":1: the line holds the control character U+FEFF"},
		{"one token twice", good + "\n" + good, 0o600, "", ":3: the token stands in line 1 already"},
		{"one token for two organizations", good + strings.ReplaceAll(good, "o-1", "o-2"), 0o600, "", ":2: the token stands in line 1 already"},
		{"one token twice, in capitals", good + "sha256:" + strings.ToUpper(good[7:71]) + " o-2\n", 0o600, "", ":2: the token stands in line 1 already"},
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

// Nothing is added to a file that may be cut off, or that is not what it looks
// like: it stays as it is.
func TestAddTokenRefuses(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"# ours", good[:len(good)-1], good + good, good + "\x00\n", "# \u202e\n"} {
		path := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := httpapi.AddToken(path, "o-1")
		if after, _ := os.ReadFile(path); err == nil || string(after) != before {
			t.Errorf("a token was added to %q: %v, now %q", before, err, after)
		}
	}
	path := filepath.Join(t.TempDir(), "tokens")
	for _, organization := range []string{"", " ", "a\nb", "a\tb", "a\u202eb", "a\u2028b", "a\xffb"} {
		if _, err := httpapi.AddToken(path, organization); err == nil {
			t.Errorf("organization %q was accepted", organization)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused organization left a file")
	}
}

// Many processes that add at a time lose nothing, and a reader never finds half
// a file.
func TestAddTokenReplacesTheFileWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	if _, err := httpapi.AddToken(path, "o-0"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if _, err := httpapi.AddToken(path, fmt.Sprint("o-", i)); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			if _, err := httpapi.ListTokens(path); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	tokens, err := httpapi.ListTokens(path)
	if err != nil || len(tokens) != 21 {
		t.Errorf("%d tokens, %v; want 21", len(tokens), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("the folder holds %v, want the file alone", left)
	}
}

func TestRevokeToken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	const text = "# keep me\n" +
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef o-1\n\n" +
		"sha256:0123456700abcdef0123456789abcdef0123456789abcdef0123456789abcdef o-2\n" +
		"sha256:0123456799ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef o 3\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "digits", "0123": "digits", "deadbeef": "no token", "01234567": "3 tokens", "o-1": "digits"} {
		_, _, err := httpapi.RevokeToken(path, name)
		if after, _ := os.ReadFile(path); err == nil || !strings.Contains(err.Error(), want) || string(after) != text {
			t.Errorf("revoking %q: %v, want %q and the file as it was", name, err, want)
		}
	}
	got, left, err := httpapi.RevokeToken(path, "sha256:0123456799abcdef")
	if err != nil || got.Organization != "o 3" || left != 2 {
		t.Errorf("revoked %+v, %d left, %v; want the one of o 3, and 2", got, left, err)
	}
	want, _, _ := strings.Cut(text, "sha256:0123456799")
	if after, _ := os.ReadFile(path); string(after) != want {
		t.Errorf("the file is now\n%s, want\n%s", after, want)
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

	for _, broken := range []string{"broken", "", "# nobody\n", before[:len(before)-1], before + before} {
		if err := os.WriteFile(x.file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := x.tokens.Reload(); err == nil {
			t.Errorf("a broken file was read: %q", broken)
		}
		if got := x.do(put); got.status != 200 {
			t.Errorf("after the broken file %q: %d, want 200 as before", broken, got.status)
		}
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
