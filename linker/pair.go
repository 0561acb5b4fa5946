package linker

// Pair is one row of a map of CRM rows: the old row and the new one that takes its
// place.
type Pair struct {
	Row, Line int64
	// Old and New are the two CRM rows as Check has them, in the fields of a link's
	// target. A fault of either is the pair's.
	Old, New Fields
	Fault    *RowError // nil for none
	Note     string    // what Check noted of the ids, "" for nothing
}

// MapRow is what became of a row of a map.
type MapRow struct {
	Row, Line int64
	Old, New  Fields // the targets, trimmed, words in capitals
	Code      Code   // why it is refused, "" when it is not
	Message   string
	// EntityID and NewEntityID are the CRM rows found, "" for none.
	EntityID, NewEntityID string
	// Links is how many current links are to the old row. Of a row that is refused
	// they stay.
	Links int64
}

// MapTotals adds up a map: its rows, and the current links that it leaves as they
// are.
type MapTotals struct {
	Rows    int64 `json:"rows"`
	Used    int64 `json:"used"`    // rows that name a link
	Unused  int64 `json:"unused"`  // rows that name none, or repeat another row
	Refused int64 `json:"refused"` // rows with a code
	// Links are those that the other rows name: the rows of the report.
	Links int64 `json:"links"`
	// RefusedLinks are named by rows that are refused.
	RefusedLinks int64 `json:"refusedLinks"`
	// Unmapped are links to rows of the old connections that no row names.
	Unmapped int64 `json:"unmapped"`
}

// Add counts a row.
func (t *MapTotals) Add(r *MapRow) {
	t.Rows++
	switch {
	case r.Code != "":
		t.Refused++
		t.RefusedLinks += r.Links
	case r.Links == 0:
		t.Unused++
	default:
		t.Used++
		t.Links += r.Links
	}
}
