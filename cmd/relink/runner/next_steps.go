package runner

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/reports"
)

// nextSteps is how many commands a summary proposes at most.
const nextSteps = 3

// NextAfterFile are the commands that make sense after an import or a
// reconciliation of the file path, "" for a command without one.
func NextAfterFile(cmd *cobra.Command, path string) func(linker.Summary) []reports.Step {
	// The limits are meant for the whole file: nearly all of its few rejects
	// may well be rejected again.
	command := "relink " + cmd.Name() + sameFlags(cmd, fetching, reading, expanding, deciding, limiting, writing, explaining) + sameTarget(cmd) + " "
	ofRejects := "relink " + cmd.Name() + sameFlags(cmd, reading, deciding, writing, explaining) + sameTarget(cmd) + " "
	argument := ""
	if path != "" {
		argument = " " + flags.QuotePath(path)
	}
	after := nextAfterRun(cmd)
	if kind := linker.Kind(cmd.Name()); kind == linker.Remap || kind == linker.Follow { // they import what they make
		ofRejects = "relink import" + flags.SameFlags(cmd, "organization", "keep-trigger", "follow-merges") +
			sameFlags(cmd, writing, explaining) + sameTarget(cmd) + " "
	}
	return func(s linker.Summary) []reports.Step {
		done, imported := s.State == string(linker.StateDone), s.Kind != string(linker.Reconcile)
		var first reports.Step
		switch {
		case s.DryRun && done:
			first = exactly(command, s, argument)
		// The rejects of a reconciliation belong in the next file: by
		// themselves they are not what the links should be.
		case s.Applied && s.Files["rejects"] != "" && imported && done:
			first = again(ofRejects, s)
		}
		return steps(append([]reports.Step{first}, after(s)...))
	}
}

// exactly is the step that carries out the plan of a dry run, and no other.
func exactly(command string, s linker.Summary, argument string) reports.Step {
	return reports.Step{Why: "Apply exactly this plan", Command: command + "--expect " + flags.Quote(s.Files["report"]) + argument}
}

// NextAfterOld returns the commands to propose after a run whose options are in
// its record, not on the command line.
func NextAfterOld(cmd *cobra.Command, run linker.Run) func(linker.Summary) []reports.Step {
	after := nextAfterRun(cmd)
	return func(s linker.Summary) []reports.Step {
		o, err := readSettings(run)
		if err != nil || !slices.Contains([]linker.Kind{linker.Import, linker.Remap, linker.Follow, linker.Unlink}, run.Kind) || o.Rules.Scope != nil || !s.Applied || s.Files["rejects"] == "" || s.State != string(linker.StateDone) {
			return after(s)
		}
		what := []about{reading, deciding, writing}
		if o.Expansion != nil { // what was imported is not the file
			what, o.Expansion, o.Rules.ClearDeleted = what[1:], nil, false
		}
		command := string(linker.Import)
		if run.Kind == linker.Unlink {
			command = string(run.Kind)
		}
		return steps(append([]reports.Step{again("relink "+command+o.flags(what...)+sameTarget(cmd)+" ", s)}, after(s)...))
	}
}

// again is the step that sends the rejects again.
func again(command string, s linker.Summary) reports.Step {
	return reports.Step{Why: "Fix the rows in the rejects file, then send them again", Command: command + flags.QuotePath(s.Files["rejects"])}
}

// nextAfterRun returns the commands to propose after any run.
func nextAfterRun(cmd *cobra.Command) func(linker.Summary) []reports.Step {
	database := SameDatabase(cmd)
	return func(s linker.Summary) []reports.Step {
		id := " " + strconv.FormatInt(*s.Run, 10)
		takeBack := reports.Step{Why: "See what undoing this run would do", Command: "relink revert --dry-run" + database + id}
		if s.State == string(linker.StateInterrupted) {
			list := []reports.Step{{Why: "Continue where it stopped", Command: "relink resume" + sameTarget(cmd) + id}}
			if s.Applied {
				list = append(list, takeBack)
			}
			return append(list, reports.Step{Why: "End it as it is", Command: "relink runs abandon" + database + id})
		}
		list := explainFirst(s)
		if s.Applied && s.Outcomes.Written() > 0 {
			list = append(list, takeBack)
		}
		return steps(append(list, reports.Step{Why: "Look at the run's record", Command: "relink runs show" + database + id}))
	}
}

// NextAfterRunAgain returns the commands to propose after revert or retry,
// which make a run from a run.
func NextAfterRunAgain(cmd *cobra.Command, of int64) func(linker.Summary) []reports.Step {
	after := nextAfterRun(cmd)
	return func(s linker.Summary) []reports.Step {
		if !s.DryRun || s.State != string(linker.StateDone) {
			return after(s)
		}
		first := exactly("relink "+cmd.Name()+sameFlags(cmd, limiting, writing, explaining)+sameTarget(cmd)+" ", s, " "+strconv.FormatInt(of, 10))
		return steps(append([]reports.Step{first}, after(s)...))
	}
}

// NextAfterAPI returns the commands to propose after an import of path through
// the HTTP operation.
func NextAfterAPI(cmd *cobra.Command, path string) func(linker.Summary) []reports.Step {
	server := flags.SameFlags(cmd, "api", "token-file", "rate", "insecure-plaintext")
	command := "relink import" + server + sameFlags(cmd, fetching, reading, deciding, writing, explaining) + " "
	ofRejects := "relink import" + server + sameFlags(cmd, reading, deciding, writing, explaining) + " "
	return func(s linker.Summary) []reports.Step {
		var first reports.Step
		switch {
		case s.State != string(linker.StateDone):
		case s.DryRun:
			first = reports.Step{Why: "Run it for real", Command: command + flags.QuotePath(path)}
		case s.Files["rejects"] != "":
			first = again(ofRejects, s)
		}
		return steps(append([]reports.Step{first}, explainFirst(s)...))
	}
}

// nextAfterValidate returns the commands to propose after a check of path.
func nextAfterValidate(cmd *cobra.Command, path string, s linker.Summary) []reports.Step {
	same := sameFlags(cmd, reading, writing)
	var list []reports.Step
	if rejects, ok := s.Files["rejects"]; ok {
		list = append(list, reports.Step{Why: "Fix the rows in the rejects file, then check them again", Command: "relink validate" + same + " " + flags.QuotePath(rejects)})
	}
	list = append(list, reports.Step{Why: "Ask the database what the file would do", Command: "relink import --dry-run" + sameFlags(cmd, fetching) + same + " " + flags.QuotePath(path)})
	return steps(append(list, explainFirst(s)...))
}

// explainFirst proposes to read about the most frequent reason.
func explainFirst(s linker.Summary) []reports.Step {
	if len(s.Reasons) == 0 {
		return nil
	}
	return []reports.Step{{Why: "Read about the most frequent reason", Command: "relink explain " + string(s.Reasons[0].Code)}}
}

// steps returns the first of the applicable commands.
func steps(list []reports.Step) []reports.Step {
	var kept []reports.Step
	for _, s := range list {
		if s.Command != "" && len(kept) < nextSteps {
			kept = append(kept, s)
		}
	}
	return kept
}
