package source

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relink/linker"
)

// splice is a piece of damage: a number of bytes at an offset are replaced.
type splice struct {
	at, cut int
	insert  string
}

// accidents are pieces of text found in files that were joined, cut or edited.
var accidents = []string{
	`"`, `""`, `"""`, "'", ",", "\n", "\r\n", "\r", "\x00", "\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\x1a", "\xff", "\xef\xbb\xbf", "\xff\xfe", "\u2011", "\u200b", "“",
	"NULL", `\N`, "#N/A", "{", "}", "=", `="`, ";", " ", "(2 rows)\n", "---,---\n", ",,,,,\n", ",,,,,FALSE\n",
	"recordingId,dataType,id\n", ",OPPORTUNITY", "Total,2,,,,\n", "rec-",
}

// oddForms are what people make of an id.
var oddForms = []string{"{%s}", "“%s”", "'%s", " %s ", `"=""%s"""`, "https://x.example.com/%s?tab=crm", "%s;rec-0009", "urn:uuid:%s", "%s\u200b", "<%s>", "x%s", "%s0"}

// TestAbsenceIsProven damages files of good rows in every way we could think of
// and checks that no recording which is in the bytes of the file, but mentioned
// by no row, is taken by a reconciliation for left out.
func TestAbsenceIsProven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		header := rapid.Permutation([]string{"Notes", "recordingId", "dataType", "id", "Owner", "trigger"}).Draw(rt, "header")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "line end")
		content := goodRows(header, rapid.IntRange(1, 9).Draw(rt, "rows"), end, rapid.Bool().Draw(rt, "quoted"))
		for range rapid.IntRange(0, 3).Draw(rt, "splices") {
			s := splice{
				at: rapid.IntRange(0, len(content)).Draw(rt, "at"), cut: rapid.SampledFrom([]int{0, 0, 0, 1, 2, 9, 30}).Draw(rt, "cut"),
				insert: rapid.SampledFrom(append(accidents, "", "", utf16le("\r\nLEAD,i,,,\r\n"))).Draw(rt, "insert"),
			}
			content = spoil(content, s)
		}
		if rapid.Bool().Draw(rt, "odd id") {
			id := fmt.Sprintf("rec-%04d", rapid.IntRange(1, 9).Draw(rt, "of"))
			odd := rapid.SampledFrom(oddForms).Draw(rt, "form")
			content = strings.Replace(content, id, fmt.Sprintf(odd, id), 1)
		}
		content = content[:len(content)-min(len(content), rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5, 17}).Draw(rt, "cut off"))]
		checkAbsence(rt, content)
	})
}

// FuzzAbsence does the same with any damage.
func FuzzAbsence(f *testing.F) {
	for i, a := range accidents {
		f.Add(uint16(40+7*i), uint8(i%3), a, uint16(90+5*i), uint8(0), `"`, uint8(i%4))
	}
	f.Fuzz(func(t *testing.T, at uint16, cut uint8, insert string, at2 uint16, cut2 uint8, insert2 string, off uint8) {
		content := goodRows([]string{"recordingId", "Notes", "dataType", "id", "trigger", "Owner"}, 9, "\n", at%2 == 0)
		content = spoil(content, splice{int(at), int(cut), insert})
		content = spoil(content, splice{int(at2), int(cut2), insert2})
		checkAbsence(t, content[:max(0, len(content)-int(off))])
	})
}

// goodRows returns a file of good rows; quoted puts every cell in quotes.
func goodRows(header []string, rows int, end string, quoted bool) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(header)
	for n := range rows {
		cells := map[string]string{
			"recordingId": fmt.Sprintf("rec-%04d", n+1), "dataType": "OPPORTUNITY", "id": "e-1",
			"Notes": []string{"", "wants a screen", "two\nlines", "a, b"}[n%4], "Owner": "A. Person",
		}
		var row []string
		for _, h := range header {
			row = append(row, cells[h])
		}
		_ = w.Write(row)
	}
	w.Flush()
	text := b.String()
	if quoted {
		r := csv.NewReader(strings.NewReader(text))
		all, _ := r.ReadAll()
		b.Reset()
		for _, row := range all {
			b.WriteString(`"` + strings.Join(row, `","`) + `"` + "\n")
		}
		text = b.String()
	}
	return strings.ReplaceAll(text, "\n", end)
}

func spoil(content string, s splice) string {
	at := min(s.at, len(content))
	return content[:at] + s.insert + content[min(len(content), at+s.cut):]
}

var recordingIDs = regexp.MustCompile(`rec-[0-9]{4}`)

// failer is the common part of a test and a rapid test.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkAbsence reads a file and treats its records as a reconciliation does:
// see sql/plan/untrusted.sql and extras.sql. All recordings have ids such as
// rec-0001.
func checkAbsence(t failer, content string) {
	t.Helper()
	src, err := Open(Input{Path: "-", Stdin: strings.NewReader(content), Name: "links.csv"})
	if err != nil {
		return // it stops before any row and gives the reason
	}
	defer src.Close()
	mentioned := map[string]bool{}
	var strays []string
	var withheld, footers, good bool
	var record Record
	for {
		if err = src.Next(&record); err != nil {
			break
		}
		c := record.Check(&linker.Rules{})
		good = good || c.Fault == nil
		id := c.Fields.RecordingID
		mentioned[id] = true
		if c.Fault != nil || !recordingIDs.MatchString(id) {
			strays = append(strays, id)
		}
		trusted := recordingIDs.FindString(id) == id && id != ""
		switch {
		case c.Stray == "":
			withheld = withheld || footers || !trusted
		case c.Fault.Code == linker.MissingRecordingID, !strings.ContainsAny(c.Stray, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"):
			strays = append(strays, c.Stray)
		default:
			strays = append(strays, c.Stray)
			footers = footers || !trusted // unless more rows follow
		}
	}
	if !good {
		return // refused: not a single good row
	}
	if !errors.Is(err, io.EOF) || withheld || len(src.Doubts()) > 0 {
		return
	}
	_, rows, _ := strings.Cut(content, "\n")
	all := recordingIDs.FindAllString(rows, -1)
	for _, id := range all {
		// Ids with more digits are different ids.
		if mentioned[id] || slices.ContainsFunc(strays, func(s string) bool { return strings.Contains(s, id) }) || longer(rows, id) {
			continue
		}
		t.Fatalf("%s stands in the file, no row mentions it, and nothing is said against the file:\n%q", id, content)
	}
}

// longer reports whether an id occurs only within longer words.
func longer(content, id string) bool {
	for at := 0; ; {
		i := strings.Index(content[at:], id)
		if i < 0 {
			return true
		}
		at += i
		before, after := byte(' '), byte(' ')
		if at > 0 {
			before = content[at-1]
		}
		if at+len(id) < len(content) {
			after = content[at+len(id)]
		}
		if !alphanumeric(before) && !alphanumeric(after) && !bytes.ContainsAny([]byte{before, after}, "-_") {
			return false
		}
		at++
	}
}
