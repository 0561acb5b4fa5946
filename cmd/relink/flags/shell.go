package flags

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// SameFlags repeats the named flags as far as they were given, for the command
// that a summary proposes next.
func SameFlags(cmd *cobra.Command, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		flag := cmd.Flags().Lookup(name)
		if flag == nil || !flag.Changed {
			continue
		}
		values := []string{flag.Value.String()}
		if many, ok := flag.Value.(pflag.SliceValue); ok {
			values = many.GetSlice()
		}
		for _, value := range values {
			b.WriteString(" --" + name)
			if flag.NoOptDefVal == "" {
				b.WriteString(" " + Quote(value))
			}
		}
	}
	return b.String()
}

// QuotePath is Quote for a file name, which must not be mistaken for a flag.
func QuotePath(path string) string {
	if strings.HasPrefix(path, "-") && path != "-" {
		path = "./" + path
	}
	return Quote(path)
}

// Quote makes s a single word for a shell, with as few quotes as possible.
func Quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_./:=@%+,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
