package httpapi

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"relink/linker/private"
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

// caller is who may call, according to one line of the file.
type caller struct {
	hash         [sha256.Size]byte
	name         string // the first digits of the hash, for the log
	organization string
}

// Token is a token of a file, without the secret, which cannot be recovered.
type Token struct {
	// Name is the first eight digits of its hash, by which the log calls it.
	Name         string
	Organization string
}

const (
	// tokenPrefix lets scanners for leaked secrets find a token.
	tokenPrefix = "rlk_"
	hashPrefix  = "sha256:"
	// nameDigits is how much of the hash names a token in the log.
	nameDigits = 8
)

// OpenTokens reads the file at path. With an organization only its tokens are
// accepted. The error is that of Reload.
func OpenTokens(path, organization string) (*Tokens, error) {
	t := &Tokens{path: path, organization: organization}
	return t, t.Reload()
}

// Reload reads the file again. A line that was removed is a token revoked. The
// tokens stay as they were when the file cannot be read, can be read by others,
// may be cut off, or has no token: half a file must not lock out its callers.
func (t *Tokens) Reload() error {
	text, err := private.ReadAll(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &private.Error{Place: t.path, What: "there is no such file", Remedy: t.addHint("it")}
	}
	if err != nil {
		return fmt.Errorf("opening the tokens file: %w", err)
	}
	list, err := parseTokens(t.path, text)
	if err != nil {
		return err
	}
	if t.organization != "" {
		list = slices.DeleteFunc(list, func(c caller) bool { return c.organization != t.organization })
	}
	if len(list) == 0 {
		of := ""
		if t.organization != "" {
			of = fmt.Sprintf(" of organization %q", t.organization)
		}
		return &private.Error{Place: t.path, What: "there is no token" + of + " in it", Remedy: t.addHint("one")}
	}
	t.list.Store(&list)
	return nil
}

func (t *Tokens) addHint(what string) string {
	return "`relink serve token add --organization ID --tokens-file " + t.path + "` makes " + what
}

// Len is the number of tokens that are accepted.
func (t *Tokens) Len() int { return len(*t.list.Load()) }

// find returns who a token belongs to. All hashes are compared, each in
// constant time, so that the time it takes reveals nothing.
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

// parseTokens reads the lines of a file.
func parseTokens(path string, text []byte) ([]caller, error) {
	var list []caller
	lineOf := map[[sha256.Size]byte]int{}
	n := 0
	fault := func(what string) error {
		return &private.Error{Place: fmt.Sprintf("%s:%d", path, n), What: what, Remedy: "a line is sha256:HASH ORGANIZATION, as `relink serve token add` writes it"}
	}
	for line := range strings.Lines(string(text)) {
		n++
		line, whole := strings.CutSuffix(line, "\n")
		if r, there := controlIn(line); there {
			return nil, fault(fmt.Sprintf("the line holds the control character %U", r))
		}
		if !whole {
			return nil, &private.Error{Place: fmt.Sprintf("%s:%d", path, n), What: "the last line has no line end: the file may be cut off", Remedy: "check that it is complete, and end its last line"}
		}
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		c, err := parseToken(line)
		if err != nil {
			return nil, fault(err.Error())
		}
		if first := lineOf[c.hash]; first != 0 {
			return nil, fault(fmt.Sprintf("the token stands in line %d already", first))
		}
		lineOf[c.hash] = n
		list = append(list, c)
	}
	return list, nil
}

// controlIn finds a character that is invisible, or that reorders the text next
// to it: a line of the file must be what it looks like.
func controlIn(s string) (r rune, ok bool) {
	at := strings.IndexFunc(s, func(r rune) bool {
		return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	})
	if at < 0 {
		return 0, false
	}
	r, _ = utf8.DecodeRuneInString(s[at:])
	return r, true
}

func parseToken(line string) (c caller, err error) {
	written, ok := strings.CutPrefix(line, hashPrefix)
	digits, organization, _ := strings.Cut(written, " ")
	c.organization = strings.TrimSpace(organization)
	hash, err := hex.DecodeString(digits)
	switch {
	case !ok || err != nil || len(hash) != len(c.hash):
		// Not repeated: it may be a pasted token.
		return c, errors.New("the line does not begin with a hash")
	case c.organization == "":
		return c, errors.New("the organization is missing")
	}
	copy(c.hash[:], hash)
	c.name = hex.EncodeToString(hash)[:nameDigits]
	return c, nil
}

// AddToken makes a token for an organization, adds its hash to the file at
// path, which is created if necessary, and returns the token. It cannot be
// recovered later.
func AddToken(path, organization string) (token string, err error) {
	organization = strings.TrimSpace(organization)
	if _, control := controlIn(organization); control || organization == "" {
		return "", fmt.Errorf("organization %q cannot be written on a line", organization)
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(token))
	return token, editTokens(path, func(text []byte) ([]byte, error) {
		_, err := parseTokens(path, text)
		return append(text, hashPrefix+hex.EncodeToString(hash[:])+" "+organization+"\n"...), err
	})
}

// ListTokens returns the tokens of the file at path, in its order.
func ListTokens(path string) ([]Token, error) {
	text, err := private.ReadAll(path)
	if err != nil {
		return nil, fmt.Errorf("opening the tokens file: %w", err)
	}
	callers, err := parseTokens(path, text)
	tokens := make([]Token, len(callers))
	for i, c := range callers {
		tokens[i] = Token{c.name, c.organization}
	}
	return tokens, err
}

// RevokeToken removes from the file at path the token whose hash begins with
// name, which has eight digits or more, and returns it and how many are left.
func RevokeToken(path, name string) (revoked Token, left int, err error) {
	name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), hashPrefix))
	if len(name) < nameDigits {
		return revoked, 0, fmt.Errorf("a token is named by the first %d digits of its hash or more", nameDigits)
	}
	err = editTokens(path, func(text []byte) ([]byte, error) {
		callers, err := parseTokens(path, text)
		if err != nil {
			return nil, err
		}
		var found []caller
		for _, c := range callers {
			if strings.HasPrefix(hex.EncodeToString(c.hash[:]), name) {
				found = append(found, c)
			}
		}
		switch {
		case len(found) == 0:
			return nil, &private.Error{Place: path, What: fmt.Sprintf("no token in it has the name %q", name), Remedy: "relink serve token list names those there are"}
		case len(found) > 1:
			return nil, &private.Error{Place: path, What: fmt.Sprintf("%d tokens in it have names that begin with %q", len(found), name), Remedy: "give more digits of the hash, as it stands in the file"}
		}
		revoked, left = Token{found[0].name, found[0].organization}, len(callers)-1
		var kept []byte
		for line := range strings.Lines(string(text)) {
			if c, err := parseToken(strings.TrimSpace(line)); err == nil && c.hash == found[0].hash {
				continue
			}
			kept = append(kept, line...)
		}
		return kept, nil
	})
	return revoked, left, err
}

func editTokens(path string, change func([]byte) ([]byte, error)) error {
	if err := private.Edit(path, change); err != nil {
		return fmt.Errorf("changing the tokens file: %w", err)
	}
	return nil
}
