package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestWeekOfNights plays a nightly job for a week: each day the CRM, the
// platform and people change something, each night a file comes, and each
// morning the links must be right.
func TestWeekOfNights(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 130)
	w.accounts("c-1", 1, 130)
	w.accounts("c-2", 1, 130)
	w.link("c-2", 120, 130) // another job's
	others := w.digest("e.integration_connection_id = 'c-2'")
	metrics := filepath.Join(w.dir, "nightly.prom")

	// want is what the morning should find, account numbers by recording.
	want := map[int]int{}
	file := map[int]int{}
	for n := 1; n <= 100; n++ {
		file[n], want[n] = n, n
	}
	success := ""
	for _, night := range []struct {
		name   string
		day    func() // what happens before the file comes
		broken string // a line at the file's end
		status int
		says   string
		runs   int // recorded by the morning
	}{
		{name: "Monday: the first file", runs: 1},
		{
			name: "Tuesday: calls came, went and moved", runs: 2,
			day: func() {
				for n := 101; n <= 105; n++ {
					file[n], want[n] = n, n
				}
				file[7], file[8], want[7], want[8] = 70, 80, 70, 80
				for _, gone := range []int{1, 2, 3} {
					delete(file, gone)
					delete(want, gone)
				}
			},
		},
		{
			name: "Wednesday: the same file, but the world has changed", status: 2, says: "1 of 102 rows did not go through", runs: 3,
			day: func() {
				w.exec(`UPDATE crm_entities SET merged_into_id = 'a-c-1-110' WHERE id = 'a-c-1-10'`)
				w.exec(`UPDATE crm_entities SET deleted_at = now() WHERE id = 'a-c-1-20'`)
				w.relinkByHand(30, 115, "USER_LINK_WEB")  // by a person, of the file
				w.relinkByHand(106, 106, "USER_LINK_WEB") // by a person, not of the file
				w.relinkByHand(50, 51, "CALENDAR_MATCH")  // by the platform
				w.relinkByHand(107, 107, "CALENDAR_MATCH")
				want[10] = 110  // follows the merge
				want[30] = 115  // a person's
				want[106] = 106 // a person's
				// 20 stays, since its row was refused; 50 goes back, 107 goes
			},
		},
		{
			name: "Thursday: half a file", status: 4, says: "--force", runs: 4,
			day: func() {
				for n := 41; n <= 105; n++ {
					delete(file, n)
				}
			},
		},
		{
			name: "Friday: a whole one again, and fixed", runs: 5,
			day: func() {
				for n := 41; n <= 105; n++ {
					file[n] = n
				}
				file[10], file[20], want[20] = 110, 21, 21
				want[55] = 56
				file[55] = 56
			},
		},
		{name: "Saturday: nothing new", runs: 5},
		{
			name: "Sunday: a row is broken, and others are missing", status: 2, says: "nothing was cleared: line", runs: 6,
			broken: `r-66,"ACC"OUNT,x-66,c-1`,
			day: func() {
				delete(file, 66)
				delete(file, 67)
				file[56], want[56] = 57, 57
				// 66 and 67 stay: who knows which of them the row means?
			},
		},
	} {
		if night.day != nil {
			night.day()
		}
		text := "recordingId,dataType,externalId,integrationConnectionId\n"
		for _, n := range slices.Sorted(maps.Keys(file)) {
			text += fmt.Sprintf("r-%d,ACCOUNT,x-%d,c-1\n", n, file[n])
		}
		path := w.raw("links.csv", text+night.broken)
		got := w.must(night.status, "reconcile", "--connection", "c-1", "--prune", "--min-rows", "30", "--follow-merges",
			"--keep-trigger", "USER_LINK_WEB", "--if-changed", "--metrics-file", metrics, path)
		if said := got.stdout + got.stderr; !strings.Contains(said, night.says) || (night.says == "" && said != "") {
			t.Errorf("%s: it says\n%s\nwant %q", night.name, said, night.says)
		}
		var links []string
		for n, account := range want {
			links = append(links, fmt.Sprintf("r-%d>a-c-1-%d", n, account))
		}
		for n := 120; n <= 130; n++ {
			links = append(links, fmt.Sprintf("r-%d>a-c-2-%d", n, n))
		}
		slices.Sort(links)
		current := w.current()
		slices.Sort(current)
		if diff := cmp.Diff(links, current); diff != "" {
			t.Errorf("%s: in the morning (-want +got):\n%s", night.name, diff)
		}
		if w.digest("e.integration_connection_id = 'c-2'") != others {
			t.Errorf("%s: another job's links were touched", night.name)
		}
		if runs := w.ask("SELECT count(*)::text FROM relink.runs"); runs != fmt.Sprint(night.runs) {
			t.Errorf("%s: %s runs are recorded, want %d", night.name, runs, night.runs)
		}
		seen := read(t, metrics)
		if status := fmt.Sprintf("relink_last_run_exit_status{name=\"nightly\"} %d\n", night.status); !strings.Contains(seen, status) {
			t.Errorf("%s: the metrics are\n%s\nwant %s", night.name, seen, status)
		}
		last := regexp.MustCompile(`relink_last_success_timestamp_seconds\{.*`).FindString(seen)
		if last == "" || (night.status == 0) != (last != success) {
			t.Errorf("%s: the last success was %q and is %q", night.name, success, last)
		}
		success = last
	}
}

