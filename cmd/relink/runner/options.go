package runner

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"relink/batch/source"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/reports"
)

// option is a flag of the commands that take a file. The table of them feeds the
// page of a run, the commands that its summary proposes, and what import --api
// refuses.
type option struct {
	flag string
	// about decides which commands repeat the flag.
	about about
	// given returns the values of the flag, as it takes them, one for each time
	// that it is given, none where the default holds, and "" for a flag without
	// a value. It is nil for a flag that is no setting of a run.
	given func(*Settings) []string
	// notAPI is why the flag cannot be used with --api, "" when it can.
	notAPI string
}

// about is what a flag is about.
type about int

const (
	fetching   about = iota // how a remote file is fetched
	reading                 // what the file is
	expanding               // what the rows are made of, where no file has them
	deciding                // what happens to its rows
	limiting                // when the run is refused
	explaining              // why the run is made
	writing                 // where the files of the run go, and how they look
	database                // how the run works on its database
)

const (
	serverDecides  = "the server decides that"
	serverReplaces = "the server replaces"
	notKnownBefore = "what would change is not known before"
)

// options are in the order in which help lists them.
var options = []option{
	{flag: "format", about: reading, given: word(func(s *Settings) string { return s.Format })},
	{flag: "delimiter", about: reading, given: word(func(s *Settings) string { return s.Delimiter })},
	{flag: "encoding", about: reading, given: word(func(s *Settings) string { return s.Encoding })},
	{flag: "sheet", about: reading, given: word(func(s *Settings) string { return s.Sheet })},
	{flag: "max-bytes", about: reading, given: func(s *Settings) []string {
		if s.MaxBytes == 0 || s.MaxBytes == source.DefaultMaxBytes {
			return nil
		}
		return []string{strconv.FormatInt(s.MaxBytes, 10)}
	}},
	{flag: "map", about: reading, given: func(s *Settings) (list []string) {
		for _, header := range slices.Sorted(maps.Keys(s.Map)) {
			list = append(list, header+"="+s.Map[header])
		}
		return list
	}},
	{flag: "set", about: reading, given: func(s *Settings) (list []string) {
		for f := range linker.FieldCount {
			if value := *s.Rules.Set.At(f); value != "" {
				list = append(list, f.String()+"="+value)
			}
		}
		return list
	}},
	{flag: "map-value", about: reading, given: func(s *Settings) (list []string) {
		for _, v := range s.Rules.Values {
			list = append(list, v.String())
		}
		return list
	}},
	{flag: "sftp-key-file", about: fetching},
	{flag: "known-hosts", about: fetching},
	{flag: "source-token-file", about: fetching},
	{flag: "organization", about: deciding, notAPI: "the token decides that", given: func(s *Settings) []string {
		if s.Rules.Organization == "" && s.Rules.Scope != nil {
			return joined(s.Rules.Scope.Organizations)
		}
		return when(s.Rules.Organization != "", s.Rules.Organization)
	}},
	{flag: "from", about: expanding, given: expansion(func(e *Expansion) []string { return when(e.From != "", e.From) })},
	{flag: "to", about: expanding, given: expansion(func(e *Expansion) []string { return when(e.To != "", e.To) })},
	{flag: "require-complete", about: expanding, given: expansion(func(e *Expansion) []string { return yes(e.RequireComplete) })},
	{flag: "connection", about: deciding, given: func(s *Settings) []string {
		if s.Expansion != nil {
			return joined(s.Expansion.Connections)
		}
		return scope(func(c *linker.Scope) []string { return joined(c.Connections) })(s)
	}},
	{flag: "clear-deleted", about: expanding, given: func(s *Settings) []string { return yes(s.Rules.ClearDeleted) }},
	{flag: "data-type", about: deciding, given: scope(func(c *linker.Scope) []string { return joined(c.DataTypes) })},
	{flag: "prune", about: deciding, given: scope(func(c *linker.Scope) []string { return yes(c.Prune) })},
	{flag: "take-over", about: deciding, given: scope(func(c *linker.Scope) []string { return yes(c.TakeOver) })},
	{flag: "on-conflict", about: deciding, given: func(s *Settings) []string { return when(s.Rules.LastWins, "last") }},
	{flag: "follow-merges", about: deciding, notAPI: serverDecides, given: func(s *Settings) []string { return yes(s.Rules.FollowMerges) }},
	{flag: "existing", about: deciding, notAPI: serverReplaces, given: func(s *Settings) []string { return when(s.Rules.KeepExisting, "keep") }},
	{flag: "keep-trigger", about: deciding, notAPI: serverReplaces, given: func(s *Settings) []string { return joined(s.Rules.KeepTriggers) }},
	{flag: "max-rejects", about: limiting, given: word(func(s *Settings) string { return s.Guard.MaxRejects.String() })},
	{flag: "min-rows", about: limiting, given: func(s *Settings) []string {
		return when(s.Guard.MinRows > 0, strconv.FormatInt(s.Guard.MinRows, 10))
	}},
	{
		flag: "max-new-rejects", about: limiting, notAPI: "the runs before are recorded in the database",
		given: word(func(s *Settings) string { return s.Guard.MaxNewRejects.String() }),
	},
	{flag: "max-changes", about: limiting, notAPI: notKnownBefore, given: word(func(s *Settings) string { return s.Guard.MaxChanges.String() })},
	{flag: "force", about: limiting, notAPI: notKnownBefore, given: func(s *Settings) []string {
		if s.Guard.Force == nil {
			return nil
		}
		return []string{strconv.FormatInt(*s.Guard.Force, 10)}
	}},
	{flag: "expect", about: database, notAPI: notKnownBefore, given: word(func(s *Settings) string { return s.Expect })},
	{flag: "approved", about: database, notAPI: notKnownBefore, given: func(s *Settings) []string {
		return when(s.Approved != 0, strconv.FormatInt(s.Approved, 10))
	}},
	{flag: "require-approval", about: database, notAPI: notKnownBefore, given: func(s *Settings) []string { return yes(s.RequireApproval) }},
	{flag: "out", about: writing, given: func(s *Settings) []string {
		usual, err := Absolute(flags.DefaultOut)
		return when(err != nil || s.Out != usual, RelativePath(s.Out))
	}},
	{flag: "out-group", about: writing, given: word(func(s *Settings) string { return s.OutGroup })},
	{flag: "report-format", about: writing, given: func(s *Settings) []string { return when(s.ReportFormat != "csv", s.ReportFormat) }},
	{flag: "report-compress", about: writing, given: word(func(s *Settings) string { return s.ReportCompress })},
	{flag: "reason", about: explaining},
	{flag: "environment", about: database, notAPI: "the label is that of a database"},
	{flag: "max-lag", about: database, notAPI: "that is of a database"},
	{flag: "lock-timeout", about: database, notAPI: "a server has no such lock"},
	{flag: "schema", about: database, notAPI: "that is of a database"},
}

