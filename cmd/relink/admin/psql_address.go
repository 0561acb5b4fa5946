package admin

import (
	"net/url"
	"strings"
)

// withoutPassword removes the password from the address of a database, in every
// form that libpq reads: everyone on the machine can read the arguments of a
// process. The password of a key (sslpassword) cannot be passed to psql in
// another way; keySecret reports that there was one. Parameters that only
// connection pools understand are removed, too, since psql refuses them.
func withoutPassword(address string) (without, password string, keySecret bool) {
	scheme, rest, isURL := strings.Cut(address, "://")
	if !isURL || scheme != "postgres" && scheme != "postgresql" {
		return keywordsWithoutPassword(address)
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, hasPath := strings.Cut(rest, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		user, secret, _ := strings.Cut(authority[:at], ":")
		authority = user + authority[at:]
		password = unescape(secret)
	}
	var kept []string
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		switch name = unescape(name); {
		case name == "password":
			password = unescape(value)
		case name == "sslpassword":
			keySecret = keySecret || value != ""
		case parameter != "" && !strings.HasPrefix(name, "pool_"):
			kept = append(kept, parameter)
		}
	}
	without = scheme + "://" + authority
	if hasPath {
		without += "/" + path
	}
	if len(kept) > 0 {
		without += "?" + strings.Join(kept, "&")
	}
	return without, password, keySecret
}

// unescape decodes the percent-encoding of a part of a URL. libpq does not
// treat a plus sign as a space.
func unescape(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// keywordsWithoutPassword does the same for keywords and values: host=h
// password='it”s'. Values may be in quotes, with \ before a quote or a \.
func keywordsWithoutPassword(s string) (without, password string, keySecret bool) {
	var kept []string
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			if s != "" {
				kept = append(kept, s)
			}
			return strings.Join(kept, " "), password, keySecret
		}
		name = strings.TrimSpace(name)
		rest = strings.TrimLeft(rest, " \t\r\n")
		value, raw := keywordValue(rest)
		switch s = rest[len(raw):]; {
		case name == "password":
			password = value
		case name == "sslpassword":
			keySecret = keySecret || value != ""
		case !strings.HasPrefix(name, "pool_"):
			kept = append(kept, name+"="+raw)
		}
	}
}

// keywordValue returns the value at the beginning of s, and its length as
// written.
func keywordValue(s string) (value, raw string) {
	var b strings.Builder
	quoted := strings.HasPrefix(s, "'")
	i := 0
	if quoted {
		i = 1
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && c == '\'':
			return b.String(), s[:i+1]
		case !quoted && strings.IndexByte(" \t\r\n", c) >= 0:
			return b.String(), s[:i]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), s
}
