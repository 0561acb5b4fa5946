package postgres_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relink/linker"
	"relink/linker/postgres/engine"
)

func byID(recording, id string) linker.Fields {
	return linker.Fields{RecordingID: recording, DataType: "ACCOUNT", ID: id}
}

func byExternal(recording, dataType, connection, externalID string) linker.Fields {
	return linker.Fields{
		RecordingID: recording, DataType: dataType, IntegrationConnectionID: connection, ExternalID: externalID,
	}
}

func typed(dataType string, f linker.Fields) linker.Fields {
	f.DataType = dataType
	return f
}

func in(connection string, f linker.Fields) linker.Fields {
	f.IntegrationConnectionID = connection
	return f
}

// What becomes of a row, without its number.

func created(entity string) linker.Result {
	return linker.Result{Decision: linker.Decision{Outcome: linker.Created, EntityID: entity}}
}

func replaced(entity, previous, previousType string) linker.Result {
	return linker.Result{Decision: linker.Decision{Outcome: linker.Replaced, EntityID: entity, PreviousEntityID: previous, PreviousDataType: previousType}}
}

func unchanged(entity, dataType string) linker.Result {
	return linker.Result{Decision: linker.Decision{Outcome: linker.Unchanged, EntityID: entity, PreviousEntityID: entity, PreviousDataType: dataType}}
}

func kept(entity, previous, previousType string) linker.Result {
	r := replaced(entity, previous, previousType)
	r.Outcome = linker.Kept
	return r
}

func rejected(code linker.Code, detail string) linker.Result {
	return linker.Result{Decision: linker.Decision{Outcome: linker.Rejected, Code: code, Detail: detail}}
}

func saying(detail string, r linker.Result) linker.Result {
	r.Detail = detail
	return r
}

// decision is one row of a file and what becomes of it.
type decision struct {
	name string
	row  linker.Fields
	want linker.Result
}

// decide imports the rows of all decisions as one file, and compares. Extras
// are the lines that a reconciliation adds.
func decide(w *world, rules linker.Rules, decisions []decision, extras ...linker.Result) {
	w.t.Helper()
	rows := make([]linker.Fields, len(decisions))
	for i, d := range decisions {
		rows[i] = d.row
	}
	results := w.imported(engine.Options{Rules: rules}, rows)
	if len(results) < len(decisions) {
		w.t.Fatalf("%d results for %d rows", len(results), len(decisions))
	}
	if diff := cmp.Diff(extras, results[len(decisions):], cmpopts.EquateEmpty()); diff != "" {
		w.t.Errorf("extras (-want +got):\n%s", diff)
	}
	for i, got := range results[:len(decisions)] {
		want := decisions[i].want
		want.Row = int64(i + 1)
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("%s: result of %+v (-want +got):\n%s", decisions[i].name, rows[i], diff)
		}
		switch got.Outcome {
		case linker.Created, linker.Replaced, linker.Unchanged:
			at := one[string](w, "SELECT entity_id FROM recording_links WHERE recording_id = $1 AND cleared_at IS NULL", rows[i].RecordingID)
			if at != got.EntityID {
				w.t.Errorf("%s: the current link is to %q, want %q", decisions[i].name, at, got.EntityID)
			}
		}
	}
}

func TestDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		VALUES ('e-inactive', 'ACCOUNT', 'c-3', 'x-inactive')`)
	decide(w, linker.Rules{}, []decision{
		{"found by id", byID("r-10", "e-1"), created("e-1")},
		{"found by external id", byExternal("r-11", "ACCOUNT", "c-1", "x-2"), created("e-2")},
		{"found by id, in the connection named", in("c-1", byID("r-12", "e-3")), created("e-3")},
		{"the connection is not active", byID("r-13", "e-inactive"), created("e-inactive")},
		{"another link is current", byID("r-3", "e-4"), replaced("e-4", "e-lead", "LEAD")},
		{"the link is there", byID("r-1", "e-1"), unchanged("e-1", "ACCOUNT")},
		{
			"the link is there with another trigger",
			linker.Fields{RecordingID: "r-2", DataType: "ACCOUNT", ID: "e-2", Trigger: "CALENDAR_MATCH"},
			unchanged("e-2", "ACCOUNT"),
		},

		{"no such recording", byID("nope", "e-1"), rejected(linker.RecordingNotFound, "")},
		{"no such recording, nor anything else", in("nope", byID("nope", "nope")), rejected(linker.RecordingNotFound, "")},
		{"the recording is deleted", byID("r-gone", "e-1"), rejected(linker.RecordingDeleted, "")},
		{"the recording is deleted and the connection missing", in("nope", byID("r-gone", "e-1")), rejected(linker.RecordingDeleted, "")},
		{"no such connection, by external id", byExternal("r-20", "ACCOUNT", "nope", "x-1"), rejected(linker.ConnectionNotFound, "")},
		{"no such connection, by id", in("nope", byID("r-20", "e-1")), rejected(linker.ConnectionNotFound, "")},
		{"neither connection nor CRM row", in("nope", byID("r-20", "nope")), rejected(linker.ConnectionNotFound, "")},
		{"no such CRM row, by id", byID("r-20", "nope"), rejected(linker.EntityNotFound, "")},
		{"no such CRM row, by external id", byExternal("r-20", "ACCOUNT", "c-1", "nope"), rejected(linker.EntityNotFound, "")},
		{"no such external id in another organization's connection", byExternal("r-20", "ACCOUNT", "c-9", "x-2"), rejected(linker.EntityNotFound, `exists in connection "c-1"`)},
		{"another organization's CRM row, by id", byID("r-20", "f-1"), rejected(linker.OrganizationMismatch, "")},
		{"another organization's CRM row, by external id", byExternal("r-20", "ACCOUNT", "c-9", "x-1"), rejected(linker.OrganizationMismatch, "")},
		{"another organization's recording", byID("s-1", "e-1"), rejected(linker.OrganizationMismatch, "")},
		{"another organization's CRM row, of another type", typed("LEAD", byID("r-20", "f-1")), rejected(linker.OrganizationMismatch, "")},
		{"merged", byID("r-20", "e-merged"), rejected(linker.EntityMerged, "")},
		{"merged, by external id", byExternal("r-20", "ACCOUNT", "c-1", "x-merged"), rejected(linker.EntityMerged, "")},
		{"merged, and of another type", typed("LEAD", byID("r-20", "e-merged")), rejected(linker.EntityMerged, "")},
		{"of another type", byID("r-20", "e-lead"), rejected(linker.DataTypeMismatch, "")},
		{"of another type and in another connection", in("c-2", byID("r-20", "e-lead")), rejected(linker.DataTypeMismatch, "")},
		{"in another connection", in("c-2", byID("r-20", "e-1")), rejected(linker.ConnectionMismatch, "")},
		{"in another connection and deleted", in("c-2", byID("r-20", "e-deleted")), rejected(linker.ConnectionMismatch, "")},
		{"in another organization's connection", in("c-9", byID("r-20", "e-1")), rejected(linker.OrganizationMismatch, "the connection that the row names belongs to another organization")},
		{"deleted", byID("r-20", "e-deleted"), rejected(linker.EntityDeleted, "")},
		{"deleted, by external id", byExternal("r-20", "ACCOUNT", "c-1", "x-deleted"), rejected(linker.EntityDeleted, "")},
		{"good for the other organization", byID("s-2", "f-1"), created("f-1")},
	})
	if got := one[int](w, "SELECT count(*) FROM recording_links WHERE recording_id IN ('r-1', 'r-2', 'r-20')"); got != 2 {
		t.Errorf("%d links of recordings whose link was to stay, want 2", got)
	}
}

func TestDecisionFollowsMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id) VALUES
		    ('e-self', 'ACCOUNT', 'c-1', 'x-self', NULL, 'e-self'),
		    ('e-into-circle', 'ACCOUNT', 'c-1', 'x-into-circle', NULL, 'e-circle-1'),
		    ('e-old', 'ACCOUNT', 'c-1', 'x-old', now(), 'e-merged')`)
	decide(w, linker.Rules{FollowMerges: true}, []decision{
		{"a chain of two", byID("r-10", "e-merged"), saying("e-merged is merged into e-1", created("e-1"))},
		{"a chain of one, by external id", byExternal("r-11", "ACCOUNT", "c-1", "x-merged-2"), saying("e-merged-2 is merged into e-1", created("e-1"))},
		{"a chain of three, its first deleted", byID("r-12", "e-old"), saying("e-old is merged into e-1", created("e-1"))},
		{"linked to the survivor already", byID("r-1", "e-merged"), saying("e-merged is merged into e-1", unchanged("e-1", "ACCOUNT"))},
		{"linked to another", byID("r-2", "e-merged"), saying("e-merged is merged into e-1", replaced("e-1", "e-2", "ACCOUNT"))},
		{"a circle of two", byID("r-20", "e-circle-1"), rejected(linker.EntityMerged, "")},
		{"a circle of one", byID("r-20", "e-self"), rejected(linker.EntityMerged, "")},
		{"a chain into a circle", byID("r-20", "e-into-circle"), rejected(linker.EntityMerged, "")},
		{"the end is missing", byID("r-20", "e-dangling"), rejected(linker.EntityMerged, "")},
		{"the survivor is of another type", byID("r-20", "e-to-lead"), rejected(linker.DataTypeMismatch, "e-to-lead is merged into e-lead")},
		{"the survivor is of the type asked for", typed("LEAD", byID("r-21", "e-to-lead")), saying("e-to-lead is merged into e-lead", created("e-lead"))},
		{"the survivor is in another connection than named", byExternal("r-20", "ACCOUNT", "c-1", "x-to-two"), rejected(linker.ConnectionMismatch, "e-to-two is merged into e-two")},
		{"the survivor is in another connection, none named", byID("r-22", "e-to-two"), saying("e-to-two is merged into e-two", created("e-two"))},
		{"the survivor is deleted", byID("r-20", "e-to-deleted"), rejected(linker.EntityDeleted, "e-to-deleted is merged into e-deleted")},
		{"the survivor is another organization's", byID("r-20", "e-to-other"), rejected(linker.OrganizationMismatch, "the row that it was merged into belongs to another organization")},
		{"not merged", byID("r-23", "e-5"), created("e-5")},
		{"not merged, and deleted", byID("r-20", "e-deleted"), rejected(linker.EntityDeleted, "")},
	})
}

func TestDecisionTriesSalesforceForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id) VALUES
		    ('e-both-15', 'OPPORTUNITY', 'c-3', '70130000001tcyI', NULL, NULL),
		    ('e-both-18', 'OPPORTUNITY', 'c-3', '70130000001tcyIAAQ', NULL, NULL),
		    ('e-sf-deleted', 'LEAD', 'c-1', '70130000001tcyIAAQ', now(), NULL),
		    ('e-sf-merged', 'CONTACT', 'c-1', '70130000001tcyIAAQ', NULL, 'e-sf')`)
	opportunity := func(recording, connection, externalID string) linker.Fields {
		return byExternal(recording, "OPPORTUNITY", connection, externalID)
	}
	found := func(as, entity string) linker.Result { return saying("found as "+as, created(entity)) }
	const short, long = "70130000001tcyI", "70130000001tcyIAAQ"
	decide(w, linker.Rules{}, []decision{
		{"18 as given", opportunity("r-10", "c-1", long), created("e-sf")},
		{"18 from 15", opportunity("r-11", "c-1", short), found(long, "e-sf")},
		{"15 as given", opportunity("r-12", "c-2", short), created("e-sf15")},
		{"15 from 18", opportunity("r-13", "c-2", long), found(short, "e-sf15")},
		{"capitals restored from the checksum", opportunity("r-14", "c-1", "70130000001tcyiaaq"), found(long, "e-sf")},
		{"small letters restored from the checksum", opportunity("r-15", "c-1", "70130000001TCYIAAQ"), found(long, "e-sf")},
		{"letter case restored, then cut to 15", opportunity("r-16", "c-2", "70130000001TCYIAAQ"), found(short, "e-sf15")},
		{"both there, 15 given", opportunity("r-17", "c-3", short), created("e-both-15")},
		{"both there, 18 given", opportunity("r-18", "c-3", long), created("e-both-18")},
		{"both there, 18 given in capitals", opportunity("r-19", "c-3", "70130000001TCYIAAQ"), found(long, "e-both-18")},
		{"a wrong checksum", opportunity("r-20", "c-1", "70130000001tcyIAAB"), rejected(linker.EntityNotFound, "")},
		{"15 whose letter case is lost, of 18", opportunity("r-20", "c-1", "70130000001TCYI"), rejected(linker.EntityNotFound, `"70130000001tcyIAAQ" exists, which differs in letter case`)},
		{"15 in the wrong letter case", opportunity("r-20", "c-2", "70130000001TCYI"), rejected(linker.EntityNotFound, `"70130000001tcyI" exists, which differs in letter case`)},
		{"found in another form, and deleted", byExternal("r-20", "LEAD", "c-1", short), rejected(linker.EntityDeleted, "found as "+long)},
		{"found in another form, and merged", byExternal("r-20", "CONTACT", "c-1", short), rejected(linker.EntityMerged, "found as "+long)},
		{"not of the type in any form", byExternal("r-20", "ENGAGEMENT", "c-1", short), rejected(linker.EntityNotFound, `this id is an OPPORTUNITY in the connection; exists as OPPORTUNITY in connection "c-3"; exists as OPPORTUNITY in connection "c-2"`)},
		{"not in another organization's connection", opportunity("r-20", "c-9", short), rejected(linker.EntityNotFound, `exists in connection "c-3"; exists in connection "c-2"; exists in connection "c-1"`)},
	})
	decide(w, linker.Rules{FollowMerges: true}, []decision{
		{
			"found in another form, and the survivor of another type",
			byExternal("r-20", "CONTACT", "c-1", short),
			rejected(linker.DataTypeMismatch, "found as "+long+"; e-sf-merged is merged into e-sf"),
		},
	})
}

// TestSecondLookKeepsStatistics plans a file whose rows are all found at the
// second look. With the statistics from before it, by which all of them are
// rejected, later statements became loops within loops.
func TestSecondLookKeepsStatistics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.begin(engine.Options{})
	var rows []linker.Fields
	for n := range 50 {
		rows = append(rows, byExternal(fmt.Sprintf("r-%d", n+1), "OPPORTUNITY", "c-1", "70130000001tcyI"))
	}
	w.stage(x, rows)
	w.plan(x, true)
	const query = "SELECT null_frac FROM pg_stats WHERE tablename LIKE 'run%plan' AND attname = 'code'"
	if got := one[float32](w, query); got != 1 {
		t.Errorf("by the statistics %v of the rows have no code, want all", got)
	}
}

func TestDecisionNamesNearMisses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES
		    ('f-2', 'ACCOUNT', 'c-9', 'x-theirs'),
		    ('f-3', 'CONTACT', 'c-9', 'x-nowhere'),
		    ('f-4', 'ACCOUNT', 'c-9', 'X-CASE'),
		    ('e-contact', 'CONTACT', 'c-1', '0035g00000XyZabAAF'),
		    ('e-meeting', 'ENGAGEMENT', 'c-1', 'x-meeting'),
		    ('e-live', 'ACCOUNT', 'c-2', 'x-both');
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id) VALUES
		    ('e-gone', 'LEAD', 'c-1', 'x-both', now(), NULL),
		    ('e-was', 'LEAD', 'c-1', 'x-was', NULL, 'e-lead');
		INSERT INTO recordings (id, organization_id) VALUES ('5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a01', 'o-1')`)
	no := func(detail string) linker.Result { return rejected(linker.EntityNotFound, detail) }
	none := func(detail string) linker.Result { return rejected(linker.RecordingNotFound, detail) }
	decide(w, linker.Rules{}, []decision{
		{"of another type in the connection", byExternal("r-20", "ACCOUNT", "c-1", "x-lead"), no("this id is a LEAD in the connection")},
		{"of another type in the connection, with a vowel", byExternal("r-20", "ACCOUNT", "c-1", "x-meeting"), no("this id is an ENGAGEMENT in the connection")},
		{"in another connection", byExternal("r-20", "ACCOUNT", "c-1", "x-two"), no(`exists in connection "c-2"`)},
		{"of another type in another connection", byExternal("r-20", "CONTACT", "c-2", "x-lead"), no(`exists as LEAD in connection "c-1"`)},
		{"letter case", byExternal("r-20", "ACCOUNT", "c-1", "X-1"), no(`"x-1" exists, which differs in letter case`)},
		{"leading zeros", byExternal("r-20", "CONTACT", "c-2", "123"), no(`"000123" exists, which differs in leading zeros`)},
		{"an id given as external id", byExternal("r-20", "ACCOUNT", "c-1", "e-5"), no("this is the platform's own id: give it as id")},
		{"an external id given as id", byID("r-20", "x-5"), no(`this is the external id of an ACCOUNT in connection "c-1": give it as externalId`)},
		{"15 characters, and 18 in another connection", byExternal("r-20", "CONTACT", "c-2", "0035g00000XyZab"), no(`exists in connection "c-1"`)},
		{"15 characters, and 18 of another type", byExternal("r-20", "LEAD", "c-1", "70130000001tcyI"), no(`this id is an OPPORTUNITY in the connection; exists as OPPORTUNITY in connection "c-2"`)},
		{"18 characters, and 15 of another type", byExternal("r-20", "LEAD", "c-2", "70130000001tcyIAAQ"), no(`this id is an OPPORTUNITY in the connection; exists as OPPORTUNITY in connection "c-1"`)},
		{"15 characters of an external id given as id", typed("OPPORTUNITY", byID("r-20", "70130000001tcyI")), no(`this is the external id of an OPPORTUNITY in connection "c-2": give it as externalId; this is the external id of an OPPORTUNITY in connection "c-1": give it as externalId`)},
		{"a folded external id given as id", typed("OPPORTUNITY", byID("r-20", "70130000001TCYIAAQ")), no(`this is the external id of an OPPORTUNITY in connection "c-1": give it as externalId; this is the external id of an OPPORTUNITY in connection "c-2": give it as externalId`)},
		{"an address", byExternal("r-20", "ACCOUNT", "c-1", "https://crm.example.com/Account/x-1/view"), no(`"x-1" exists: give that id`)},
		{"a formula", byExternal("r-20", "ACCOUNT", "c-1", `="x-1"`), no(`"x-1" exists: give that id`)},
		{"brackets", byExternal("r-20", "ACCOUNT", "c-1", "{x-1}"), no(`"x-1" exists: give that id`)},
		{"an odd hyphen", byExternal("r-20", "ACCOUNT", "c-1", "x\u20111"), no(`"x-1" exists: give that id`)},
		{"an invisible character", byExternal("r-20", "ACCOUNT", "c-1", "x\u200b-1"), no(`"x-1" exists: give that id`)},
		{"two in one cell", byExternal("r-20", "ACCOUNT", "c-1", "x-1; x-5"), no(`"x-1" exists: give that id; "x-5" exists: give that id`)},
		{"an id in an address", byID("r-20", "https://app.example.com/accounts/e-5"), no(`"e-5" exists: give that id`)},
		{"a live row before a deleted one", byExternal("r-20", "ACCOUNT", "c-1", "x-both"), no(`exists in connection "c-2"; this id is a LEAD in the connection, but is deleted`)},
		{"a merged row", byExternal("r-20", "ACCOUNT", "c-1", "x-was"), no("this id is a LEAD in the connection, but is merged into another")},
		{"another organization's in an address", byExternal("r-20", "ACCOUNT", "c-1", "https://x.example.com/x-theirs"), no("")},
		{"a recording in an address", byID("https://app.example.com/recordings/r-1?tab=crm", "e-1"), none(`the recording "r-1" exists: give that id`)},
		{"a recording in a formula", byID(`="r-1"`, "e-1"), none(`the recording "r-1" exists: give that id`)},
		{"a recording with odd hyphens", byID("R\u20131", "e-1"), none(`the recording "r-1" exists: give that id`)},
		{"two recordings", byID("r-1;r-2", "e-1"), none(`the recording "r-1" exists: give that id; the recording "r-2" exists: give that id`)},
		{"a recording without hyphens", byID("{5D1C2F6A8D344C1B8A510F0E1C7B9A01}", "e-1"), none(`the recording "5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a01" exists: give that id`)},
		{"an id in other letters", byID("r-20", "E-5"), no(`"e-5" exists, which differs in letter case`)},
		{"an id with other zeros", byID("r-20", "00e-5"), no(`"e-5" exists, which differs in leading zeros`)},
		{"another organization's id in other letters", byID("r-20", "F-1"), no("")},
		{"of another organization only", byExternal("r-20", "ACCOUNT", "c-1", "x-theirs"), no("")},
		{"of another organization and another type", byExternal("r-20", "ACCOUNT", "c-1", "x-nowhere"), no("")},
		{"another organization's in other letters", byExternal("r-20", "ACCOUNT", "c-1", "x-case"), no("")},
		{"another organization's own id", byExternal("r-20", "ACCOUNT", "c-1", "f-1"), no("")},
		{"another organization's external id as id", byID("r-20", "x-theirs"), no("")},
		{"far from everything", byExternal("r-20", "ACCOUNT", "c-1", "zzz"), no("")},

		{"a recording in other letters", in("c-1", byID("R-CASE", "e-1")), none(`"r-Case" exists, which differs in letter case`)},
		{"a recording with other zeros", in("c-1", byID("7", "e-1")), none(`"007" exists, which differs in leading zeros`)},
		{"a CRM row where the recording belongs", in("c-1", byID("e-meeting", "e-1")), none("this is the id of an ENGAGEMENT, not of a recording")},
		{"an external id where the recording belongs", in("c-1", byID("x-lead", "e-1")), none("this is the id of a LEAD, not of a recording")},
		{"another organization's recording in other letters", in("c-1", byID("S-1", "e-1")), none("")},
		{"another organization's CRM row where the recording belongs", in("c-1", byID("f-1", "e-1")), none("")},
		{"a recording in other letters, of the CRM row's organization", byID("R-CASE", "e-1"), none(`"r-Case" exists, which differs in letter case`)},
		{"a recording in other letters, of an organization that nothing names", byID("R-CASE", "nope"), none("")},
		{"another organization's recording in other letters, by id", byID("S-1", "e-1"), none("")},
	})
}

func TestDecisionHidesOtherOrganizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, merged_into_id) VALUES
		    ('f-2', 'ACCOUNT', 'c-9', 'x-theirs', NULL),
		    ('f-sf', 'OPPORTUNITY', 'c-9', '00630000001abcDAAQ', NULL),
		    ('e-through', 'ACCOUNT', 'c-1', 'x-through', 'f-through'),
		    ('f-through', 'ACCOUNT', 'c-9', 'x-through', 'e-1');
		INSERT INTO recordings (id, organization_id, deleted_at) VALUES ('s-gone', 'o-2', now())`)
	// What another organization has, and what nobody has, in its place.
	hidden := []struct {
		name        string
		theirs, not linker.Fields
		code        linker.Code
	}{
		{"a recording", byID("s-1", "e-1"), byID("nope", "e-1"), linker.RecordingNotFound},
		{"a deleted recording", byID("s-gone", "e-1"), byID("nope", "e-1"), linker.RecordingNotFound},
		{"a recording in other letters", byID("S-1", "e-1"), byID("NOPE", "e-1"), linker.RecordingNotFound},
		{"a connection, by external id", byExternal("r-20", "ACCOUNT", "c-9", "x-1"), byExternal("r-20", "ACCOUNT", "nope", "x-1"), linker.ConnectionNotFound},
		{"a connection, by id", in("c-9", byID("r-20", "e-1")), in("nope", byID("r-20", "e-1")), linker.ConnectionNotFound},
		{"a CRM row", byID("r-20", "f-1"), byID("r-20", "nope"), linker.EntityNotFound},
		{"a CRM row of another type", typed("LEAD", byID("r-20", "f-1")), typed("LEAD", byID("r-20", "nope")), linker.EntityNotFound},
		{"an external id", byExternal("r-20", "ACCOUNT", "c-1", "x-theirs"), byExternal("r-20", "ACCOUNT", "c-1", "nope"), linker.EntityNotFound},
		{"an id given as external id", byExternal("r-20", "ACCOUNT", "c-1", "f-1"), byExternal("r-20", "ACCOUNT", "c-1", "nope"), linker.EntityNotFound},
		{"an external id given as id", byID("r-20", "x-theirs"), byID("r-20", "nope"), linker.EntityNotFound},
		{"a CRM row where the recording belongs", byID("f-1", "e-1"), byID("nope", "e-1"), linker.RecordingNotFound},
		{"a Salesforce id of 15", byExternal("r-20", "OPPORTUNITY", "c-1", "00630000001abcD"), byExternal("r-20", "OPPORTUNITY", "c-1", "00630000001xyzD"), linker.EntityNotFound},
		{"a survivor", byID("r-20", "e-to-other"), byID("r-20", "e-dangling"), linker.EntityMerged},
		{"a link of a chain of merges", byID("r-20", "e-through"), byID("r-20", "e-dangling"), linker.EntityMerged},
	}
	var decisions []decision
	for _, h := range hidden {
		decisions = append(decisions,
			decision{h.name + " that is another organization's", h.theirs, rejected(h.code, "")},
			decision{h.name + " that is nobody's", h.not, rejected(h.code, "")})
	}
	decisions = append(decisions,
		decision{"the caller's own", byID("r-21", "e-merged"), saying("e-merged is merged into e-1", created("e-1"))},
		decision{"the caller's own recording in other letters", byID("R-CASE", "e-1"), rejected(linker.RecordingNotFound, `"r-Case" exists, which differs in letter case`)})
	decide(w, linker.Rules{Organization: "o-1", FollowMerges: true}, decisions)
	decide(w, linker.Rules{Organization: "o-3"}, []decision{
		{"an organization without anything", byID("r-1", "e-1"), rejected(linker.RecordingNotFound, "")},
	})
}

func TestDecisionKeeps(t *testing.T) {
	t.Parallel()
	rows := func(outcome func(entity, previous, previousType string) linker.Result, web linker.Result) []decision {
		return []decision{
			{"no link", byID("r-10", "e-5"), created("e-5")},
			{"a link without a trigger", byID("r-1", "e-5"), outcome("e-5", "e-1", "ACCOUNT")},
			{"the very link", byID("r-4", "e-two"), unchanged("e-two", "ACCOUNT")},
			{"a link that a person made", byID("r-2", "e-5"), web},
			{"a link that was matched", byID("r-3", "e-5"), outcome("e-5", "e-lead", "LEAD")},
			{"a link, the row rejected", byID("r-3", "nope"), rejected(linker.EntityNotFound, "")},
		}
	}
	t.Run("existing", func(t *testing.T) {
		t.Parallel()
		decide(newWorld(t), linker.Rules{KeepExisting: true}, rows(kept, kept("e-5", "e-2", "ACCOUNT")))
	})
	t.Run("triggers", func(t *testing.T) {
		t.Parallel()
		rules := linker.Rules{KeepTriggers: []string{"USER_LINK_MOBILE", "USER_LINK_WEB"}}
		decide(newWorld(t), rules, rows(replaced, kept("e-5", "e-2", "ACCOUNT")))
	})
}

// conflict is what becomes of a row whose recording others ask for, too.
// conflict is a row with these other lines, and so many more. The statement words
// them as linker.OtherLines does.
func conflict(entity string, more int64, lines ...int64) linker.Result {
	return linker.Result{Decision: linker.Decision{
		Outcome: linker.Rejected, Code: linker.ConflictingRows, Detail: linker.OtherLines(lines, more), EntityID: entity,
	}}
}

func superseded(entity, previous, previousType string) linker.Result {
	r := replaced(entity, previous, previousType)
	r.Outcome = linker.Superseded
	return r
}

// again is an unchanged row, the recording's link made by another row.
func again(entity, previous, previousType string) linker.Result {
	r := replaced(entity, previous, previousType)
	r.Outcome = linker.Unchanged
	return r
}

func TestDecisionRejectsConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	decide(w, linker.Rules{}, []decision{
		{"same target, first", byID("r-10", "e-1"), created("e-1")},                                        // line 2
		{"different, first of two", byID("r-11", "e-1"), conflict("e-1", 0, 5)},                            // 3
		{"same target, by external id", byExternal("r-10", "ACCOUNT", "c-1", "x-1"), again("e-1", "", "")}, // 4
		{"different, second of two", byID("r-11", "e-2"), conflict("e-2", 0, 3)},                           // 5
		{"good, the other is rejected", byID("r-12", "e-1"), created("e-1")},                               // 6
		{"rejected, the other is good", byID("r-12", "nope"), rejected(linker.EntityNotFound, "")},         // 7
		{"asks for the current link", byID("r-1", "e-1"), conflict("e-1", 0, 9)},                           // 8
		{"asks for another than current", byID("r-1", "e-2"), conflict("e-2", 0, 8)},                       // 9
		{"all ask for the current link, first", byID("r-2", "e-2"), unchanged("e-2", "ACCOUNT")},           // 10
		{"all ask for the current link, second", byID("r-2", "e-2"), unchanged("e-2", "ACCOUNT")},          // 11
		{"replaces, first", byID("r-3", "e-7"), replaced("e-7", "e-lead", "LEAD")},                         // 12
		{"replaces, second", byID("r-3", "e-7"), again("e-7", "e-lead", "LEAD")},                           // 13
		{"replaces, third", byID("r-3", "e-7"), again("e-7", "e-lead", "LEAD")},                            // 14
		{"six, first", byID("r-13", "e-1"), conflict("e-1", 0, 16, 17, 18, 19, 20)},                        // 15
		{"six, second", byID("r-13", "e-1"), conflict("e-1", 0, 15, 17, 18, 19, 20)},                       // 16
		{"six, third", byID("r-13", "e-1"), conflict("e-1", 0, 15, 16, 18, 19, 20)},                        // 17
		{"six, fourth", byID("r-13", "e-1"), conflict("e-1", 0, 15, 16, 17, 19, 20)},                       // 18
		{"six, fifth", byID("r-13", "e-1"), conflict("e-1", 0, 15, 16, 17, 18, 20)},                        // 19
		{"six, the odd one", byID("r-13", "e-2"), conflict("e-2", 0, 15, 16, 17, 18, 19)},                  // 20
		{"eight, first", byID("r-14", "e-1"), conflict("e-1", 2, 22, 23, 24, 25, 26)},                      // 21
		{"eight, second", byID("r-14", "e-2"), conflict("e-2", 2, 21, 23, 24, 25, 26)},
		{"eight, third", byID("r-14", "e-3"), conflict("e-3", 2, 21, 22, 24, 25, 26)},
		{"eight, fourth", byID("r-14", "e-4"), conflict("e-4", 2, 21, 22, 23, 25, 26)},
		{"eight, fifth", byID("r-14", "e-5"), conflict("e-5", 2, 21, 22, 23, 24, 26)},
		{"eight, sixth", byID("r-14", "e-6"), conflict("e-6", 2, 21, 22, 23, 24, 25)},
		{"eight, seventh", byID("r-14", "e-7"), conflict("e-7", 2, 21, 22, 23, 24, 25)},
		{"eight, last", byID("r-14", "e-8"), conflict("e-8", 2, 21, 22, 23, 24, 25)},
	})
	if got := one[int](w, "SELECT count(*) FROM recording_links WHERE recording_id IN ('r-1', 'r-11', 'r-13', 'r-14')"); got != 1 {
		t.Errorf("%d links of recordings with conflicting rows, want the one that was there", got)
	}
}

func TestDecisionConflictsWithSurvivor(t *testing.T) {
	t.Parallel()
	decide(newWorld(t), linker.Rules{FollowMerges: true}, []decision{
		{"the survivor", byID("r-10", "e-1"), created("e-1")},
		{"what was merged into it", byID("r-10", "e-merged"), saying("e-merged is merged into e-1", again("e-1", "", ""))},
		{"merged", byID("r-11", "e-merged"), conflict("e-1", 0, 5)},
		{"another than the survivor", byID("r-11", "e-2"), conflict("e-2", 0, 4)},
	})
}

func TestDecisionLetsLastWin(t *testing.T) {
	t.Parallel()
	decide(newWorld(t), linker.Rules{LastWins: true, KeepTriggers: []string{"USER_LINK_WEB"}}, []decision{
		{"two, first", byID("r-10", "e-1"), superseded("e-1", "", "")},
		{"two, last", byID("r-10", "e-2"), created("e-2")},
		{"there and back, first", byID("r-11", "e-1"), created("e-1")},
		{"there and back, between", byID("r-11", "e-2"), superseded("e-2", "", "")},
		{"there and back, last", byID("r-11", "e-1"), again("e-1", "", "")},
		{"away from the current link, first", byID("r-1", "e-1"), superseded("e-1", "e-1", "ACCOUNT")},
		{"away from the current link, last", byID("r-1", "e-2"), replaced("e-2", "e-1", "ACCOUNT")},
		{"back to the current link, first", byID("r-3", "e-2"), superseded("e-2", "e-lead", "LEAD")},
		{"back to the current link, last", typed("LEAD", byID("r-3", "e-lead")), unchanged("e-lead", "LEAD")},
		{"the last is rejected, first", byID("r-12", "e-1"), superseded("e-1", "", "")},
		{"the last is rejected, second", byID("r-12", "e-2"), created("e-2")},
		{"the last is rejected", byID("r-12", "nope"), rejected(linker.EntityNotFound, "")},
		{"a person's link, first", byID("r-2", "e-1"), superseded("e-1", "e-2", "ACCOUNT")},
		{"a person's link, last", byID("r-2", "e-3"), kept("e-3", "e-2", "ACCOUNT")},
	})
}
