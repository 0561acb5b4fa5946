package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// manyRows returns a file that takes a compressor several blocks.
func manyRows(n int) string {
	var b strings.Builder
	b.WriteString("recordingId,dataType,id\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d,LEAD,%x\n", i, uint64(i)*0x9e3779b97f4a7c15)
	}
	return b.String()
}

// readStored reads stored bytes to the end and returns the rows and the error
// that ended the reading. It checks that the bytes hashed and counted are the
// stored ones.
func readStored(t *testing.T, stored, name string) ([]string, error) {
	t.Helper()
	s, err := Open(Input{Path: "-", Stdin: strings.NewReader(stored), Name: name})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var records []Record
	for {
		var r Record
		if err = s.Next(&r); err != nil {
			break
		}
		r.Raw = nil
		records = append(records, r)
	}
	if again := s.Next(new(Record)); again.Error() != err.Error() {
		t.Errorf("Next after the end = %v, want %v again", again, err)
	}
	if errors.Is(err, io.EOF) {
		err = nil
		if got := s.Identity().Bytes; got != int64(len(stored)) || s.BytesRead() != got {
			t.Errorf("%d bytes identified and %d read, want the %d stored", got, s.BytesRead(), len(stored))
		}
	}
	return brief(records), err
}

func TestSourceCompressed(t *testing.T) {
	t.Parallel()
	content := manyRows(20_000)
	want, err := readStored(t, content, "links.csv")
	if err != nil || len(want) != 20_000 {
		t.Fatalf("reading the plain file = %d rows, %v", len(want), err)
	}
	half := len(content) / 2
	skippable := "\x50\x2a\x4d\x18\x04\x00\x00\x00junk"
	for name, stored := range map[string]string{
		"gzip":                        gz(t, content),
		"gzip in two members":         gz(t, content[:half]) + gz(t, content[half:]),
		"gzip with an empty member":   gz(t, "") + gz(t, content) + gz(t, ""),
		"zstd":                        zst(t, content),
		"zstd in two frames":          zst(t, content[:half]) + zst(t, content[half:]),
		"zstd with a skippable frame": zst(t, content) + skippable,
		"zstd with a window of 8 MiB": zst(t, content, zstd.WithWindowSize(8<<20), zstd.WithSingleSegment(false)),
	} {
		// The content decides, not the name.
		for _, file := range []string{"links.csv.gz", "links.csv", "-"} {
			got, err := readStored(t, stored, file)
			if err != nil {
				t.Fatalf("%s as %s: %v", name, file, err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s as %s: %d rows that differ from the %d of the plain file", name, file, len(got), len(want))
			}
		}
	}
}

func TestSourceCutOff(t *testing.T) {
	t.Parallel()
	content := manyRows(50_000)
	gzipped, zstded := gz(t, content), zst(t, content)
	flipped := []byte(gzipped)
	flipped[len(flipped)/2] ^= 0x40
	tests := []struct {
		name, stored, want string
	}{
		{"gzip cut off in the middle", gzipped[:len(gzipped)/2], "the gzip data ends too early"},
		{"gzip cut off in its checksum", gzipped[:len(gzipped)-3], "the gzip data ends too early"},
		{"zstd cut off in the middle", zstded[:len(zstded)/2], "the zstd data ends too early"},
		{"zstd cut off in its checksum", zstded[:len(zstded)-2], "the zstd data ends too early"},
		{"something behind the gzip data", gzipped + "recordingId", "something that is not gzip follows"},
		{"a flipped bit", string(flipped), "the gzip data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := readStored(t, tt.stored, "links.csv")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("reading to the end = %v, want an error that says %q", err, tt.want)
			}
		})
	}
}

// failing returns some bytes and then an error.
type failing struct {
	io.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = f.err
	}
	return n, err
}

func TestSourceReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is on fire")
	content := []byte(manyRows(50_000))
	for _, cut := range []int{0, 10, 100_000} {
		s, err := Open(Input{Path: "-", Stdin: failing{bytes.NewReader(content[:cut]), broken}})
		for err == nil {
			err = s.Next(new(Record))
		}
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "standard input") {
			t.Errorf("reading %d bytes and an error = %v, want that error and where it happened", cut, err)
		}
		if s != nil {
			s.Close()
		}
	}
}
