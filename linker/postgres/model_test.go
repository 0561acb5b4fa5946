package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

// model is a small world and what the rules make of it, told a second time in
// the plainest way: row by row, without a database.
type model struct {
	connections map[string]string // id → organization
	recordings  map[string]modelRecording
	entities    map[string]modelEntity
	order       []string             // the entities' ids as they were made
	links       map[string]modelLink // recording → its current link
}

type modelRecording struct {
	organization string
	deleted      bool
}

type modelEntity struct {
	dataType, connection, externalID string
	deleted                          bool
	mergedInto                       string
}

type modelLink struct{ entity, dataType, trigger string }

var modelTypes = []string{"ACCOUNT", "LEAD"}

// newModel invents a world with so many recordings. The same seed gives the
// same world.
func newModel(rng *rand.Rand, recordings int) *model {
	m := &model{
		connections: map[string]string{"c-1": "o-1", "c-2": "o-1", "c-9": "o-2"},
		recordings:  map[string]modelRecording{},
		entities:    map[string]modelEntity{},
		links:       map[string]modelLink{},
	}
	taken := map[modelEntity]bool{}
	for i := range 16 {
		e := modelEntity{
			dataType:   modelTypes[rng.IntN(2)],
			connection: pick(rng, "c-1", "c-1", "c-1", "c-2", "c-9"),
			externalID: fmt.Sprintf("x%d", rng.IntN(12)),
		}
		if taken[e] {
			continue
		}
		taken[e] = true
		e.deleted = rng.IntN(10) == 0
		if rng.IntN(5) == 0 {
			e.mergedInto = fmt.Sprintf("e%d", rng.IntN(18))
		}
		id := fmt.Sprintf("e%d", i)
		m.entities[id] = e
		m.order = append(m.order, id)
	}
	for i := range recordings {
		id := fmt.Sprintf("r%03d", i)
		r := modelRecording{organization: pick(rng, "o-1", "o-1", "o-1", "o-1", "o-2"), deleted: rng.IntN(15) == 0}
		m.recordings[id] = r
		if rng.IntN(2) == 0 {
			to := m.order[rng.IntN(len(m.order))]
			m.links[id] = modelLink{to, m.entities[to].dataType, pick(rng, "", "USER_LINK_WEB", "CALENDAR_MATCH")}
		}
	}
	return m
}

func pick(rng *rand.Rand, from ...string) string { return from[rng.IntN(len(from))] }

// rows invents a file about the world, with most of what can be wrong in it.
func (m *model) rows(rng *rand.Rand, n int) []linker.Fields {
	rows := make([]linker.Fields, n)
	for i := range rows {
		f := linker.Fields{
			RecordingID: fmt.Sprintf("r%03d", rng.IntN(len(m.recordings)+2)),
			Trigger:     pick(rng, "", "", "EXTERNAL_API_LINK", "USER_LINK_WEB"),
		}
		id := m.order[rng.IntN(len(m.order))]
		e := m.entities[id]
		f.DataType = e.dataType
		if rng.IntN(12) == 0 {
			f.DataType = pick(rng, modelTypes...)
		}
		switch rng.IntN(4) {
		case 0, 1:
			f.ID = id
			if rng.IntN(4) == 0 {
				f.IntegrationConnectionID = e.connection
			}
		default:
			f.ExternalID, f.IntegrationConnectionID = e.externalID, e.connection
		}
		switch rng.IntN(25) {
		case 0:
			f.IntegrationConnectionID = pick(rng, "c-1", "c-2", "c-9", "nowhere")
		case 1:
			f.ID, f.ExternalID = "nobody", ""
		case 2:
			f.DataType = "NONSENSE"
		}
		switch rng.IntN(12) {
		case 0, 1:
			f.ExpectedEntityID = pick(rng, linker.NoLink, m.links[f.RecordingID].entity, id)
		case 2, 3:
			f.ExpectedExternalID = pick(rng, linker.NoLink, m.entities[m.links[f.RecordingID].entity].externalID, e.externalID)
		}
		rows[i] = f
	}
	return rows
}

// fill writes the world into the database, the recordings under the name that
// rename gives them.
func (m *model) fill(w *world, rename func(string) string) {
	w.t.Helper()
	var batch pgx.Batch
	for id, organization := range m.connections {
		batch.Queue(`INSERT INTO integration_connections (id, organization_id, platform, is_active)
			VALUES ($1, $2, 'salesforce', true) ON CONFLICT DO NOTHING`, id, organization)
	}
	for _, id := range m.order {
		e := m.entities[id]
		batch.Queue(`INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id)
			VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN now() END, nullif($6, '')) ON CONFLICT DO NOTHING`,
			id, e.dataType, e.connection, e.externalID, e.deleted, e.mergedInto)
	}
	for id, r := range m.recordings {
		batch.Queue(`INSERT INTO recordings (id, organization_id, deleted_at) VALUES ($1, $2, CASE WHEN $3 THEN now() END)`,
			rename(id), r.organization, r.deleted)
	}
	for id, l := range m.links {
		batch.Queue(`INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
			VALUES ($1, $2, $3, nullif($4, ''), now() - interval '1 hour')`, rename(id), l.dataType, l.entity, l.trigger)
	}
	if err := w.conn.SendBatch(w.t.Context(), &batch).Close(); err != nil {
		w.t.Fatal(err)
	}
}

