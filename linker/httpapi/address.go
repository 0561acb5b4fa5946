package httpapi

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// AddressError reports why an address cannot be used, and what to write
// instead.
type AddressError struct{ what, hint string }

func (e *AddressError) Error() string { return e.what }

// Hint returns what to do about it.
func (e *AddressError) Hint() string { return e.hint }

// ParseAddress reads and judges the address of a server, wherever it comes
// from, and returns it as it is used: trimmed, and without a slash at its end.
// Unless plaintext is true, http is for this machine only, since the token is
// sent with every request. The error is an *AddressError.
func ParseAddress(given string, plaintext bool) (string, error) {
	const hint = "write https://host, the platform's root without /v1"
	refuse := func(hint, format string, args ...any) (string, error) {
		return "", &AddressError{fmt.Sprintf(format, args...), hint}
	}
	u, err := url.Parse(strings.TrimSpace(given))
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return refuse(hint, "%q is not the address of a server", withoutUser(given))
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return refuse(hint, "the server's address is host and path only, without user, ? or #")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return refuse(hint, "%q has a port that cannot be: %s", given, u.Port())
	}
	if u.Scheme == "http" && !plaintext && !IsLoopback(u.Hostname()) {
		return refuse("write https://, or give --insecure-plaintext if the way is safe", "%s: the token would be sent unencrypted", u)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// withoutUser removes what is before an @: it may be a password.
func withoutUser(s string) string {
	if at := strings.LastIndex(s, "@"); at >= 0 {
		return "…" + s[at:]
	}
	return s
}
