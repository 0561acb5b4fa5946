package dbcheck

// Finding is one point in which a database is not as relink needs it.
type Finding struct {
	// Object is what the finding is about: a table, table.column, the server.
	Object string `json:"object"`
	// Problem is what is missing or wrong, and what it is needed for.
	Problem string `json:"problem"`
	// Label is what the remedy does to the database.
	Label Label `json:"label"`
	// SQL fixes it when somebody with the right to runs it. It is about relink's own
	// schema, the views made for it and the privileges of its role: it never alters a
	// table, type or role of the platform's.
	SQL string `json:"sql,omitempty"`
	// Command is the command of relink that fixes it, otherwise empty.
	Command string `json:"command,omitempty"`
	// Ask is what only the platform's own administrators can do about it, as a
	// sentence: relink prints no statement for it and runs none.
	Ask string `json:"ask,omitempty"`
	// Warning means that relink works nevertheless.
	Warning bool `json:"warning"`
	// Stops means that a run would fail, or go wrong: none is begun.
	Stops bool `json:"stops"`
}

func (f Finding) String() string { return f.Object + ": " + f.Problem }

// Label classifies what the remedy of a finding does to the database.
type Label string

// The labels.
const (
	// Safe makes something new, in relink's schema or among its views, or an index
	// CONCURRENTLY, or nothing at all.
	Safe Label = "safe"
	// Rewrites locks a table of the platform's against writing, reads all of
	// it, or rewrites it.
	Rewrites Label = "rewrites"
	// Touches changes something of the platform's in a moment: a privilege, a
	// constraint, a row.
	Touches Label = "touches the platform"
)

// Commands of relink that fix what Check finds.
const (
	// CommandMigrate is about relink's own tables.
	CommandMigrate = "relink db migrate"
	// CommandAdapt is about tables of other names, columns and types.
	CommandAdapt = "relink db adapt"
)