// word is the value of a flag whose default is "".
func word(value func(*Settings) string) func(*Settings) []string {
	return func(s *Settings) []string { return when(value(s) != "", value(s)) }
}

// scope is the value of a flag that only reconcile has.
func scope(values func(*linker.Scope) []string) func(*Settings) []string {
	return func(s *Settings) []string {
		if s.Rules.Scope == nil {
			return nil
		}
		return values(s.Rules.Scope)
	}
}

// expansion is the value of a flag that only commands have which make their rows.
func expansion(values func(*Expansion) []string) func(*Settings) []string {
	return func(s *Settings) []string {
		if s.Expansion == nil {
			return nil
		}
		return values(s.Expansion)
	}
}

func when(given bool, value string) []string {
	if !given {
		return nil
	}
	return []string{value}
}

func yes(given bool) []string { return when(given, "") }

func joined(words []string) []string { return when(len(words) > 0, strings.Join(words, ",")) }

// Listed returns the settings that were given, for the page of a run.
func (s Settings) Listed() (list []reports.Option) {
	for _, o := range options {
		if o.given == nil {
			continue
		}
		for _, value := range o.given(&s) {
			if value == "" {
				value = "yes"
			}
			list = append(list, reports.Option{Name: o.flag, Value: value})
		}
	}
	return list
}

// flags returns the settings of these categories as they are given on a command
// line.
func (s Settings) flags(what ...about) string {
	var b strings.Builder
	for _, o := range options {
		if o.given == nil || !slices.Contains(what, o.about) {
			continue
		}
		for _, value := range o.given(&s) {
			b.WriteString(" --" + o.flag)
			if value != "" {
				b.WriteString(" " + flags.Quote(value))
			}
		}
	}
	return b.String()
}

// sameFlags repeats the flags of these categories that were given to a command.
func sameFlags(cmd *cobra.Command, what ...about) string {
	var names []string
	for _, o := range options {
		if slices.Contains(what, o.about) {
			names = append(names, o.flag)
		}
	}
	return flags.SameFlags(cmd, names...)
}

// CheckAPI refuses the flags that need a database, with the reason. None is
// ignored silently.
func CheckAPI(cmd *cobra.Command) error {
	for _, o := range options {
		if o.notAPI != "" && cmd.Flags().Changed(o.flag) {
			return exit.Usage("leave it out, or import with --database", "--%s does not go with --api: %s", o.flag, o.notAPI)
		}
	}
	return nil
}
