package dbcheck

// The type of each column. Ids keep the type that the platform gave them; the
// catalog uses PostgreSQL's own name of the type.
var (
	textTypes    = []string{"text", "character varying"}
	timeTypes    = []string{"timestamp with time zone", "timestamp without time zone"} // relink's sessions are in UTC
	booleanTypes = []string{"boolean"}
	idTypes      = []string{"text", "character varying", "uuid", "bigint", "integer"} // and citext, wherever it is
)

// column is what relink needs of one column of the platform.
type column struct {
	name  string
	types []string
	// words means that an enum will do too, when it has every data type.
	words bool
	// required means that the column never is NULL.
	required bool
	// refersTo is the table whose ids it holds, so that it is of their type.
	refersTo string
	insert   bool // relink inserts it
	update   bool // relink updates it
}

// reference is a foreign key of one column to another table's id.
type reference struct{ column, table string }

// index is an index that relink needs. partial means that it may, and a unique
// one must, have only the rows where cleared_at is null.
type index struct {
	key     string
	unique  bool
	partial bool
	purpose string
	form    string // in words, with %s for the table
}

// table is what relink needs of one table of the platform.
type table struct {
	name       string
	mayBeView  bool
	columns    []column
	keys       [][]string // each set of columns is unique over all rows
	references []reference
	indexes    []index
}

// platformTables are the tables of the platform, as in the platform migration,
// in the order in which they can be created.
var platformTables = []table{
	{
		name:      "recordings",
		mayBeView: true,
		columns: []column{
			{name: "id", types: idTypes, required: true},
			{name: "organization_id", types: idTypes, required: true},
			{name: "title", types: textTypes},
			{name: "created_at", types: timeTypes},
			{name: "deleted_at", types: timeTypes},
		},
		keys: [][]string{{"id"}},
	},
	{
		name:      "integration_connections",
		mayBeView: true,
		columns: []column{
			{name: "id", types: idTypes, required: true},
			{name: "organization_id", types: idTypes, required: true},
			{name: "platform", types: textTypes, required: true},
			{name: "name", types: textTypes},
			{name: "is_active", types: booleanTypes, required: true},
		},
		keys: [][]string{{"id"}},
	},
	{
		name:      "crm_entities",
		mayBeView: true,
		columns: []column{
			{name: "id", types: idTypes, required: true},
			{name: "data_type", types: textTypes, words: true, required: true},
			{name: "integration_connection_id", types: idTypes, refersTo: "integration_connections", required: true},
			{name: "external_id", types: idTypes, required: true},
			{name: "name", types: textTypes},
			{name: "last_activity_at", types: timeTypes},
			{name: "deleted_at", types: timeTypes},
			{name: "merged_into_id", types: idTypes, refersTo: "crm_entities"},
		},
		keys:       [][]string{{"id"}, {"data_type", "external_id", "integration_connection_id"}},
		references: []reference{{"integration_connection_id", "integration_connections"}},
	},
	{
		name: "recording_links",
		columns: []column{
			{name: "id", types: idTypes, required: true},
			{name: "recording_id", types: idTypes, refersTo: "recordings", required: true, insert: true},
			{name: "data_type", types: textTypes, words: true, required: true, insert: true},
			{name: "entity_id", types: idTypes, refersTo: "crm_entities", required: true, insert: true},
			{name: "trigger", types: textTypes, insert: true},
			{name: "linked_at", types: timeTypes, required: true, insert: true},
			{name: "cleared_at", types: timeTypes, update: true},
			{name: "cleared_trigger", types: textTypes, update: true},
		},
		keys:       [][]string{{"id"}},
		references: []reference{{"entity_id", "crm_entities"}},
		indexes: []index{
			{
				key: "recording_id", unique: true, partial: true,
				purpose: "which keeps a recording from having two current links",
				form:    "a unique index on %s (recording_id) where cleared_at is null",
			},
			{
				key: "entity_id", partial: true,
				purpose: "which finds the links of a CRM row",
				form:    "an index on %s (entity_id) where cleared_at is null",
			},
		},
	},
}