// relinkByHand links a recording as the platform does.
func (w *town) relinkByHand(recording, account int, trigger string) {
	w.t.Helper()
	w.exec(`
		WITH cleared AS (
		    UPDATE recording_links SET cleared_at = clock_timestamp(), cleared_trigger = $3
		    WHERE recording_id = 'r-' || $1::int AND cleared_at IS NULL
		    RETURNING 1
		), waited AS (SELECT count(*) AS n FROM cleared)
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
		SELECT 'r-' || $1, 'ACCOUNT', 'a-c-1-' || $2::int, $3, clock_timestamp() FROM waited`, recording, account, trigger)
}

// worlds is how many a run of the property tries: one takes a tenth of a
// second, and rapid would ask for a hundred.
const worlds = 12

// After reconcile --prune of a file without rejects the links in scope are the
// file's, and outside of it nothing has changed.
func TestReconcileProperty(t *testing.T) {
	t.Parallel()
	const recordings, accounts = 12, 5
	w := newTown(t)
	w.recordings(1, recordings)
	w.accounts("c-1", 1, accounts)
	w.accounts("c-2", 1, accounts)
	tried, failing := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		if tried++; tried > worlds && !failing {
			return
		}
		failing = true // until the end is reached, so that rapid can shrink
		w.exec("TRUNCATE recording_links")
		scope := rapid.SampledFrom([]string{"c-1", "c-1,c-2"}).Draw(rt, "scope")
		takeOver := rapid.Bool().Draw(rt, "take over")
		var rows []string
		want, mentioned := map[string]string{}, []string{}
		for n := 1; n <= recordings; n++ {
			recording := fmt.Sprintf("r-%d", n)
			entity := func(what string, from []string) string {
				connection := rapid.SampledFrom(from).Draw(rt, what)
				if connection == "" {
					return ""
				}
				return fmt.Sprintf("a-%s-%d", connection, rapid.IntRange(1, accounts).Draw(rt, "account"))
			}
			has := entity("has", []string{"", "c-1", "c-2"})
			asks := entity("asks", append([]string{"", ""}, strings.Split(scope, ",")...))
			outside := strings.HasPrefix(has, "a-c-2") && scope == "c-1"
			if has != "" {
				w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ($1, 'ACCOUNT', $2, now())`, recording, has)
			}
			if outside && !takeOver {
				asks = "" // it would be a reject
			}
			switch {
			case asks != "":
				want[recording] = asks
				mentioned = append(mentioned, recording)
				for range rapid.IntRange(1, 2).Draw(rt, "times") {
					rows = append(rows, recording+",ACCOUNT,"+asks)
				}
			case outside:
				want[recording] = has
			}
		}
		if len(rows) == 0 {
			failing = false
			return
		}
		rows = rapid.Permutation(rows).Draw(rt, "rows")
		elsewhere := "NOT l.recording_id = ANY ('{" + strings.Join(mentioned, ",") + "}') AND NOT e.integration_connection_id = ANY ('{" + scope + "}')"
		before := w.digest(elsewhere)
		args := []string{
			"reconcile", "--prune", "--connection", scope, "--max-changes", "100%", fmt.Sprintf("--take-over=%v", takeOver),
			w.raw("links.csv", "recordingId,dataType,id\n"+strings.Join(rows, "\n")+"\n"),
		}
		if got := w.relink(args...); got.status != 0 {
			rt.Fatalf("exit status %d, want 0\n%s%s", got.status, got.stdout, got.stderr)
		}
		var links []string
		for recording, entity := range want {
			links = append(links, recording+">"+entity)
		}
		slices.Sort(links)
		current := w.current()
		slices.Sort(current)
		if diff := cmp.Diff(links, current); diff != "" {
			rt.Fatalf("current links (-want +got):\n%s", diff)
		}
		if w.digest(elsewhere) != before {
			rt.Fatal("outside the scope something has changed")
		}
		failing = false
	})
}
