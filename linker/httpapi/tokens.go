package httpapi

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
)

// Tokens are the tokens that a server accepts, each for one organization. They
// come from a file with a line for each,
//
//	sha256:<64 hexadecimal digits> <organization>
//
// blank lines and lines that begin with # aside. Who reads the file cannot
// make a token of it: tokens carry 256 random bits, so that a plain hash is
// enough. It is safe for concurrent use.
type Tokens struct {
	path         string
	organization string
	list         atomic.Pointer[[]caller]
}

// caller is who may call: what a line of the file says.
type caller struct {
	hash         [sha256.Size]byte
	name         string // the first digits of the hash, for the log
	organization string
}

const (
	// tokenPrefix lets scanners for leaked secrets find a token.
	tokenPrefix = "rlk_"
	hashPrefix  = "sha256:"
	// nameDigits is how much of the hash names a token in the log.
	nameDigits = 8
)

// OpenTokens reads the file at path. With an organization only its tokens are
// accepted. A file that others than its owner can read is refused, and so is
// one without a token.
func OpenTokens(path, organization string) (*Tokens, error) {
	t := &Tokens{path: path, organization: organization}
	if err := t.Reload(); err != nil {
		return nil, err
	}
	if t.Len() == 0 {
		of := ""
		if organization != "" {
			of = fmt.Sprintf(" of organization %q", organization)
		}
		return nil, &fileError{
			path, "there is no token" + of + " in it",
			"`relink serve token add --organization ID --tokens-file " + path + "` makes one",
		}
	}
	return t, nil
}

// Reload reads the file again. When it cannot be read or understood, the
// tokens stay as they were; a line that was removed is a token revoked.
func (t *Tokens) Reload() error {
	f, err := openSecret(t.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	list, err := readTokens(t.path, f)
	if err != nil {
		return err
	}
	kept := list[:0]
	for _, c := range list {
		if t.organization == "" || c.organization == t.organization {
			kept = append(kept, c)
		}
	}
	t.list.Store(&kept)
	return nil
}

// Len is the number of tokens that are accepted.
func (t *Tokens) Len() int { return len(*t.list.Load()) }

// find tells who a token belongs to. All hashes are compared, each in constant
// time, so that how long it takes tells nothing.
func (t *Tokens) find(secret string) (found caller, ok bool) {
	hash := sha256.Sum256([]byte(secret))
	list := *t.list.Load()
	at := -1
	for i := range list {
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], list[i].hash[:]), i, at)
	}
	if at < 0 {
		return caller{}, false
	}
	return list[at], true
}

func readTokens(path string, r io.Reader) ([]caller, error) {
	var list []caller
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		c, err := readToken(line)
		if err != nil {
			return nil, &fileError{fmt.Sprintf("%s:%d", path, n), err.Error(), "a line is sha256:HASH ORGANIZATION, as `relink serve token add` writes it"}
		}
		list = append(list, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return list, nil
}

func readToken(line string) (c caller, err error) {
	written, ok := strings.CutPrefix(line, hashPrefix)
	digits, organization, _ := strings.Cut(written, " ")
	c.organization = strings.TrimSpace(organization)
	hash, err := hex.DecodeString(digits)
	switch {
	case !ok || err != nil || len(hash) != len(c.hash):
		// Not repeated: it may be a token that somebody pasted.
		return c, errors.New("the line does not begin with a hash")
	case c.organization == "":
		return c, errors.New("the organization is missing")
	}
	copy(c.hash[:], hash)
	c.name = digits[:nameDigits]
	return c, nil
}

// AddToken makes a token for an organization, adds its hash to the file at
// path, which is created when it is missing, and returns the token. Nobody can
// be told it again.
func AddToken(path, organization string) (token string, err error) {
	organization = strings.TrimSpace(organization)
	if organization == "" || strings.ContainsAny(organization, "\r\n") {
		return "", fmt.Errorf("organization %q cannot be written on a line", organization)
	}
	f, err := openSecret(path, os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return "", err
	}
	defer f.Close()
	before, err := io.ReadAll(f)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	if _, err := readTokens(path, strings.NewReader(string(before))); err != nil {
		return "", err
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(token))
	line := hashPrefix + hex.EncodeToString(hash[:]) + " " + organization + "\n"
	if len(before) > 0 && before[len(before)-1] != '\n' {
		line = "\n" + line
	}
	_, err = f.WriteString(line)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", path, err)
	}
	return token, nil
}

// openSecret opens a file that only its owner may read.
func openSecret(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fileError{
			path, "there is no such file",
			"`relink serve token add --organization ID --tokens-file " + path + "` makes it",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the tokens file: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("opening the tokens file: %w", err)
	case !info.Mode().IsRegular():
		f.Close()
		return nil, &fileError{path, "it is not a regular file", ""}
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		f.Close()
		return nil, &fileError{path, fmt.Sprintf("others can read it (mode %04o)", info.Mode().Perm()), "chmod 600 " + path}
	}
	return f, nil
}

// fileError says what is wrong with a file and what to do about it.
type fileError struct{ place, what, hint string }

func (e *fileError) Error() string { return e.place + ": " + e.what }

// Hint returns what to do about it.
func (e *fileError) Hint() string { return e.hint }