// resolve finds the CRM row that one request asks for, or says what is wrong.
func (m *model) resolve(row linker.Fields, rules linker.Rules) (entity string, code linker.Code) {
	visible := func(organization string) bool {
		return rules.Organization == "" || rules.Organization == organization
	}
	r, ok := m.recordings[row.RecordingID]
	if !ok || !visible(r.organization) {
		return "", linker.RecordingNotFound
	}
	if r.deleted {
		return "", linker.RecordingDeleted
	}
	if c := row.IntegrationConnectionID; c != "" {
		if organization, ok := m.connections[c]; !ok || !visible(organization) {
			return "", linker.ConnectionNotFound
		}
	}
	id := row.ID
	if id == "" {
		for _, candidate := range m.order {
			e := m.entities[candidate]
			if e.externalID == row.ExternalID && e.connection == row.IntegrationConnectionID && e.dataType == row.DataType {
				id = candidate
			}
		}
	}
	e, ok := m.entities[id]
	if !ok || !visible(m.connections[e.connection]) {
		return "", linker.EntityNotFound
	}
	if c := row.IntegrationConnectionID; m.connections[e.connection] != r.organization || c != "" && m.connections[c] != r.organization {
		return "", linker.OrganizationMismatch
	}
	if e.mergedInto != "" {
		survivor := m.survivor(id, visible)
		if !rules.FollowMerges || survivor == "" {
			return "", linker.EntityMerged
		}
		id, e = survivor, m.entities[survivor]
	}
	switch {
	case m.connections[e.connection] != r.organization:
		return "", linker.OrganizationMismatch
	case e.dataType != row.DataType:
		return "", linker.DataTypeMismatch
	case row.IntegrationConnectionID != "" && e.connection != row.IntegrationConnectionID:
		return "", linker.ConnectionMismatch
	case e.deleted:
		return "", linker.EntityDeleted
	}
	return id, ""
}

func (m *model) survivor(id string, visible func(string) bool) string {
	for range m.entities {
		e, ok := m.entities[id]
		if !ok || !visible(m.connections[e.connection]) {
			return ""
		}
		if e.mergedInto == "" {
			return id
		}
		id = e.mergedInto
	}
	return "" // a circle
}

// link is the current link of a recording, none for one that the caller does not
// see: to another organization's CRM row.
func (m *model) link(recording string, rules linker.Rules) modelLink {
	link := m.links[recording]
	if o := m.connections[m.entities[link.entity].connection]; rules.Organization != "" && rules.Organization != o {
		return modelLink{}
	}
	return link
}

// asExpected reports whether a row may be applied by what it says that the
// recording must be linked to. One that is linked to its target already may.
func (m *model) asExpected(row linker.Fields, target string, rules linker.Rules) bool {
	link := m.link(row.RecordingID, rules)
	linked := link.entity != ""
	switch {
	case row.ExpectedEntityID == "" && row.ExpectedExternalID == "", linked && link.entity == target:
		return true
	case row.ExpectedEntityID == linker.NoLink, row.ExpectedExternalID == linker.NoLink:
		return !linked
	case !linked:
		return false
	case row.ExpectedEntityID != "":
		return row.ExpectedEntityID == link.entity
	}
	return row.ExpectedExternalID == m.entities[link.entity].externalID
}

// oneByOne sends the rows that can be resolved one after the other to the HTTP
// operation, as it were, and returns the current links.
func (m *model) oneByOne(rows []linker.Fields, rules linker.Rules) map[string]string {
	links := map[string]string{}
	for id, l := range m.links {
		links[id] = l.entity
	}
	for _, f := range rows {
		c := linker.Check(f, linker.Fields{})
		if c.Fault != nil {
			continue
		}
		if entity, code := m.resolve(c.Fields, rules); code == "" && m.asExpected(c.Fields, entity, rules) {
			links[c.Fields.RecordingID] = entity
		}
	}
	return links
}

// results says what becomes of every row that Check lets pass.
func (m *model) results(rows []linker.Fields, rules linker.Rules) (results []linker.Result) {
	targets := map[string][]string{} // of the resolvable rows of a recording
	for i, f := range rows {
		c := linker.Check(f, linker.Fields{})
		if c.Fault != nil {
			continue
		}
		r := linker.Result{Row: int64(i + 1)}
		r.EntityID, r.Code = m.resolve(c.Fields, rules)
		if r.Code != "" {
			r.Outcome = linker.Rejected
		} else if !m.asExpected(c.Fields, r.EntityID, rules) {
			link := m.link(f.RecordingID, rules)
			r.Outcome, r.PreviousEntityID, r.PreviousDataType = linker.Kept, link.entity, link.dataType
		} else {
			targets[f.RecordingID] = append(targets[f.RecordingID], r.EntityID)
		}
		results = append(results, r)
	}
	worked := map[string]bool{}
	for i := range results {
		r := &results[i]
		if r.Outcome != "" {
			continue
		}
		recording := rows[r.Row-1].RecordingID
		wanted := targets[recording]
		last := wanted[len(wanted)-1]
		if len(slices.Compact(slices.Clone(wanted))) > 1 && !rules.LastWins {
			r.Outcome, r.Code = linker.Rejected, linker.ConflictingRows
			continue
		}
		link := m.link(recording, rules)
		r.PreviousEntityID, r.PreviousDataType = link.entity, link.dataType
		protected := slices.Contains(rules.KeepTriggers, link.trigger)
		switch {
		case r.EntityID != last:
			r.Outcome = linker.Superseded
		case link.entity == r.EntityID:
			r.Outcome = linker.Unchanged
		case link.entity != "" && (rules.KeepExisting || protected):
			r.Outcome = linker.Kept
		case worked[recording]:
			r.Outcome = linker.Unchanged
		case link.entity == "":
			r.Outcome = linker.Created
		default:
			r.Outcome = linker.Replaced
		}
		worked[recording] = worked[recording] || r.EntityID == last
	}
	return results
}
