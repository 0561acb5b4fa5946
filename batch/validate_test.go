package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/batch/source"
	"relink/linker"
)

// keptReport is a report that keeps its lines in memory.
type keptReport struct {
	lines     []string
	committed bool
}

func (k *keptReport) Write(e linker.Entry, _ io.Reader) error {
	k.lines = append(k.lines, strings.TrimSpace(fmt.Sprint(e.Line, " ", e.Outcome, " ", e.Code, " ", e.Message)))
	return nil
}
func (k *keptReport) Commit() error { k.committed = true; return nil }
func (k *keptReport) Abort() error  { return nil }

// validation validates a file of the rows "recording,id", and returns the
// reports that it will begin.
func validation(t *testing.T, rows ...string) (Validation, *[]*keptReport) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "links.csv")
	text := "recordingId,id,dataType,note\n" + strings.Join(rows, ",LEAD,\n") + ",LEAD,\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	reports := &[]*keptReport{}
	return Validation{
		Input: source.Input{Path: path}, TempDir: t.TempDir(), Progress: &Progress{},
		Begin: func(*source.Reader) (Report, error) {
			*reports = append(*reports, &keptReport{})
			return (*reports)[len(*reports)-1], nil
		},
	}, reports
}

func TestValidateReadsOnceWhereRowsAgree(t *testing.T) {
	t.Parallel()
	v, reports := validation(t, "r1,e1", "r2,e2", "r1,e1", ",e3")
	done, err := v.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := done.Summary(); s.Run != nil || s.Kind != "validate" || s.ExitStatus != linker.ExitRejected {
		t.Errorf("summary of run %v, kind %s, exit status %d; want none, validate, %d", s.Run, s.Kind, s.ExitStatus, linker.ExitRejected)
	}
	if len(*reports) != 1 || !(*reports)[0].committed {
		t.Fatalf("%d reports were begun, want one that is committed", len(*reports))
	}
	want := linker.Counts{linker.Valid: 3, linker.Rejected: 1}
	if diff := cmp.Diff(want, done.Tally.Outcomes()); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if read, rejected := v.Progress.RowsRead.Load(), v.Progress.Rejected.Load(); read != 4 || rejected != 1 {
		t.Errorf("the progress counts %d rows and %d rejected, want 4 and 1", read, rejected)
	}
}

func TestValidateNamesTheOtherRowsOfAConflict(t *testing.T) {
	t.Parallel()
	v, reports := validation(t, "r1,e1", "r2,e2", ",e3", "r1,e1", "r1,e4")
	var notices []string
	v.Notice = func(text string) { notices = append(notices, text) }
	done, err := v.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(*reports) != 2 || (*reports)[0].committed || !(*reports)[1].committed {
		t.Fatalf("%d reports were begun, want two of which the second is committed", len(*reports))
	}
	const differ, keep = `valid  rows with recordingId "r1" ask for different CRM rows; the others are on lines `,
		"; keep one of them, or let the last one win with --on-conflict last"
	want := []string{
		"2 " + differ + "5, 6" + keep,
		"3 valid",
		"4 rejected missing_recording_id recordingId is missing; every row names its recording",
		"5 " + differ + "2, 6" + keep,
		"6 " + differ + "2, 5" + keep,
	}
	if diff := cmp.Diff(want, (*reports)[1].lines); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if done.Tally.Rows() != 5 || v.Progress.RowsToReport.Load() != 5 {
		t.Errorf("%d rows are counted and %d were to be reported, want 5", done.Tally.Rows(), v.Progress.RowsToReport.Load())
	}
	if want := []string{`column "note" is unknown and ignored`}; !cmp.Equal(want, notices) {
		t.Errorf("notices %q, want %q once", notices, want)
	}
}

func TestValidateWritesNoReportOfAFileThatChanges(t *testing.T) {
	t.Parallel()
	v, reports := validation(t, "r1,e1", "r1,e2")
	begin := v.Begin
	v.Begin = func(src *source.Reader) (Report, error) {
		if len(*reports) == 0 { // the source opened first is read to its end
			text := []byte("recordingId,id,dataType\nr1,e1,LEAD\nr1,e3,LEAD\n")
			other := v.Input.Path + ".new"
			if err := errors.Join(os.WriteFile(other, text, 0o600), os.Rename(other, v.Input.Path)); err != nil {
				t.Error(err)
			}
		}
		return begin(src)
	}
	_, err := v.Do(t.Context())
	if err == nil || !strings.Contains(err.Error(), "it has changed") {
		t.Errorf("Validate of a file that another takes the place of = %v", err)
	}
}

func TestValidateEndsWithItsContext(t *testing.T) {
	t.Parallel()
	var rows []string
	for i := range 5 * countEvery {
		rows = append(rows, fmt.Sprintf("r%d,e1", i))
	}
	v, reports := validation(t, rows...)
	ctx, cancel := context.WithCancelCause(t.Context())
	v.Begin = func(*source.Reader) (Report, error) {
		cancel(linker.ErrStopped)
		*reports = append(*reports, &keptReport{})
		return (*reports)[0], nil
	}
	if _, err := v.Do(ctx); !errors.Is(err, linker.ErrStopped) {
		t.Errorf("Validate = %v, want the cause %v", err, linker.ErrStopped)
	}
	if (*reports)[0].committed {
		t.Error("the report of a part of the file is committed")
	}
}
