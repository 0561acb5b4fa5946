package pg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is wrong with an address is named, and never the password.
func TestAddressErrorsNameThePart(t *testing.T) {
	t.Parallel()
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"mysql://u:hidden@h/d":                       `"mysql://", not with postgres://`,
		"jdbc:postgresql://h/d?password=hidden":      `"jdbc:postgresql://", not with`,
		"https://u:hidden@h/d":                       `"https://", not with`,
		"h/d":                                        "does not begin with postgres://",
		"postgres:/u:hidden@h/d":                     "does not begin with postgres://",
		`"postgres://u:hidden@h/d"`:                  "in quotes",
		`'postgres://u:hidden@h/d'`:                  "in quotes",
		"postgres://u:hidden@h/d\nx":                 "line break",
		"postgres://u:hid den@h/d":                   "white space",
		"postgres://u:hidden#@h/d":                   "a #, which must be written %23",
		"postgres://u:hidden/@h/d":                   "a /, which must be written %2F",
		"postgres://u:hidden%zz@h/d":                 "a %, which must be written %25",
		"postgres://u:hidden@h:x/d":                  `the port "x"`,
		"postgres://u:hidden@h:99999/d":              `the port "99999"`,
		"postgres://u:hidden@h:1,i:0/d":              `the port "0"`,
		"postgres://u:hidden@h/d?sslmode=full":       `sslmode "full" is unknown`,
		"host=h password=hidden sslmode=on":          `sslmode "on" is unknown`,
		"postgres://u:hidden@h/d?sslrootcert=/nope":  "sslrootcert: open /nope",
		"postgres://h/d?sslrootcert=" + noPEM:        "is not a file of the right kind",
		"postgres://h/d?sslcert=" + noPEM:            "belong together",
		"postgres://h/d?connect_timeout=soon":        `connect_timeout "soon"`,
		"host=h password=hidden prot=1":              `the parameter "prot" is unknown`,
		"postgres://u:hidden@h/d?sslmod=disable":     `the parameter "sslmod" is unknown`,
		"postgres://u:hidden@h/d?ssl_mode=require":   `the parameter "ssl_mode" is unknown`,
		"postgres://u:hidden@h/d?sslroot_cert=/nope": `the parameter "sslroot_cert" is unknown`,
	} {
		_, err := Config{URL: address}.PoolConfig()
		var wrong *AddressError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || wrong.Hint() == "" || strings.Contains(err.Error()+wrong.Hint(), "hid") {
			t.Errorf("%s: %v, want %q and a hint", address, err, want)
		}
	}
	for _, address := range []string{
		"", " postgres://h/d\n", "postgres://u:p@h:1,i:2/d?target_session_attrs=read-write", "host=h port=1", "postgres://h/d?work_mem=64MB&pool_max_conns=3",
		"postgres://h/d?statement_timeout=5s&role=relink&timezone=UTC", "postgres:///d?host=/tmp&user=u", "postgres://h/d?schema=x",
	} {
		if _, err := (Config{URL: address}).PoolConfig(); err != nil {
			t.Errorf("%q: %v, want that it is read", address, err)
		}
	}
}
