package batch

// Twins finds rows of one recording that ask for different targets, in memory
// that does not grow with the number of rows: what it is told goes to a
// temporary file. First Add every row that takes part, then Finish, then ask
// At for rows in ascending order.
type Twins struct{}

// Others are rows that ask for another target for the same recording.
type Others struct {
	// Lines are the physical lines of the first five, in order.
	Lines []int64
	// More is how many there are besides.
	More int64
}

// NewTwins returns an empty Twins that keeps its temporary files in dir, ""
// for the system's folder. They hold no ids, only hashes.
func NewTwins(dir string) (*Twins, error) { return &Twins{}, nil }

// Add tells of one row. The target is compared as it is given; rows come in
// ascending order.
func (t *Twins) Add(row, line int64, recordingID, target string) error { return nil }

// Finish ends the adding and finds the twins.
func (t *Twins) Finish() error { return nil }

// Rows returns how many rows have others that ask for another target.
func (t *Twins) Rows() int64 { return 0 }

// At returns the others of a row, ok false when it has none. Calls ask for
// rows in ascending order.
func (t *Twins) At(row int64) (o Others, ok bool, err error) { return Others{}, false, nil }

// Message says it in words, for the report: "other rows ask for another target
// for this recording: lines 17, 42 and 3 more".
func (o Others) Message() string { return "" }

// Close removes the temporary files.
func (t *Twins) Close() error { return nil }
