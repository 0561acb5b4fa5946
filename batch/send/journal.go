package send

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"relink/linker"
)

// JournalHead is the first line of a journal: the file that its answers are
// about, and the settings of the run.
type JournalHead struct {
	Source    linker.SourceIdentity `json:"source"`
	StartedAt time.Time             `json:"startedAt"`
	Settings  json.RawMessage       `json:"settings"`
}

// journal is the file of the server's answers, one per line, in the order in
// which they came. It is safe for concurrent use.
type journal struct {
	path string
	file *os.File
	lock *flock.Flock
	// ended is true when the run has finished: nothing is left to send.
	ended bool

	mu       sync.Mutex
	size     int64
	unsynced int
	synced   time.Time
}

const (
	// syncRows and syncEvery bound how many answers a crash of the machine can
	// lose; their rows are then sent again. A crash of the program loses
	// nothing.
	syncRows  = 256
	syncEvery = time.Second
	// journalLine is longer than any line: four ids and a message.
	journalLine = 1 << 20
)

// ErrJournalInUse is returned when another process uses the same journal.
var ErrJournalInUse = errors.New("another process is working on this run")

// ReadJournalHead returns the head of a journal. The error is fs.ErrNotExist
// when there is none.
func ReadJournalHead(path string) (head JournalHead, err error) {
	f, err := os.Open(path)
	if err != nil {
		return head, fmt.Errorf("opening the journal: %w", err)
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, journalLine)).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	if err != nil || head.Source.SHA256 == "" {
		return head, fmt.Errorf("%s: it does not begin like a journal", path)
	}
	return head, nil
}

// openJournal opens or creates a journal for exclusive use by this process.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	// The lock is a file of its own: where locks are mandatory, nobody could
	// write to a file that is locked.
	lock := flock.New(path + ".lock")
	alone, err := lock.TryLock()
	if err == nil && !alone {
		err = ErrJournalInUse
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), lock.Close(), f.Close())
	}
	return &journal{path: path, file: f, lock: lock, synced: time.Now()}, nil
}

// begin returns the head of the journal; a new journal gets the given one.
func (j *journal) begin(head JournalHead) (JournalHead, error) {
	info, err := j.file.Stat()
	if err != nil {
		return head, fmt.Errorf("opening the journal: %w", err)
	}
	if info.Size() > 0 {
		return ReadJournalHead(j.path)
	}
	line, err := json.Marshal(head)
	if err == nil {
		_, err = j.append(append(line, '\n'))
	}
	if err == nil {
		err = j.sync()
	}
	if err == nil {
		err = syncFolder(filepath.Dir(j.path))
	}
	if err != nil {
		return head, fmt.Errorf("beginning the journal: %w", err)
	}
	return head, nil
}

// entry is a line of the journal: the answer for a row, or the end.
type entry struct {
	Row int64 `json:"row,omitempty"`
	linker.Decision
	Ended bool `json:"ended,omitempty"` // the last line of a run that has finished
}

// answers reads all answers, in the order in which they were written, and makes
// the journal ready for more. An incomplete last line is cut off: its row has
// no answer.
func (j *journal) answers(each func(e entry, at int64) error) error {
	// The file is read twice, since the meaning of an answer depends on whether
	// the run has ended.
	for _, do := range []func(entry, int64) error{
		func(e entry, _ int64) error { j.ended = j.ended || e.Ended; return nil },
		func(e entry, at int64) error {
			if e.Ended {
				return nil
			}
			return each(e, at)
		},
	} {
		if err := j.lines(do); err != nil {
			return fmt.Errorf("reading the journal %s: %w", j.path, err)
		}
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	return nil
}

func (j *journal) lines(do func(e entry, at int64) error) error {
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(j.file, 64<<10)
	for at, first := int64(0), true; ; first = false {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			j.size = at
			return nil
		}
		if err != nil {
			return err
		}
		if !first {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				return fmt.Errorf("byte %d: %w", at, err)
			}
			if err := do(e, at); err != nil {
				return fmt.Errorf("byte %d: %w", at, err)
			}
		}
		at += int64(len(line))
	}
}

// add writes an answer and returns its offset. The operating system has it
// before add returns; it is on disk after syncEvery, after syncRows more
// answers, or after sync, whichever is first.
func (j *journal) add(row int64, d linker.Decision) (at int64, err error) {
	line, err := json.Marshal(entry{Row: row, Decision: d})
	if err != nil {
		return 0, fmt.Errorf("writing the journal: %w", err)
	}
	return j.append(append(line, '\n'))
}

func (j *journal) append(line []byte) (at int64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at = j.size
	if _, err := j.file.WriteAt(line, at); err != nil {
		return 0, fmt.Errorf("writing the journal: %w", err)
	}
	j.size += int64(len(line))
	if j.unsynced++; j.unsynced >= syncRows || time.Since(j.synced) >= syncEvery {
		return at, j.flush()
	}
	return at, nil
}

// read returns the answer at an offset.
func (j *journal) read(at int64) (e entry, err error) {
	line, err := bufio.NewReaderSize(io.NewSectionReader(j.file, at, journalLine), 512).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(bytes.TrimSpace(line), &e)
	}
	if err != nil {
		return e, fmt.Errorf("reading the journal at byte %d: %w", at, err)
	}
	return e, nil
}

// end records that the run has ended.
func (j *journal) end() error {
	if j.ended {
		return nil
	}
	if _, err := j.append([]byte("{\"ended\":true}\n")); err != nil {
		return err
	}
	return j.sync()
}

// sync makes everything added so far durable.
func (j *journal) sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.flush()
}

func (j *journal) flush() error {
	j.unsynced, j.synced = 0, time.Now()
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

func (j *journal) close() error { return errors.Join(j.file.Close(), j.lock.Close()) }

// syncFolder makes the file names in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
