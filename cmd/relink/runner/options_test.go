package runner

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/batch/source"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/guard"
)

// fileFlags are the flags of a command that takes a file.
type fileFlags struct {
	input  flags.InputOptions
	rules  flags.RuleOptions
	guard  flags.GuardOptions
	output flags.OutputOptions
}

func (f *fileFlags) command() *cobra.Command {
	cmd := &cobra.Command{Use: "import FILE"}
	f.input.Register(cmd.Flags())
	cmd.Flags().StringVar(&f.rules.Organization, "organization", "", "")
	f.rules.Register(cmd.Flags())
	f.guard.Register(cmd.Flags(), "")
	f.output.Register(cmd.Flags())
	return cmd
}

func (f *fileFlags) settings(t *testing.T) Settings {
	t.Helper()
	in := source.Input{Path: "/links.csv", Format: f.input.Format, Encoding: f.input.Encoding, Values: f.input.Values, MaxBytes: f.input.MaxBytes}
	var err error
	if in.Set, err = f.input.Set(); err != nil {
		t.Fatal(err)
	}
	if in.Map, err = f.input.Columns(); err != nil {
		t.Fatal(err)
	}
	if in.Delimiter, err = f.input.Separator(); err != nil {
		t.Fatal(err)
	}
	s, err := NewSettings(in, f.rules.Rules(in.Set), f.guard.Guard, f.output)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var everyFlag = []string{
	"--format", "jsonl", "--delimiter", ";", "--encoding", "windows-1252", "--sheet", "Deals", "--max-bytes", "1GB",
	"--map", "SFDC Id=externalId", "--map", "Owner=", "--set", "dataType=LEAD", "--set", "trigger=USER_LINK_WEB",
	"--map-value", "dataType:Deal=OPPORTUNITY", "--map-value", "trigger:NULL=",
	"--sftp-key-file", "/k", "--known-hosts", "/h", "--source-token-file", "/t",
	"--organization", "o-1", "--on-conflict", "last", "--follow-merges", "--existing", "keep", "--keep-trigger", "USER_LINK_WEB,CRM_DEEPLINK",
	"--max-rejects", "5%", "--max-new-rejects", "3", "--min-rows", "7", "--max-changes", "12", "--force", "0",
	"--out", "/runs", "--out-group", "staff", "--report-format", "jsonl", "--report-compress", "zst",
}

// Every flag that is a setting comes back from the settings as it was given,
// and every flag is in the table.
func TestOptionsRoundTrip(t *testing.T) {
	t.Parallel()
	var f fileFlags
	cmd := f.command()
	if err := cmd.ParseFlags(everyFlag); err != nil {
		t.Fatal(err)
	}
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name == "json" {
			return // decides only what is printed
		}
		if !flag.Changed {
			t.Errorf("the test does not give --%s", flag.Name)
		}
		if !slices.ContainsFunc(options, func(o option) bool { return o.flag == flag.Name }) {
			t.Errorf("--%s is not in the table of options", flag.Name)
		}
	})
	want := f.settings(t)

	var args []string
	for _, o := range options {
		if o.given == nil {
			continue
		}
		for _, value := range o.given(&want) {
			if args = append(args, "--"+o.flag); value != "" {
				args = append(args, value)
			}
		}
	}
	var again fileFlags
	if err := again.command().ParseFlags(args); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	if diff := cmp.Diff(want, again.settings(t), cmp.AllowUnexported(guard.Limit{}), cmpopts.IgnoreUnexported(source.Input{})); diff != "" {
		t.Errorf("settings after %q (-want +got):\n%s", args, diff)
	}
}

// The defaults are not repeated.
func TestOptionsLeaveDefaultsOut(t *testing.T) {
	t.Parallel()
	var f fileFlags
	if err := f.command().ParseFlags(nil); err != nil {
		t.Fatal(err)
	}
	s := f.settings(t)
	if list := s.Listed(); len(list) > 0 {
		t.Errorf("settings of no flags list %v", list)
	}
	if got := s.flags(reading, deciding, limiting, writing); got != "" {
		t.Errorf("settings of no flags repeat%s", got)
	}
}

// What a summary proposes reads the file as the run did.
func TestNextCommandsRepeatTheFlags(t *testing.T) {
	t.Parallel()
	var f fileFlags
	cmd := f.command()
	cmd.Flags().String("database", "", "")
	if err := cmd.ParseFlags([]string{"--map-value", "dataType:Deal=OPPORTUNITY", "--map-value", "trigger:NULL=", "--max-bytes", "1GB", "--known-hosts", "/h"}); err != nil {
		t.Fatal(err)
	}
	run := int64(7)
	dry := linker.Summary{Kind: string(linker.Import), Run: &run, DryRun: true, State: string(linker.StateDone), Files: map[string]string{"report": "r.csv"}}
	const want = "relink import --max-bytes 1GB --map-value dataType:Deal=OPPORTUNITY --map-value trigger:NULL= --known-hosts /h --expect r.csv sftp://host/links.csv"
	if got := NextAfterFile(cmd, "sftp://host/links.csv")(dry)[0].Command; got != want {
		t.Errorf("after a dry run: %s\nwant %s", got, want)
	}
	done := linker.Summary{Kind: string(linker.Import), Run: &run, Applied: true, State: string(linker.StateDone), Files: map[string]string{"rejects": "x.csv"}}
	const rejects = "relink import --max-bytes 1GB --map-value dataType:Deal=OPPORTUNITY --map-value trigger:NULL= x.csv"
	if got := NextAfterFile(cmd, "sftp://host/links.csv")(done)[0].Command; got != rejects {
		t.Errorf("after the import: %s\nwant %s", got, rejects)
	}
}

// After the dry run of a command that makes a run of a run, that very command
// carries its plan out.
func TestNextAfterRunAgainIsTheSameCommand(t *testing.T) {
	t.Parallel()
	run := int64(9)
	dry := linker.Summary{Run: &run, DryRun: true, State: string(linker.StateDone), Files: map[string]string{"report": "r.csv"}}
	for _, name := range []string{"revert", "retry"} {
		cmd := &cobra.Command{Use: name + " RUN"}
		cmd.Flags().String("database", "", "")
		if got, want := NextAfterRunAgain(cmd, 7)(dry)[0].Command, "relink "+name+" --expect r.csv 7"; got != want {
			t.Errorf("after the dry run of %s: %s, want %s", name, got, want)
		}
	}
}
