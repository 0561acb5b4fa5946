package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// World is the data of the demo's platform. Rows of one table are in the order
// in which they were made.
type World struct {
	Recordings  []Recording
	Connections []Connection
	Entities    []Entity
	Links       []Link
}

// Recording is a row of recordings.
type Recording struct {
	ID, Organization, Title string
	CreatedAt               time.Time
	DeletedAt               *time.Time
}

// Connection is a row of integration_connections.
type Connection struct {
	ID, Organization, Platform, Name string
	Active                           bool
}

// Entity is a row of crm_entities.
type Entity struct {
	ID, DataType, Connection, ExternalID, Name string
	LastActivityAt                             time.Time
	DeletedAt                                  *time.Time
	MergedInto                                 *string
}

// Link is a row of recording_links, made by the platform and not by a run.
type Link struct {
	Recording, DataType, Entity, Trigger string
	LinkedAt                             time.Time
	ClearedAt                            *time.Time
	ClearedTrigger                       *string
}

// The two organizations.
const (
	Northwind = "org_northwind"
	Lumen     = "org_lumen"
)

// connections of the world. The last one is switched off, which does not keep
// its rows from being linked.
var connections = []Connection{
	{"northwind-salesforce", Northwind, "salesforce", "Salesforce (production)", true},
	{"northwind-hubspot", Northwind, "hubspot", "HubSpot Marketing", true},
	{"lumen-dynamics", Lumen, "dynamics", "Dynamics 365 Europe", true},
	{"lumen-salesforce", Lumen, "salesforce", "Salesforce Lumen", true},
	{"lumen-pipedrive", Lumen, "pipedrive", "Pipedrive (until 2024)", false},
}

// dataTypes and how many CRM rows of each a connection has.
var dataTypes = []struct {
	name   string
	rows   int
	prefix string // of Salesforce ids
}{
	{"ACCOUNT", 140, "001"},
	{"CONTACT", 260, "003"},
	{"LEAD", 160, "00Q"},
	{"OPPORTUNITY", 160, "006"},
	{"ENGAGEMENT", 80, "00U"},
}

// recordingsOf is how many recordings an organization has.
var recordingsOf = []struct {
	organization string
	rows         int
}{{Northwind, 2000}, {Lumen, 1400}}

// now is the day of the demo: times in it do not move from run to run.
var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// builder makes the world out of one stream of random numbers.
type builder struct {
	r     *rand.Rand
	world World
}

// Build makes the world.
func Build() World {
	b := &builder{r: newRand(3)}
	b.world.Connections = connections
	for _, c := range connections {
		b.entities(c)
	}
	for _, o := range recordingsOf {
		b.recordings(o.organization, o.rows)
	}
	b.links()
	return b.world
}

// entities makes the CRM rows of one connection. Of each type the first few are
// deleted, and the next few merged into a live one; one pair is merged in a
// circle, as a broken synchronisation leaves it.
func (b *builder) entities(c Connection) {
	for _, t := range dataTypes {
		first := len(b.world.Entities)
		for range t.rows {
			b.world.Entities = append(b.world.Entities, Entity{
				ID: b.uuid(), DataType: t.name, Connection: c.ID,
				ExternalID: b.externalID(c.Platform, t.prefix), Name: b.entityName(t.name),
				LastActivityAt: b.before(300 * 24 * time.Hour),
			})
		}
		rows := b.world.Entities[first:]
		for i := range rows {
			switch {
			case i < 3:
				rows[i].DeletedAt = new(b.before(90 * 24 * time.Hour))
			case i < 6:
				rows[i].MergedInto = &rows[i+1].ID // a chain that ends at row 6
			case i == 7:
				rows[i].MergedInto = &rows[i+1].ID
			case i == 8:
				rows[i].MergedInto = &rows[i-1].ID
			}
		}
	}
}

// recordings makes the recordings of an organization; every fortieth is
// deleted.
func (b *builder) recordings(organization string, rows int) {
	for i := range rows {
		r := Recording{
			ID: b.uuid(), Organization: organization, Title: b.title(),
			CreatedAt: b.before(365 * 24 * time.Hour),
		}
		if i%40 == 39 {
			r.DeletedAt = new(r.CreatedAt.Add(48 * time.Hour))
		}
		b.world.Recordings = append(b.world.Recordings, r)
	}
}

// links gives a third of the recordings a current link, and a third of those a
// cleared one before it.
func (b *builder) links() {
	targets := map[string][]Entity{}
	for _, c := range connections {
		for _, e := range b.world.Entities {
			if e.Connection == c.ID && e.DeletedAt == nil && e.MergedInto == nil {
				targets[c.Organization] = append(targets[c.Organization], e)
			}
		}
	}
	triggers := []string{
		"CALENDAR_MATCH", "CRM_DEEPLINK", "USER_LINK_WEB", "USER_LINK_MOBILE",
		"FUZZY_MATCH_OPPORTUNITIES_FOR_RECORDING", "OPPORTUNITY_DEEPLINK",
	}
	for i, r := range b.world.Recordings {
		if i%3 != 0 {
			continue
		}
		at := r.CreatedAt.Add(2 * time.Hour)
		if i%9 == 0 {
			old := b.link(r, pick(b.r, targets[r.Organization]), pick(b.r, triggers), at)
			at = at.Add(26 * time.Hour)
			old.ClearedAt, old.ClearedTrigger = &at, new("USER_LINK_WEB")
			b.world.Links = append(b.world.Links, old)
		}
		b.world.Links = append(b.world.Links, b.link(r, pick(b.r, targets[r.Organization]), pick(b.r, triggers), at))
	}
}

func (b *builder) link(r Recording, e Entity, trigger string, at time.Time) Link {
	return Link{Recording: r.ID, DataType: e.DataType, Entity: e.ID, Trigger: trigger, LinkedAt: at}
}

// before is a moment up to span ago.
func (b *builder) before(span time.Duration) time.Time {
	return now.Add(-time.Duration(b.r.Int64N(int64(span)))).Truncate(time.Second)
}

func (b *builder) uuid() string {
	hi, lo := b.r.Uint64(), b.r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x",
		hi>>32, hi>>16&0xffff, hi&0xfff, lo>>48&0x3fff|0x8000, lo&0xffffffffffff)
}

// externalID is an id as the platform makes them.
func (b *builder) externalID(platform, prefix string) string {
	switch platform {
	case "salesforce":
		id := []byte(prefix)
		const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		id = append(id, "Dn00000"[:6]...)
		for len(id) < 15 {
			id = append(id, letters[b.r.IntN(len(letters))])
		}
		return long(string(id))
	case "dynamics":
		return b.uuid()
	case "pipedrive":
		return fmt.Sprint(1000 + b.r.Int64N(1_000_000_000))
	}
	return fmt.Sprint(7_000_000_000 + b.r.Int64N(2_000_000_000))
}

// long returns the 18-character form of a 15-character Salesforce id: the last
// three encode which of the others are capitals, for programs that ignore case.
func long(id string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	for group := range 3 {
		bits := 0
		for i := range 5 {
			if c := id[group*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		id += alphabet[bits : bits+1]
	}
	return id
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
