package runner

import (
	"strings"
	"testing"

	"relink/batch/source"
	"relink/linker"
	"relink/linker/guard"
)

// An approval is one of the same file, rules and schema. Where files are, what the
// report looks like and when a guard refuses makes no difference.
func TestApprovalFits(t *testing.T) {
	t.Parallel()
	base := Settings{
		Input:        source.Input{Path: "/a/links.csv", Name: "links.csv", Format: "csv", MaxBytes: 7},
		Rules:        linker.Rules{KeepTriggers: []string{"USER_LINK_WEB"}},
		ReportFormat: "csv", Out: "/a",
	}
	options, err := base.encode()
	if err != nil {
		t.Fatal(err)
	}
	approved := linker.Approval{
		Run: 7, Kind: linker.Import, Schema: "public", SourceSHA256: "abc", PlanSHA256: "def", Options: options,
	}
	run := linker.Run{ID: 9, Kind: linker.Import, Database: linker.Database{Schema: "public"}, Source: linker.SourceIdentity{SHA256: "abc"}}
	for _, c := range []struct {
		name   string
		change func(*linker.Run, *Settings)
		want   string // in what is said, "" where it fits
	}{
		{"the same", func(*linker.Run, *Settings) {}, ""},
		{"elsewhere, and other limits", func(_ *linker.Run, s *Settings) {
			s.Path, s.Name, s.Out, s.OutGroup, s.ReportFormat, s.ReportCompress = "/b/x.csv", "x.csv", "/b", "staff", "jsonl", "zst"
			s.Guard, s.MaxBytes, s.Expect, s.Approved, s.RequireApproval = guard.Guard{MinRows: 5}, 9, "/r.csv", 7, true
		}, ""},
		{"another kind", func(r *linker.Run, _ *Settings) { r.Kind = linker.Unlink }, `as "import", and this is "unlink"`},
		{"another schema", func(r *linker.Run, _ *Settings) { r.Database.Schema = "tenant" }, `for schema "public", and this is "tenant"`},
		{"another run to revert", func(r *linker.Run, _ *Settings) { r.OfRun = 3 }, "for a revert of run 0, not of run 3"},
		{"another file", func(r *linker.Run, _ *Settings) { r.Source.SHA256 = "abd" }, "for another file (SHA-256 abc…, and this is abd…)"},
		{"rows made for each run", func(r *linker.Run, _ *Settings) { r.Source.SHA256 = "" }, ""},
		{"other rules", func(_ *linker.Run, s *Settings) { s.Rules.KeepTriggers = nil }, "with other options"},
		{"a value for all rows", func(_ *linker.Run, s *Settings) { s.Rules.Set.Trigger = "USER_LINK_WEB" }, "with other options"},
		{"read as something else", func(_ *linker.Run, s *Settings) { s.Delimiter = ";" }, "with other options"},
		{"a prune", func(_ *linker.Run, s *Settings) { s.Rules.Scope = &linker.Scope{Prune: true} }, "with other options"},
		{"desired state", func(_ *linker.Run, s *Settings) { s.Guard.Reconcile = true }, "with other options"},
	} {
		r, s := run, base
		c.change(&r, &s)
		if got := unfit(approved, r, s); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	broken := approved
	broken.Options = []byte(`{"new in some later version": 1}`)
	if got := unfit(broken, run, base); !strings.Contains(got, "with other options") {
		t.Errorf("options that nobody knows: %q", got)
	}
}
