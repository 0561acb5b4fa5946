package pgtest

import (
	"context"
	"embed"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Platform is a platform to test on. All hold the same world, told in numbers in
// platforms/world.sql: recordings 1 to 62, CRM rows 1 to 28, connections 1, 2 and 9,
// organizations 1 and 2.
type Platform struct {
	Name string
	// Schema is what --schema must name, "" where the search path finds it.
	Schema string
	// Links is the table that holds the links.
	Links string
	// Recording, Entity, Connection and Organization are the ids of number n.
	Recording, Entity, Connection, Organization func(n int) string
	// Word is the word for a data type that a new link gets, "" where links have none.
	Word func(dataType string) string
	// Triggers says that links carry triggers.
	Triggers bool
	// Single says that there is one organization alone, and that no recording is
	// deleted and no CRM row merged or deleted.
	Single bool
}

//go:embed platforms/*.sql
var platformFiles embed.FS

// Platforms are the kinds of platforms: the reference; uuids and triggers; other
// names, words and types; partitions without a unique index; links that are
// deleted; links with a flag.
func Platforms() []Platform {
	letters := func(p Platform) Platform {
		p.Recording, p.Entity, p.Connection, p.Organization = lettered("r-"), lettered("e-"), lettered("c-"), lettered("o-")
		return p
	}
	asIs := func(word string) string { return word }
	return []Platform{
		letters(Platform{Name: "reference", Links: "public.recording_links", Word: asIs, Triggers: true}),
		{
			Name: "uuid", Links: "core.recording_links", Word: asIs, Triggers: true,
			Recording: uuids(1), Entity: uuids(2), Connection: uuids(3), Organization: uuids(4),
		},
		{
			Name: "names", Schema: "relink_calls", Links: "crm.call_object_links", Triggers: true,
			Recording: numbers(1, 0), Entity: numbers(1, 1000), Connection: numbers(10, 0), Organization: numbers(1, 0),
			Word: func(word string) string {
				return map[string]string{"ACCOUNT": "company", "OPPORTUNITY": "deal", "LEAD": "lead", "CONTACT": "person"}[word]
			},
		},
		letters(Platform{Name: "partitions", Links: "parts.recording_links", Word: asIs, Triggers: true}),
		letters(Platform{Name: "rows", Schema: "relink_studio", Links: "studio.take_crm", Word: func(string) string { return "" }}),
		letters(Platform{
			Name: "flag", Schema: "flagged", Links: "flagged.recording_links", Single: true,
			Word: func(word string) string {
				return map[string]string{"ACCOUNT": "1", "CONTACT": "2", "LEAD": "3", "OPPORTUNITY": "4"}[word]
			},
		}),
	}
}

func lettered(prefix string) func(int) string {
	return func(n int) string { return fmt.Sprint(prefix, n) }
}

func uuids(kind int) func(int) string {
	return func(n int) string { return fmt.Sprintf("a0%d00000-0000-4000-8000-%012d", kind, n) }
}

func numbers(factor, plus int) func(int) string {
	return func(n int) string { return fmt.Sprint(factor*n + plus) }
}

// Database returns the URL of a fresh database that holds the platform. View
// world.current shows its current links.
func (p Platform) Database(t testing.TB) string {
	t.Helper()
	url := Database(t)
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, name := range []string{"world", p.Name} {
		text, err := platformFiles.ReadFile("platforms/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(context.Background(), string(text)); err != nil {
			t.Fatalf("making platform %s: %v", p.Name, err)
		}
	}
	return url
}
