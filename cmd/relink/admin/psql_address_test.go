package admin

import (
	"strings"
	"testing"
)

func TestWithoutPassword(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"postgres://u:secret@h/d":                             {"postgres://u@h/d", "secret"},
		"postgresql://u:secret@h:1,i:2/d?sslmode=require":     {"postgresql://u@h:1,i:2/d?sslmode=require", "secret"},
		"postgres://u:sec%40ret%2B+@h/d":                      {"postgres://u@h/d", "sec@ret++"},
		"postgres://u:a@secret@h/d":                           {"postgres://u@h/d", "a@secret"},
		"postgres://u@h/d?password=secret&sslmode=disable":    {"postgres://u@h/d?sslmode=disable", "secret"},
		"postgres://u@h?user=v&pass%77ord=secret":             {"postgres://u@h?user=v", "secret"},
		"postgres:///d?host=/tmp&password=secret":             {"postgres:///d?host=/tmp", "secret"},
		"postgres://u:x@h/d?password=secret&pool_max_conns=3": {"postgres://u@h/d", "secret"},
		"postgres://h/d":                                      {"postgres://h/d", ""},
		"host=h password=secret dbname=d":                     {"host=h dbname=d", "secret"},
		"host = h  password = 'sec ret' dbname='d x'":         {"host=h dbname='d x'", "sec ret"},
		`password='it\'s \\' user=u`:                          {"user=u", `it's \`},
		`host=h password=se\ cret`:                            {"host=h", "se cret"},
		"password=secret":                                     {"", "secret"},
		"host=h pool_max_conns=3":                             {"host=h", ""},
		"":                                                    {"", ""},
	} {
		without, password, _ := withoutPassword(address)
		if got := [2]string{without, password}; got != want {
			t.Errorf("withoutPassword(%q) = %q, want %q", address, got, want)
		}
		if want[1] != "" && strings.Contains(without, "secret") {
			t.Errorf("withoutPassword(%q) keeps it: %q", address, without)
		}
	}
	for _, address := range []string{"postgres://h/d?sslpassword=secret", "host=h sslpassword=secret"} {
		if without, _, key := withoutPassword(address); !key || strings.Contains(without, "secret") {
			t.Errorf("withoutPassword(%q) = %q, %v; want that it knows of the key's password", address, without, key)
		}
	}
}
