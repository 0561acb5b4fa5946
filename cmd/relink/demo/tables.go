package demo

// Table is rows for one of the platform's tables.
type Table struct {
	// Schema is "" for that of the reference tables.
	Schema  string
	Name    string
	Columns []string
	Rows    [][]any
}

// Tables is the world as rows, in an order that keeps foreign keys.
func (w World) Tables() []Table {
	return []Table{
		table("recordings", []string{"id", "organization_id", "title", "created_at", "deleted_at"},
			w.Recordings, func(r Recording) []any {
				return []any{r.ID, r.Organization, r.Title, r.CreatedAt, r.DeletedAt}
			}),
		table("integration_connections", []string{"id", "organization_id", "platform", "name", "is_active"},
			w.Connections, func(c Connection) []any {
				return []any{c.ID, c.Organization, c.Platform, c.Name, c.Active}
			}),
		table("crm_entities", []string{
			"id", "data_type", "integration_connection_id", "external_id", "name",
			"last_activity_at", "deleted_at", "merged_into_id",
		}, w.Entities, func(e Entity) []any {
			return []any{e.ID, e.DataType, e.Connection, e.ExternalID, e.Name, e.LastActivityAt, e.DeletedAt, e.MergedInto}
		}),
		table("recording_links", []string{
			"recording_id", "data_type", "entity_id", "trigger", "linked_at", "cleared_at", "cleared_trigger",
		}, w.Links, func(l Link) []any {
			return []any{l.Recording, l.DataType, l.Entity, l.Trigger, l.LinkedAt, l.ClearedAt, l.ClearedTrigger}
		}),
	}
}

func table[T any](name string, columns []string, from []T, row func(T) []any) Table {
	t := Table{Name: name, Columns: columns, Rows: make([][]any, len(from))}
	for i, x := range from {
		t.Rows[i] = row(x)
	}
	return t
}
