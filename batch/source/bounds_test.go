package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"relink/batch/source/raw"
)

// packers compress what is written to them, by file extension.
var packers = map[string]func(io.Writer) io.WriteCloser{
	"gz": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"zst": func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			panic(err)
		}
		return z
	},
}

// all reads a source to its end and returns the error that ended it.
func all(ctx context.Context, in Input) error {
	s, err := OpenContext(ctx, in)
	if err != nil {
		return err
	}
	defer s.Close()
	var r Record
	for err == nil {
		err = s.Next(&r)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

const head = "recordingId,dataType,id\n"

// Input of a few kilobytes that expands to gigabytes is not read to its end,
// whatever its content. The content here is quick to read: the limit counts
// bytes.
func TestBombs(t *testing.T) {
	t.Parallel()
	for _, bomb := range []struct{ kind, what, block string }{
		{"gz", "one line", strings.Repeat("r", 1<<20)},
		{"zst", "one line", strings.Repeat("r", 1<<20)},
		{"zst", "lines too long", strings.Repeat("r", 1<<20+1) + "\n"},
	} {
		t.Run(bomb.kind+" of "+bomb.what, func(t *testing.T) {
			t.Parallel()
			var packed bytes.Buffer
			z := packers[bomb.kind](&packed)
			io.WriteString(z, head)
			for range 500 << 20 / len(bomb.block) {
				io.WriteString(z, bomb.block)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			stored := packed.String()
			err := all(t.Context(), Input{Path: "-", Stdin: &packed, Name: "bomb.csv." + bomb.kind})
			if err == nil || !raw.IsUnreadable(err) || !strings.Contains(err.Error(), "bytes of packed data become more than") {
				t.Errorf("%d bytes: %v, want an error about packed data", len(stored), err)
			}
			// Whoever says how large it is, may read it.
			err = all(t.Context(), Input{Path: "-", Stdin: strings.NewReader(stored), Name: "large.csv." + bomb.kind, MaxBytes: 600 << 20})
			if err != nil {
				t.Errorf("with --max-bytes: %v, want that it is read", err)
			}
		})
	}
}

// Content that compresses well, as exports do, is read.
func TestPackedExportIsNoBomb(t *testing.T) {
	t.Parallel()
	for kind, pack := range packers {
		var packed bytes.Buffer
		z := pack(&packed)
		io.WriteString(z, head)
		for n := range 300_000 {
			fmt.Fprintf(z, "recording-%08d,OPPORTUNITY,entity-%08d\n", n, n)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := all(t.Context(), Input{Path: "-", Stdin: &packed, Name: "good.csv." + kind}); err != nil {
			t.Errorf("%s: %v, want that all is read", kind, err)
		}
	}
}

func TestMaxBytes(t *testing.T) {
	t.Parallel()
	text := head + strings.Repeat("r,ACCOUNT,e\n", 10_000)
	path := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := packers["gz"](&packed)
	io.WriteString(z, text)
	z.Close()
	for most, good := range map[int64]bool{0: true, int64(len(text)): true, int64(len(text)) - 1: false, 1000: false, 1: false} {
		for name, in := range map[string]Input{
			"file":  {Path: path},
			"gzip":  {Path: "-", Stdin: bytes.NewReader(packed.Bytes()), Name: "links.csv.gz"},
			"stdin": {Path: "-", Stdin: strings.NewReader(text)},
		} {
			in.MaxBytes = most
			if err := all(t.Context(), in); (err == nil) != good || err != nil && !strings.Contains(err.Error(), fmt.Sprintf("more than %d bytes", most)) {
				t.Errorf("%s of %d bytes, at most %d: %v", name, len(text), most, err)
			}
		}
	}
	dir := t.TempDir()
	_, err := Spool(t.Context(), Input{Path: "-", Stdin: endless("\n"), MaxBytes: 1 << 20}, dir)
	if err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("an endless standard input: %v, want an error", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("the copy was left: %v", left)
	}
}

// endless is a reader that repeats the same text forever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// Reading ends with the context, even where no record ends at which to check
// it.
func TestReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	why := errors.New("told to stop")
	for name, test := range map[string]struct {
		stdin  io.Reader
		format string
	}{
		"blank lines of CSV":    {io.MultiReader(strings.NewReader(head), endless("\n")), "csv"},
		"blank records":         {io.MultiReader(strings.NewReader(head), endless(",,\n")), "csv"},
		"blank lines of JSONL":  {io.MultiReader(strings.NewReader("{}\n"), endless(" \n")), "jsonl"},
		"a line without an end": {io.MultiReader(strings.NewReader("{}\n"), endless(" ")), "jsonl"},
		"an open quote":         {io.MultiReader(strings.NewReader(head+`"`), endless("a\n")), "csv"},
		"rows":                  {io.MultiReader(strings.NewReader(head), endless("r,ACCOUNT,e\n")), "csv"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
			if err := all(ctx, Input{Path: "-", Stdin: test.stdin, Format: test.format}); !errors.Is(err, why) {
				t.Errorf("%v, want %v", err, why)
			}
		})
	}
	t.Run("nothing comes", func(t *testing.T) {
		t.Parallel()
		stdin, w := io.Pipe()
		defer w.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
		if err := all(ctx, Input{Path: "-", Stdin: stdin}); !errors.Is(err, why) {
			t.Errorf("%v, want %v", err, why)
		}
	})
}

func TestTooManyColumns(t *testing.T) {
	t.Parallel()
	for extra, good := range map[int]bool{9_997: true, 9_998: false, 500_000: false} {
		text := strings.TrimSpace(head) + strings.Repeat(",x", extra) + "\n"
		if extra == 500_000 {
			text = strings.TrimSpace(head) + strings.Repeat(",", extra) + "\n"
		}
		err := all(t.Context(), Input{Path: "-", Stdin: strings.NewReader(text), Format: "csv", Map: map[string]string{"x": ""}})
		if tooMany := err != nil && strings.Contains(err.Error(), "columns, more than the 10000"); tooMany == good {
			t.Errorf("%d columns: %v", extra+3, err)
		}
	}
}
