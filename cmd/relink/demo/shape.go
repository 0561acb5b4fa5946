package demo

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"relink/linker/postgres/shapes"
)

// Reference is the shape of the world as Build makes it. The others are those of
// package shapes.
const Reference = "reference"

// Shapes are the shapes that the world can be put in.
var Shapes = []string{Reference, shapes.UUID, shapes.Names}

// Shaped is the world on a platform of another shape: its tables, and the lines of
// the link file with the ids of that platform.
func (w World) Shaped(shape string) ([]Table, []Line) {
	lines := w.Lines()
	ids := ids{}
	switch shape {
	case shapes.UUID:
		ids.organization = func(id string, _ int) string { return uuidOf(id) }
		ids.connection = ids.organization
	case shapes.Names:
		ids.organization = func(_ string, n int) string { return fmt.Sprint(n) }
		ids.connection = func(_ string, n int) string { return fmt.Sprint(10 * n) }
		ids.recording = func(_ string, n int) string { return fmt.Sprint(1000 + n) }
		ids.entity = func(_ string, n int) string { return fmt.Sprint(500_000 + n) }
	default:
		return w.Tables(), lines
	}
	known := w.renumber(ids)
	for i := range lines {
		lines[i].Text = replaced(lines[i].Text, known)
	}
	if shape == shapes.UUID {
		return w.uuidTables(), lines
	}
	return w.namesTables(), lines
}

// ids gives the n-th row of a kind an id; nil leaves it as it is.
type ids struct{ organization, connection, recording, entity func(id string, n int) string }

// uuidOf is the same uuid for a text every time.
func uuidOf(text string) string {
	h := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	return h[:8] + "-" + h[8:12] + "-4" + h[12:15] + "-8" + h[15:18] + "-" + h[18:30]
}

// renumber gives all rows other ids, and returns those of recordings, connections
// and CRM rows by the former ones.
func (w *World) renumber(ids ids) map[string]string {
	known, organizations := map[string]string{}, map[string]string{}
	give := func(to map[string]string, id string, n int, by func(string, int) string) string {
		if _, there := to[id]; !there {
			to[id] = id
			if by != nil {
				to[id] = by(id, n)
			}
		}
		return to[id]
	}
	connections := make([]Connection, len(w.Connections)) // Build's are shared
	for i, c := range w.Connections {
		c.Organization = give(organizations, c.Organization, len(organizations)+1, ids.organization)
		c.ID = give(known, c.ID, i+1, ids.connection)
		connections[i] = c
	}
	w.Connections = connections
	for i := range w.Recordings {
		r := &w.Recordings[i]
		r.ID, r.Organization = give(known, r.ID, i+1, ids.recording), organizations[r.Organization]
	}
	for i := range w.Entities {
		give(known, w.Entities[i].ID, i+1, ids.entity)
	}
	entities := make([]Entity, len(w.Entities)) // MergedInto points into the former
	for i, e := range w.Entities {
		e.ID, e.Connection = known[e.ID], known[e.Connection]
		if e.MergedInto != nil {
			e.MergedInto = new(known[*e.MergedInto])
		}
		entities[i] = e
	}
	w.Entities = entities
	for i := range w.Links {
		l := &w.Links[i]
		l.Recording, l.Entity = known[l.Recording], known[l.Entity]
	}
	return known
}

// replaced is a record with other ids in the cells that are nothing but one.
func replaced(record string, ids map[string]string) string {
	cells := strings.Split(record, ";")
	for i, cell := range cells {
		if id, known := ids[cell]; known {
			cells[i] = id
		}
	}
	return strings.Join(cells, ";")
}

// organizationRows are the organizations of the world, with what the platform calls
// them.
func (w World) organizationRows() (rows [][]any) {
	seen := map[string]bool{}
	for _, c := range w.Connections {
		if !seen[c.Organization] {
			seen[c.Organization] = true
			rows = append(rows, []any{c.Organization, fmt.Sprintf("Organization %d", len(rows)+1)})
		}
	}
	return rows
}

func (w World) uuidTables() []Table {
	lower := strings.ToLower
	tables := []Table{
		{Name: "organizations", Columns: []string{"id", "name"}, Rows: w.organizationRows()},
		table("conversations", []string{"id", "organization_id", "title", "created_at", "deleted_at"}, w.Recordings, func(r Recording) []any {
			return []any{r.ID, r.Organization, r.Title, r.CreatedAt, r.DeletedAt}
		}),
		table("integrations", []string{"id", "organization_id", "provider", "name", "is_active"}, w.Connections, func(c Connection) []any {
			return []any{c.ID, c.Organization, c.Platform, c.Name, c.Active}
		}),
		table("crm_records", []string{
			"id", "record_type", "integration_id", "external_id", "display_name", "last_activity_at", "deleted_at", "merged_into_id",
		}, w.Entities, func(e Entity) []any {
			return []any{e.ID, lower(e.DataType), e.Connection, e.ExternalID, e.Name, e.LastActivityAt, e.DeletedAt, e.MergedInto}
		}),
		table("conversation_crm_links", []string{
			"conversation_id", "crm_record_id", "record_type", "trigger", "linked_at", "unlinked_at", "unlink_trigger",
		}, w.Links, func(l Link) []any {
			return []any{l.Recording, l.Entity, lower(l.DataType), l.Trigger, l.LinkedAt, l.ClearedAt, l.ClearedTrigger}
		}),
	}
	return inSchema("public", tables)
}

// kinds are the words of shape names.
var kinds = map[string]string{"ACCOUNT": "company", "CONTACT": "person", "LEAD": "lead", "OPPORTUNITY": "deal", "ENGAGEMENT": "task"}

func (w World) namesTables() []Table {
	app := []Table{
		{Name: "tenants", Columns: []string{"tenant_id", "label"}, Rows: w.organizationRows()},
		table("calls", []string{"call_id", "tenant", "subject", "started_at", "removed_on"}, w.Recordings, func(r Recording) []any {
			return []any{r.ID, r.Organization, r.Title, r.CreatedAt, r.DeletedAt}
		}),
	}
	crm := []Table{
		table("sources", []string{"source_id", "tenant", "vendor", "label", "enabled"}, w.Connections, func(c Connection) []any {
			return []any{c.ID, c.Organization, c.Platform, c.Name, c.Active}
		}),
		table("objects", []string{
			"object_id", "kind", "source", "remote_id", "title", "activity_at", "gone_at", "into_object",
		}, w.Entities, func(e Entity) []any {
			return []any{e.ID, kinds[e.DataType], e.Connection, e.ExternalID, e.Name, e.LastActivityAt, e.DeletedAt, e.MergedInto}
		}),
		table("call_object_links", []string{"call_id", "kind", "object_id", "since", "until", "updated_at"}, w.Links, func(l Link) []any {
			return []any{l.Recording, kinds[l.DataType], l.Entity, l.LinkedAt, l.ClearedAt, l.LinkedAt}
		}),
	}
	return append(inSchema("app", app), inSchema("crm", crm)...)
}

func inSchema(schema string, tables []Table) []Table {
	for i := range tables {
		tables[i].Schema = schema
	}
	return tables
}
