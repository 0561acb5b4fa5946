package flags

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"relink/batch/source"
	"relink/batch/source/remote"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/guard"
	"relink/linker/text"
	"relink/reports/folder"
)

// InputOptions specify how a file is to be read.
type InputOptions struct {
	Format    string
	delimiter string
	Encoding  string
	Sheet     string
	maps      []string
	sets      []string
	Values    []linker.Replacement
	// Remote applies to a remote file. Its Notice is not set.
	Remote   remote.Options
	MaxBytes int64
}

func (o *InputOptions) Register(flags *pflag.FlagSet) {
	o.RegisterBytes(flags)
	flags.StringArrayVar(&o.maps, "map", nil, "read a column as a field, as in `'SFDC Id=externalId'`, or ignore it, as in 'Owner='; may be repeated, also for one field")
	flags.StringArrayVar(&o.sets, "set", nil, "fill a field where a row leaves it empty, as in `dataType=LEAD`; may be repeated")
	flags.Var(replacements{&o.Values}, "map-value", "read a value of a field as another, as in dataType:Deal=OPPORTUNITY, or as none, as in trigger:NULL=; may be repeated")
}

// RegisterBytes adds the flags that say where the file is and how it is written, and
// nothing of its fields.
func (o *InputOptions) RegisterBytes(flags *pflag.FlagSet) {
	flags.Var(word{&o.Format, []string{"csv", "jsonl"}}, "format", "what the file is; default: by its name, standard input by its first byte")
	flags.StringVar(&o.delimiter, "delimiter", "", "`CHAR` between CSV cells; default: a comma, a semicolon, tab or |, as the header shows")
	flags.StringVar(&o.Encoding, "encoding", "", "text encoding by its `NAME`, such as windows-1252; default: UTF-8, or UTF-16 with a byte order mark")
	flags.StringVar(&o.Sheet, "sheet", "", "`NAME` of the sheet to read of a workbook (.xlsx); default: the first that is not hidden")
	flags.StringVar(&o.Remote.SFTPKeyFile, "sftp-key-file", "", "`FILE` with the private key for sftp:// addresses; default: the SSH agent, then ~/.ssh/id_*")
	flags.StringVar(&o.Remote.KnownHosts, "known-hosts", "", "`FILE` with the keys of the hosts of sftp:// addresses; default: ~/.ssh/known_hosts")
	flags.StringVar(&o.Remote.TokenFile, "source-token-file", "", "`FILE` with a bearer token for https:// addresses")
	o.MaxBytes = source.DefaultMaxBytes
	flags.Var(size{&o.MaxBytes}, "max-bytes", "refuse a file that is larger, unpacked")
}

// fieldNamed finds a field by its name as a user may write it.
func fieldNamed(name string) (linker.Field, error) {
	f, ok := linker.ParseField(name)
	if !ok {
		return f, fmt.Errorf("there is no field %q: use %s", name, text.OneOf(linker.FieldNames()))
	}
	return f, nil
}

// Set parses the values of --set.
func (o *InputOptions) Set() (linker.Fields, error) {
	var set linker.Fields
	for _, s := range o.sets {
		name, value, ok := strings.Cut(s, "=")
		value = strings.TrimSpace(value)
		if !ok || value == "" {
			return set, exit.Usage("write --set FIELD=VALUE", "--set: value %q: a field and a value are needed", s)
		}
		field, err := fieldNamed(strings.TrimSpace(name))
		if err != nil {
			return set, exit.Usage("", "--set: %w", err)
		}
		if *set.At(field) != "" {
			return set, exit.Usage("keep one of them", "--set: %s is given twice", field)
		}
		// A wrong word here would be the fault of every row of the file.
		switch field {
		case linker.FieldDataType:
			err = word{&value, linker.DataTypes}.Set(value)
		case linker.FieldTrigger:
			err = word{&value, linker.Triggers}.Set(value)
		}
		if err != nil {
			return set, exit.Usage("", "--set: %s %q is unknown: %w", field, value, err)
		}
		*set.At(field) = value
	}
	return set, nil
}

