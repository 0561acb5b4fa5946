package reports

import (
	"cmp"
	"slices"
	"strings"

	"relink/linker"
	"relink/linker/text"
)

// Sample collects from the entries of a run what report.html shows in addition
// to the summary: the first examples of every code, and the rows by connection
// and by data type. The zero value is ready for use. Its size is bounded
// whatever the size of the run. It is not safe for concurrent use.
type Sample struct {
	// Set holds the fields that --set fills in where a row leaves them empty.
	Set linker.Fields

	examples    map[linker.Code][]Example
	connections map[string]*tallies
	others      tallies // connections beyond sampleConnections
	dataTypes   map[string]*tallies
}

// Example is a row that illustrates a code. Its texts are cut.
type Example struct {
	Row, Line int64
	Fields    linker.Fields
	Message   string
}

// tallies counts rows by outcome, in the order of linker.Outcomes.
type tallies [len(linker.Outcomes)]int64

const (
	// sampleExamples are enough to show whether a fault is always the same one;
	// more are in the report.
	sampleExamples = 5
	// sampleConnections is more than any customer has; a file with random
	// text in that column must not fill the memory.
	sampleConnections = 500
	// sampleBytes cuts the texts of an example. Ids are mostly 36 bytes.
	sampleBytes   = 80
	sampleMessage = 300
)

// Add counts an entry and retains nothing of it.
func (s *Sample) Add(e *linker.Entry) {
	if s.examples == nil {
		s.examples = map[linker.Code][]Example{}
		s.connections = map[string]*tallies{}
		s.dataTypes = map[string]*tallies{}
	}
	if e.Code != "" {
		if list := s.examples[e.Code]; len(list) < sampleExamples {
			s.examples[e.Code] = append(list, example(e))
		}
	}
	outcome := slices.Index(linker.Outcomes[:], e.Outcome)
	if e.Row == 0 || outcome < 0 {
		return
	}
	s.dataType(cmp.Or(e.Fields.DataType, s.Set.DataType))[outcome]++
	s.connection(cmp.Or(e.Fields.IntegrationConnectionID, s.Set.IntegrationConnectionID))[outcome]++
}

func example(e *linker.Entry) Example {
	x := Example{Row: e.Row, Line: e.Line, Message: kept(e.Message, sampleMessage)}
	for f := range linker.FieldCount {
		*x.Fields.At(f) = kept(*e.Fields.At(f), sampleBytes)
	}
	return x
}

// dataType returns the counts of a data type; an unknown one is counted under
// "".
func (s *Sample) dataType(name string) *tallies {
	t := s.dataTypes[name]
	if t != nil {
		return t
	}
	known := strings.ToUpper(strings.TrimSpace(name))
	if !slices.Contains(linker.DataTypes, known) {
		known = ""
	}
	if t = s.dataTypes[known]; t == nil {
		t = new(tallies)
		s.dataTypes[known] = t
	}
	return t
}

// connection returns the counts of a connection, "" for rows that name none.
func (s *Sample) connection(name string) *tallies {
	t := s.connections[name]
	if t != nil {
		return t
	}
	name = kept(strings.TrimSpace(name), 2*sampleBytes)
	if t = s.connections[name]; t != nil {
		return t
	}
	if len(s.connections) >= sampleConnections {
		return &s.others
	}
	t = new(tallies)
	s.connections[name] = t
	return t
}

// Connections lists the connections that the rows name, the one with the most
// rows first.
func (s *Sample) Connections() []string {
	names := make([]string, 0, len(s.connections))
	for name := range s.connections {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.connections[b].rows(), s.connections[a].rows()), cmp.Compare(a, b))
	})
	return names
}

func (t *tallies) rows() (n int64) {
	for _, c := range t {
		n += c
	}
	return n
}

func (t *tallies) add(other *tallies) {
	for i, c := range other {
		t[i] += c
	}
}

// kept returns a copy of at most n bytes of s, which may be part of a much
// larger record.
func kept(s string, n int) string { return strings.Clone(text.Cut(s, n)) }
