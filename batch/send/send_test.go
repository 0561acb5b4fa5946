package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relink/batch"
	"relink/batch/source"
	"relink/batch/source/raw"
	"relink/linker"
	"relink/linker/guard"
)

// platform stands for a server: it keeps links, and its behaviour is controlled
// by what a recording's id contains.
type platform struct {
	mu    sync.Mutex
	links map[string]string
	asked map[string][]string // the CRM rows asked for, by recording
	calls int
	// before is called before each answer, with the number of the call.
	before func(call int, row linker.Fields) error
}

func newPlatform() *platform {
	return &platform{links: map[string]string{}, asked: map[string][]string{}}
}

func (p *platform) Put(ctx context.Context, row linker.Fields) (linker.Decision, error) {
	p.mu.Lock()
	p.calls++
	call := p.calls
	p.mu.Unlock()
	if p.before != nil {
		if err := p.before(call, row); err != nil {
			return linker.Decision{}, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	target := row.ID + row.ExternalID
	p.asked[row.RecordingID] = append(p.asked[row.RecordingID], target)
	switch {
	case strings.HasPrefix(row.RecordingID, "missing"):
		return linker.Decision{Outcome: linker.Rejected, Code: linker.RecordingNotFound, Detail: "is it new?"}, nil
	case strings.HasPrefix(row.RecordingID, "broken"):
		return linker.Decision{Outcome: linker.Failed, Code: linker.ServerError, Detail: "the server says 500"}, nil
	}
	was := p.links[row.RecordingID]
	p.links[row.RecordingID] = target
	r := linker.Decision{Outcome: linker.Created, EntityID: target, PreviousEntityID: was}
	switch was {
	case "":
	case target:
		r.Outcome = linker.Unchanged
	default:
		r.Outcome = linker.Replaced
	}
	return r, nil
}

// kept is a report that keeps its entries.
type kept struct {
	entries   []linker.Entry
	committed bool
}

func (k *kept) Write(e linker.Entry, _ io.Reader) error {
	e.Raw = nil
	k.entries = append(k.entries, e)
	return nil
}
func (k *kept) Commit() error { k.committed = true; return nil }
func (k *kept) Abort() error  { return nil }

// lines formats a report for comparison in tests.
func (k *kept) lines() (lines []string) {
	for _, e := range k.entries {
		line := fmt.Sprintf("%s %s", e.Fields.RecordingID, e.Outcome)
		for _, s := range []string{string(e.Code), e.EntityID} {
			if s != "" {
				line += " " + s
			}
		}
		if e.PreviousEntityID != "" {
			line += " was " + e.PreviousEntityID
		}
		lines = append(lines, line)
	}
	return lines
}

// sending is a run of the rows "recording,id" against p.
func sending(t testing.TB, p *platform, rows ...string) (*Job, *kept) {
	dir := t.TempDir()
	path := filepath.Join(dir, "links.csv")
	text := "recordingId,id,dataType\n"
	for _, row := range rows {
		text += row + ",ACCOUNT\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	report := &kept{}
	return &Job{
		Input: source.Input{Path: path}, Sender: p, Workers: 4, TempDir: dir,
		Journal: filepath.Join(dir, "journal"), Settings: []byte(`{"a":1}`), Progress: &batch.Progress{},
		Begin: func(*source.Reader) (batch.Report, error) {
			*report = kept{}
			return report, nil
		},
	}, report
}

func (s *Job) again() *Job {
	next := *s
	next.finder, next.answers, next.waiting, next.Stop = nil, nil, 0, nil
	return &next
}

func TestSending(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	p.links["old"] = "e-9"
	s, report := sending(t, p,
		"a,e-1", "old,e-1", "missing,e-1", "broken,e-1", ",e-1", "a,e-1", "old,e-1", "missing,e-1", "broken,e-1", "b,e-1", "b,e-2", "b,e-1", "bare,")
	planned := int64(0)
	s.Planned = func(n int64) { planned = n }
	done, err := s.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a created e-1", "old replaced e-1 was e-9", "missing rejected recording_not_found", "broken failed server_error",
		" rejected missing_recording_id",
		// All rows of a recording get the answer of the first one.
		"a unchanged e-1", "old unchanged e-1 was e-9", "missing rejected recording_not_found", "broken failed server_error",
		"b rejected conflicting_rows e-1", "b rejected conflicting_rows e-2", "b rejected conflicting_rows e-1",
		"bare rejected missing_target",
	}
	if diff := cmp.Diff(want, report.lines()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if planned != 4 || p.calls != 4 {
		t.Errorf("planned %d and sent %d rows, want 4", planned, p.calls)
	}
	if m := report.entries[10].Message; !strings.Contains(m, "the others are on lines 11, 13;") {
		t.Errorf("message %q, want the other lines", m)
	}
	if m := report.entries[7].Message; !strings.Contains(m, "is it new?") {
		t.Errorf("message %q, want what the server said", m)
	}
	if done.ExitStatus() != 2 || done.Run.State != linker.StateDone || !report.committed || !done.Applied {
		t.Errorf("done = %+v, want a finished run with status 2", done)
	}
}

func TestSendingInOrderWhenTheLastWins(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	var rows []string
	for n := range 300 {
		rows = append(rows, fmt.Sprintf("r-%d,e-%d", n%10, n))
	}
	p.before = func(int, linker.Fields) error {
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		return nil
	}
	s, _ := sending(t, p, rows...)
	s.Rules.LastWins = true
	if _, err := s.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	for recording, asked := range p.asked {
		for i := range asked {
			var first int
			fmt.Sscanf(recording, "r-%d", &first)
			if want := fmt.Sprintf("e-%d", first+10*i); asked[i] != want {
				t.Fatalf("%s: request %d asks for %s, want %s", recording, i+1, asked[i], want)
			}
		}
	}
}

func TestDrySendingSendsNothing(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s, report := sending(t, p, "a,e-1", ",e-1", "b,e-1", "b,e-2")
	s.DryRun = true
	done, err := s.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a valid", " rejected missing_recording_id", "b rejected conflicting_rows e-1", "b rejected conflicting_rows e-2"}
	if diff := cmp.Diff(want, report.lines()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if p.calls != 0 || done.Applied || isThere(s.Journal) {
		t.Errorf("a dry run sent %d rows, or left a journal", p.calls)
	}
}

// The HTTP operation links a recording whatever its current link is.
func TestSendingRefusesWhatIsExpected(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"expectedEntityId", "expectedExternalId"} {
		p := newPlatform()
		s, _ := sending(t, p)
		text := "recordingId,id,dataType," + field + "\na,e-1,ACCOUNT,\nb,e-1,ACCOUNT,-\n"
		if err := os.WriteFile(s.Input.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.Do(t.Context())
		var unreadable *raw.Error
		if !errors.As(err, &unreadable) || !strings.Contains(err.Error(), "links.csv:3: "+field) || !strings.Contains(unreadable.Hint(), "--database") {
			t.Errorf("%s: error %v", field, err)
		}
		if p.calls != 0 || isThere(s.Journal) {
			t.Errorf("%s: %d rows were sent, or a journal is there", field, p.calls)
		}
	}
}

func TestSendingIsGuarded(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s, report := sending(t, p, "a,e-1", ",e-1", "b,e-1", "b,e-2")
	s.Guard.MaxRejects = guard.Percent(50)
	done, err := s.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if done.Refusal == nil || done.ExitStatus() != 3 || p.calls != 0 || len(report.entries) != 4 {
		t.Errorf("done = %+v after %d requests, want a refusal before the first", done, p.calls)
	}
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestSendingStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	var rows []string
	for n := range 200 {
		rows = append(rows, fmt.Sprintf("r-%d,e-1", n))
	}
	rows = append(rows, "r-3,e-1", "broken,e-1")
	refused := errors.New("401")
	p.before = func(call int, _ linker.Fields) error {
		if call == 50 {
			return refused
		}
		return nil
	}
	s, report := sending(t, p, rows...)
	done, err := s.Do(t.Context())
	if !errors.Is(err, refused) || done.Run.State != linker.StateInterrupted || !report.committed {
		t.Fatalf("Do = %+v, %v; want an interrupted run with its report", done, err)
	}
	outcomes := done.Tally.Outcomes()
	if outcomes[linker.Created] < 40 || outcomes[linker.Created] > 60 || outcomes[linker.Unattempted] < 100 {
		t.Errorf("outcomes %v, want about 50 created and the rest unattempted", outcomes)
	}

	p.before = nil
	done, err = s.again().Do(t.Context())
	if err != nil || done.Run.State != linker.StateDone {
		t.Fatalf("again: %+v, %v", done, err)
	}
	once(t, p, 200)
	want := linker.Counts{linker.Created: 200, linker.Unchanged: 1, linker.Failed: 1}
	if cmp.Diff(want, done.Tally.Outcomes()) != "" {
		t.Errorf("outcomes %v, want %v", done.Tally.Outcomes(), want)
	}

	// A finished run writes its report again but sends nothing, not even the
	// row that failed.
	before := p.calls
	done, err = s.again().Do(t.Context())
	if err != nil || p.calls != before || done.Tally.Outcomes()[linker.Failed] != 1 {
		t.Errorf("a finished run: %d requests, %v, %v; want none", p.calls-before, done.Tally.Outcomes(), err)
	}
}

// once checks that every recording was asked for exactly once.
func once(t *testing.T, p *platform, recordings int) {
	t.Helper()
	for n := range recordings {
		if asked := p.asked[fmt.Sprintf("r-%d", n)]; len(asked) != 1 {
			t.Errorf("r-%d was sent %d times, want once", n, len(asked))
		}
	}
}

func TestSendingBySignal(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	stop := make(chan struct{})
	p.before = func(call int, _ linker.Fields) error {
		if call == 10 {
			close(stop)
		}
		time.Sleep(time.Millisecond)
		return nil
	}
	var rows []string
	for n := range 500 {
		rows = append(rows, fmt.Sprintf("r-%d,e-1", n))
	}
	s, report := sending(t, p, rows...)
	s.Stop = stop
	done, err := s.Do(t.Context())
	if err != nil || done.ExitStatus() != 130 || done.Tally.Outcomes()[linker.Unattempted] < 400 || len(report.entries) != 500 {
		t.Fatalf("Do: %v, %v; want status 130 and a report", done.Tally.Outcomes(), err)
	}
	p.before = nil
	done, err = s.again().Do(t.Context())
	if err != nil || done.Tally.Outcomes()[linker.Created] != 500 {
		t.Fatalf("again: %v, %v; want all created", done.Tally.Outcomes(), err)
	}
	once(t, p, 500)
}

func TestSendingSendsFailedRowsAgain(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	stop := make(chan struct{})
	p.before = func(_ int, row linker.Fields) error {
		if row.RecordingID == "z" {
			return errors.New("gone")
		}
		return nil
	}
	s, _ := sending(t, p, "broken,e-1", "z,e-1")
	s.Workers, s.Stop = 1, stop
	if _, err := s.Do(t.Context()); err == nil {
		t.Fatal("no error of a server that is gone")
	}
	p.before = nil
	done, err := s.again().Do(t.Context())
	if err != nil || len(p.asked["broken"]) != 2 || len(p.asked["z"]) != 1 || done.Tally.Outcomes()[linker.Failed] != 1 {
		t.Errorf("asked %v, %v; want the row that failed twice, and one line for it", p.asked, err)
	}
}

// However often the program is killed, and wherever in a line of the journal,
// each row is reported once, and only the rows whose answer was lost are sent
// again.
func TestSendingSurvivesKills(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlatform()
		n := rapid.IntRange(1, 60).Draw(rt, "rows")
		var rows []string
		for i := range n {
			rows = append(rows, fmt.Sprintf("r-%d,e-1", i))
		}
		s, report := sending(t, p, rows...)
		s.Workers = rapid.IntRange(1, 5).Draw(rt, "workers")
		lost := 0
		for range rapid.IntRange(0, 4).Draw(rt, "kills") {
			killAt := p.calls + rapid.IntRange(1, n).Draw(rt, "kill at")
			p.before = func(call int, _ linker.Fields) error {
				if call >= killAt {
					return errors.New("killed")
				}
				return nil
			}
			if _, err := s.again().Do(context.Background()); err == nil {
				continue // nothing was left to send
			}
			// The machine loses the end of the journal.
			info, err := os.Stat(s.Journal)
			if err != nil {
				rt.Fatal(err)
			}
			text, err := os.ReadFile(s.Journal)
			if err != nil {
				rt.Fatal(err)
			}
			head := strings.IndexByte(string(text), '\n') + 1
			cut := int64(rapid.IntRange(head, int(info.Size())).Draw(rt, "cut"))
			lost += strings.Count(string(text[cut:]), "\n")
			if err := os.Truncate(s.Journal, cut); err != nil {
				rt.Fatal(err)
			}
		}
		p.before = nil
		done, err := s.again().Do(context.Background())
		if err != nil {
			rt.Fatal(err)
		}
		if int(done.Tally.Rows()) != n || len(report.entries) != n || done.Tally.Outcomes()[linker.Unattempted] != 0 {
			rt.Fatalf("%d of %d rows reported: %v", len(report.entries), n, done.Tally.Outcomes())
		}
		sent := 0
		for _, asked := range p.asked {
			sent += len(asked)
		}
		if sent > n+lost {
			rt.Errorf("%d requests for %d rows, of which %d answers were lost", sent, n, lost)
		}
	})
}

func TestSendingKeepsToItsFile(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	p.before = func(call int, _ linker.Fields) error {
		if call == 2 {
			return errors.New("gone")
		}
		return nil
	}
	s, _ := sending(t, p, "a,e-1", "b,e-1", "c,e-1")
	s.Workers = 1
	if _, err := s.Do(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if err := os.WriteFile(s.Input.Path, []byte("recordingId,id,dataType\nx,e-1,ACCOUNT\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var changed *source.ChangedError
	if _, err := s.again().Do(t.Context()); !errors.As(err, &changed) {
		t.Errorf("another file: %v, want a ChangedError", err)
	}
	if p.calls != 2 {
		t.Errorf("rows of another file were sent")
	}
}

func TestSendingIsAloneOnItsJournal(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	inside, leave := make(chan struct{}), make(chan struct{})
	p.before = func(int, linker.Fields) error {
		close(inside)
		<-leave
		return nil
	}
	s, _ := sending(t, p, "a,e-1")
	ended := make(chan error, 1)
	go func() {
		_, err := s.Do(context.Background())
		ended <- err
	}()
	<-inside
	if _, err := s.again().Do(t.Context()); !errors.Is(err, ErrJournalInUse) {
		t.Errorf("a second process: %v, want ErrJournalInUse", err)
	}
	close(leave)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestReadJournalHead(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	s, _ := sending(t, p, "a,e-1")
	if _, err := s.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	head, err := ReadJournalHead(s.Journal)
	if err != nil || string(head.Settings) != `{"a":1}` || len(head.Source.SHA256) != 64 {
		t.Errorf("head = %+v, %v", head, err)
	}
	for name, text := range map[string]string{"empty": "", "not JSON": "row,line\n", "half a line": `{"source":`, "another file": "{}\n"} {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadJournalHead(path); err == nil {
			t.Errorf("%s: it was taken for a journal", name)
		}
	}
}