// Columns parses the values of --map: the field for each header, "" for a
// header that is to be ignored. Several headers may feed one field; a row that
// fills two of them is refused when it is read. A header may itself contain an
// equals sign.
func (o *InputOptions) Columns() (map[string]string, error) {
	columns := map[string]string{}
	for _, m := range o.maps {
		i := strings.LastIndex(m, "=")
		if i <= 0 {
			return nil, exit.Usage("write --map 'HEADER=FIELD'", "--map: value %q: a header and a field are needed", m)
		}
		header := strings.TrimSpace(m[:i])
		name := strings.TrimSpace(m[i+1:])
		if _, twice := columns[header]; twice {
			return nil, exit.Usage("keep one of them", "--map: header %q is used twice", header)
		}
		if name == "" {
			columns[header] = ""
			continue
		}
		field, err := fieldNamed(name)
		if err != nil {
			return nil, exit.Usage("", "--map: %w", err)
		}
		columns[header] = field.String()
	}
	return columns, nil
}

// Separator parses --delimiter, "" when it is to be detected.
func (o *InputOptions) Separator() (string, error) {
	r, err := source.ParseDelimiter(o.delimiter)
	if err != nil {
		return "", exit.Usage("", "--delimiter: %w", err)
	}
	if r == 0 {
		return "", nil
	}
	return string(r), nil
}

// OutputOptions specify where a run writes its files, and what it prints to
// stdout.
type OutputOptions struct {
	Out          string
	OutGroup     string
	ReportFormat string
	// ReportCompress is one of folder.Compressions, "" for none.
	ReportCompress string
	JSON           bool
}

// Extension returns the extension of a report of the given format and
// compression: csv, jsonl.zst.
func Extension(format, compress string) string {
	if compress == "" {
		return format
	}
	return format + "." + compress
}

// DefaultOut is the folder that the folders of runs are made in.
const DefaultOut = "relink-runs"

func (o *OutputOptions) Register(flags *pflag.FlagSet) {
	o.ReportFormat = "csv"
	flags.StringVar(&o.Out, "out", DefaultOut, "`FOLDER` in which the run gets a folder of its own")
	flags.StringVar(&o.OutGroup, "out-group", "", "`GROUP` whose members may read that folder; default: only you")
	flags.Var(word{&o.ReportFormat, []string{"csv", "jsonl"}}, "report-format", "what the report is written as")
	flags.Var(word{&o.ReportCompress, folder.Compressions}, "report-compress", "compress the report")
	flags.BoolVar(&o.JSON, "json", false, "print summary.json instead of the summary")
}

// GuardOptions are the limits that are judged before the first write.
type GuardOptions struct{ guard.Guard }

// RegisterFile adds the limits that the file alone can break.
func (o *GuardOptions) RegisterFile(flags *pflag.FlagSet) {
	o.RegisterRejects(flags)
	flags.Var(whole{&o.MinRows, 0}, "min-rows", "refuse a file with fewer rows")
}

// RegisterRejects adds the limit on rejected rows.
func (o *GuardOptions) RegisterRejects(flags *pflag.FlagSet) {
	flags.Var(limit{&o.MaxRejects}, "max-rejects", "refuse the file when more rows are rejected, a number or a percentage of the rows")
}

// Register adds all limits. changes describes the default of --max-changes.
func (o *GuardOptions) Register(flags *pflag.FlagSet, changes string) {
	o.RegisterFile(flags)
	flags.Var(limit{&o.MaxNewRejects}, "max-new-rejects", "refuse the file when more rows are rejected that the last run of this scope did not reject too, "+
		"a number or a percentage of the rows; rows that it did reject do not count for the exit status")
	o.RegisterChanges(flags, changes)
}

// RegisterChanges adds the limits on what becomes of links.
func (o *GuardOptions) RegisterChanges(flags *pflag.FlagSet, changes string) {
	flags.Var(limit{&o.MaxChanges}, "max-changes", "refuse to replace or clear more links, a number or a percentage, for each connection and for the whole; "+changes)
	flags.Var(optional{&o.Force}, "force", "pass --max-changes when the plan changes exactly `N` links")
}

// RuleOptions decide the outcome of a row.
type RuleOptions struct {
	Organization string
	onConflict   string
	followMerges bool
	existing     string
	keepTriggers []string
}

