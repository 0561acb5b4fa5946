package pg

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"relink/linker/text"
)

// AddressError says which part of a database's address is wrong. It never holds
// a password.
type AddressError struct{ what, hint string }

func (e *AddressError) Error() string { return "the database URL cannot be read: " + e.what }

// Hint returns what to write instead.
func (e *AddressError) Hint() string { return e.hint }

const addressHint = "write it as postgres://user:password@host:5432/database, with special characters in the password percent-encoded"

// parse reads an address as a pool's, so that pool_max_conns and its like, which
// a platform's own URL may carry, are understood and not sent on.
func parse(address string) (*pgxpool.Config, error) {
	address = strings.TrimSpace(address)
	if what, hint := wrongForm(address); what != "" {
		return nil, &AddressError{what, hint}
	}
	parsed, err := pgxpool.ParseConfig(address)
	if err != nil {
		what, hint := wrongPart(address)
		return nil, &AddressError{what, hint}
	}
	for name := range parsed.ConnConfig.RuntimeParams {
		// What is no keyword goes to the server as a setting of the session.
		near := slices.IndexFunc(keywords, func(k string) bool { return name != k && text.Distance(name, k) <= 2 })
		if near >= 0 && !slices.Contains(keywords, name) {
			return nil, &AddressError{fmt.Sprintf("the parameter %s is unknown", text.Quote(name)), "did you mean " + keywords[near] + "?"}
		}
	}
	return parsed, nil
}

// keywords are the parameters that people write.
var keywords = []string{
	"host", "port", "dbname", "database", "user", "password", "passfile", "service", "servicefile", "options", "connect_timeout",
	"application_name", "target_session_attrs", "search_path", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslsni",
	"statement_timeout", "lock_timeout", "client_encoding",
}

// wrongForm says what is wrong with an address before it is read: much of it
// would be taken for something else. "" means that it has a form that is known.
func wrongForm(address string) (what, hint string) {
	scheme, rest, isURL := strings.Cut(address, "://")
	switch {
	case address == "":
		return "", "" // what PGHOST and the like say
	case len(address) > 1 && strings.ContainsAny(address[:1], `"'`) && address[0] == address[len(address)-1]:
		return "it is in quotes", "take the quotes away; files of variables often keep them"
	case strings.ContainsAny(address, "\r\n"):
		return "it holds a line break", "write it on one line"
	case !isURL && !strings.Contains(address, "="):
		return "it does not begin with postgres://", addressHint
	case !isURL || strings.ContainsAny(scheme, "= "):
		return "", ""
	case scheme != "postgres" && scheme != "postgresql":
		return fmt.Sprintf("it begins with %s, not with postgres://", text.Quote(scheme+"://")), addressHint
	}
	return wrongAuthority(rest), addressHint
}

// wrongPart names the part of an address that could not be read, as far as that
// can be told.
func wrongPart(address string) (what, hint string) {
	parameter := keywordOf
	if strings.Contains(address, "://") {
		parameter = queryOf
	}
	if mode := parameter(address, "sslmode"); mode != "" && !slices.Contains(sslModes, mode) {
		return fmt.Sprintf("sslmode %s is unknown", text.Quote(mode)), "use " + text.OneOf(sslModes)
	}
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey"} {
		path := parameter(address, name)
		if path == "" || name == "sslrootcert" && path == "system" {
			continue
		}
		if _, err := os.ReadFile(path); err != nil {
			return fmt.Sprintf("%s: %v", name, err), "check the path; this user must be allowed to read the file"
		}
		if parameter(address, "sslcert") == "" != (parameter(address, "sslkey") == "") {
			return "sslcert and sslkey belong together", "give both, or neither"
		}
		return fmt.Sprintf("%s: %s is not a file of the right kind", name, path), "it must be PEM"
	}
	if timeout := parameter(address, "connect_timeout"); timeout != "" {
		if _, err := strconv.Atoi(timeout); err != nil {
			return fmt.Sprintf("connect_timeout %s is not a number of seconds", text.Quote(timeout)), addressHint
		}
	}
	return "a part of it has a form that is not known", addressHint
}

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// wrongAuthority says what is wrong between postgres:// and the parameters.
func wrongAuthority(rest string) string {
	rest, _, _ = strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	switch {
	case strings.ContainsAny(rest, " \t"):
		return "user, password, host or database holds white space"
	case strings.Contains(rest, "#"):
		return "the password holds a #, which must be written %23"
	case strings.Contains(path, "@"):
		return "the password holds a /, which must be written %2F"
	}
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		if _, err := url.PathUnescape(authority[:at]); err != nil {
			return "user or password holds a %, which must be written %25"
		}
		authority = authority[at+1:]
	}
	for host := range strings.SplitSeq(authority, ",") {
		colon := strings.LastIndex(host, ":")
		if colon < 0 || colon < strings.LastIndex(host, "]") {
			continue
		}
		if port, err := strconv.ParseUint(host[colon+1:], 10, 16); err != nil || port == 0 {
			return fmt.Sprintf("the port %s is not a number from 1 to 65535", text.Quote(host[colon+1:]))
		}
	}
	return ""
}

// queryOf returns a parameter behind the ? of a URL.
func queryOf(address, name string) string {
	_, query, _ := strings.Cut(address, "?")
	values, _ := url.ParseQuery(query)
	return values.Get(name)
}

// keywordOf returns the value of a keyword, "" when it is in quotes: those are
// rare, and then the part is not named.
func keywordOf(address, name string) string {
	for word := range strings.FieldsSeq(address) {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return strings.Trim(value, "'")
		}
	}
	return ""
}
