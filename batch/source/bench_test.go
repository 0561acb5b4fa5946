package source

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// benchRows is large enough for the start of a reading not to matter.
const benchRows = 200_000

// writeBench writes a file of links of the usual shape.
func writeBench(b *testing.B, name, header, row string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, header)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range benchRows {
		recording := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), i&0xffff, i&0xfff, i&0xfff, r.Uint64()>>16)
		fmt.Fprintf(w, row, recording, r.Uint64N(1e15))
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	return path
}

const (
	benchHeader = "recordingId,dataType,externalId,integrationConnectionId,trigger\n"
	benchRow    = "%s,OPPORTUNITY,006%015d,7b0c8e0e-5a46-4a53-9c0d-0a4b7a4b9f10,EXTERNAL_API_LINK\n"
)

func readAll(b *testing.B, path string) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(Input{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		var r Record
		n := 0
		for {
			if err = s.Next(&r); err != nil {
				break
			}
			n++
		}
		if !errors.Is(err, io.EOF) || n != benchRows {
			b.Fatalf("read %d rows, then %v; want %d rows", n, err, benchRows)
		}
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func BenchmarkCSV(b *testing.B) { readAll(b, writeBench(b, "links.csv", benchHeader, benchRow)) }

func BenchmarkCSVQuoted(b *testing.B) {
	readAll(b, writeBench(b, "links.csv", benchHeader,
		`"%s","OPPORTUNITY","006%015d","7b0c8e0e-5a46-4a53-9c0d-0a4b7a4b9f10","EXTERNAL_API_LINK"`+"\n"))
}

func BenchmarkJSONL(b *testing.B) {
	readAll(b, writeBench(b, "links.jsonl", "",
		`{"recordingId":"%s","dataType":"OPPORTUNITY","externalId":"006%015d","integrationConnectionId":"7b0c8e0e-5a46-4a53-9c0d-0a4b7a4b9f10","trigger":"EXTERNAL_API_LINK"}`+"\n"))
}

// BenchmarkBareCSV is the baseline for the others.
func BenchmarkBareCSV(b *testing.B) {
	path := writeBench(b, "links.csv", benchHeader, benchRow)
	b.ReportAllocs()
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		r := csv.NewReader(f)
		r.ReuseRecord = true
		for {
			if _, err = r.Read(); err != nil {
				break
			}
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
		f.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}