func (o *RuleOptions) Register(flags *pflag.FlagSet) {
	o.onConflict, o.existing = "reject", "replace"
	flags.Var(word{&o.onConflict, []string{"reject", "last"}}, "on-conflict", "rows that ask for different targets of one recording: reject them all, or let the last one win")
	o.RegisterFollow(flags)
	flags.Var(word{&o.existing, []string{"replace", "keep"}}, "existing", "recordings that have a link already: replace it, or keep it")
	o.RegisterKeep(flags)
}

// RegisterFollow adds the flag about merged CRM rows.
func (o *RuleOptions) RegisterFollow(flags *pflag.FlagSet) {
	flags.BoolVar(&o.followMerges, "follow-merges", false, "link the survivor of a merged CRM row instead of rejecting the row")
}

// RegisterKeep adds the flag that leaves links by what made them.
func (o *RuleOptions) RegisterKeep(flags *pflag.FlagSet) {
	flags.Var(words{&o.keepTriggers, linker.Triggers, "TRIGGER[,...]"}, "keep-trigger", "never replace or clear a link made by one of these triggers")
}

// Rules returns the options as the linker's rules. set is the value of --set.
func (o *RuleOptions) Rules(set linker.Fields) linker.Rules {
	return linker.Rules{
		Set:          set,
		Organization: o.Organization,
		LastWins:     o.onConflict == "last",
		FollowMerges: o.followMerges,
		KeepExisting: o.existing == "keep",
		KeepTriggers: o.keepTriggers,
	}
}

// RunOptions specify why a run is made and how it uses its database.
type RunOptions struct {
	Reason   string
	Expect   string // the approved report, "" for none
	Approved int64  // the dry run whose approved plan is carried out, 0 for none
	// RequireApproval asks for the approval of another database role.
	RequireApproval bool
	Environment     string // the label that the database must have, "" for any
	Lanes           int64
	BatchRows       int64
	LockTimeout     time.Duration
	RetryTimeout    time.Duration
	PaceOptions
}

// defaultRetryTimeout is how long a run tries to get its database back before
// it ends as interrupted: a restart of the server, a failover.
const defaultRetryTimeout = 5 * time.Minute

// Register adds the flags of a command that begins a run.
func (o *RunOptions) Register(flags *pflag.FlagSet) {
	flags.StringVar(&o.Expect, "expect", "", "write only if the plan's report equals `REPORT`, that of an approved dry run, byte for byte")
	flags.Var(whole{&o.Approved, 1}, "approved", "write only the plan of this dry run, as it was approved with relink approve")
	flags.BoolVar(&o.RequireApproval, "require-approval", false, "write only a plan that another database role has approved: of a dry run of this file with these options")
	flags.Var(reason{&o.Reason}, "reason", fmt.Sprintf("why the run is made, kept in its record and shown with it; at most %d characters", linker.MaxReason))
	o.RegisterAgain(flags)
}

// RegisterAgain adds the flags of a command that continues a run.
func (o *RunOptions) RegisterAgain(flags *pflag.FlagSet) {
	RegisterEnvironment(flags, &o.Environment)
	o.RetryTimeout = defaultRetryTimeout
	flags.Var(whole{&o.Lanes, 1}, "lanes", "database connections that write at the same time; default: one a processor, 2 to 4")
	flags.Var(whole{&o.BatchRows, 1}, "batch-rows", "rows that one transaction writes; default: as many as a quarter of a second is enough for")
	flags.Var(period{&o.LockTimeout}, "lock-timeout", "how long to wait while another run is writing; default: not at all")
	flags.Var(period{&o.RetryTimeout}, "retry-timeout", "how long to try to get a lost database back")
	o.PaceOptions.Register(flags)
}

// RegisterEnvironment adds the flag that names what a database is called.
func RegisterEnvironment(flags *pflag.FlagSet, value *string) {
	flags.StringVar(value, "environment", "", "`LABEL` that the database must have: see relink db label; one that is protected must be named by whatever writes to it")
}

// LocalDatabase is the word that names the private PostgreSQL instead of a URL. A
// database of it may follow: local/demo.
const LocalDatabase = "local"
