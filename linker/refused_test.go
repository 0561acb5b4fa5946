package linker

import "testing"

func refused(entries ...Entry) *RefusedRows {
	var r RefusedRows
	for i := range entries {
		r.Add(&entries[i])
	}
	return &r
}

// row is a refused row of the test.
func row(recording, target string, code Code) Entry {
	return Entry{Fields: Fields{RecordingID: recording, DataType: "LEAD", ID: target}, Decision: Decision{Outcome: Rejected, Code: code}}
}

func TestRefusedRowsKnowRecordingTargetAndCode(t *testing.T) {
	t.Parallel()
	unreadable := Entry{Decision: Decision{Outcome: Rejected, Code: MalformedRow}, Raw: []byte("a,b\n")}
	other := unreadable
	other.Raw = []byte("a,b,c\n")
	earlier := refused(
		row("r-1", "e-1", EntityNotFound), row("r-2", "e-2", EntityNotFound), row("r-2", "e-2", EntityNotFound),
		unreadable, Entry{Fields: Fields{RecordingID: "r-9"}, Decision: Decision{Outcome: Created}},
		Entry{Fields: Fields{RecordingID: "r-9"}, Decision: Decision{Outcome: Extra}},
	)
	if earlier.Count() != 4 {
		t.Fatalf("Count = %d, want 4: rows without a code are none", earlier.Count())
	}
	b, err := earlier.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var back RefusedRows
	if err := back.UnmarshalBinary(b); err != nil || back.Count() != 4 {
		t.Fatalf("read back: %d rows, %v", back.Count(), err)
	}
	if back.UnmarshalBinary(b[:9]) == nil {
		t.Error("half a row was read")
	}
	if err := back.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	withBlanks := row(" r-1", "e-1 ", EntityNotFound)
	withBlanks.Fields.DataType = "lead"
	withBlanks.Line = 700
	for _, c := range []struct {
		name string
		rows []Entry
		want int64
	}{
		{"the same, on another line, with blanks", []Entry{withBlanks}, 1},
		{"another target", []Entry{row("r-1", "e-2", EntityNotFound)}, 0},
		{"another recording", []Entry{row("r-3", "e-1", EntityNotFound)}, 0},
		{"another code", []Entry{row("r-1", "e-1", EntityDeleted)}, 0},
		{"a row that stands once more", []Entry{row("r-1", "e-1", EntityNotFound), row("r-1", "e-1", EntityNotFound)}, 1},
		{"a row that stood there twice", []Entry{row("r-2", "e-2", EntityNotFound), row("r-2", "e-2", EntityNotFound)}, 2},
		{"a record that cannot be read", []Entry{unreadable, other}, 1},
		{"none", nil, 0},
	} {
		if got := refused(c.rows...).Known(&back); got != c.want {
			t.Errorf("%s: %d known, want %d", c.name, got, c.want)
		}
	}
}

func TestRefusedRowsAreBounded(t *testing.T) {
	t.Parallel()
	var r RefusedRows
	e := row("r-1", "e-1", EntityNotFound)
	for range MaxRefusedRows + 10 {
		r.Add(&e)
	}
	if r.Count() != MaxRefusedRows+10 || r.Known(&r) != MaxRefusedRows {
		t.Errorf("%d rows, %d of them known", r.Count(), r.Known(&r))
	}
}
