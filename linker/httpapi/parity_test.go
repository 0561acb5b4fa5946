package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// Rows sent one by one come to what the same rows come to as a file in which
// the last row of a recording wins: the same code where a recording has one
// row, and the same target for every recording.
func TestParityWithAFile(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rows := generate(rand.New(rand.NewPCG(seed, 1)), 250)
			x := serve(t, setup{})
			codes := sendAll(x, rows)

			file := connect(t, pgtest.Database(t))
			world(t, file)
			results := imported(t, file.Config().ConnString(), rows)

			perRecording := map[string]int{}
			for _, r := range rows {
				perRecording[linker.Check(r, linker.Fields{}).Fields.RecordingID]++
			}
			good := 0
			for i, r := range rows {
				c := linker.Check(r, linker.Fields{})
				want := string(c.Final(results[i].Code))
				if c.Fault != nil {
					want = string(c.Fault.Code)
				}
				if want == "" {
					good++
				}
				if perRecording[c.Fields.RecordingID] == 1 && codes[i] != want {
					t.Errorf("%+v: code %q, in a file %q", r, codes[i], want)
				}
			}
			if good < len(rows)/5 {
				t.Errorf("only %d rows are good: the test tests nothing", good)
			}
			if diff := cmp.Diff(links(t, file), links(t, x.conn)); diff != "" {
				t.Errorf("links (-file +one by one):\n%s", diff)
			}
		})
	}
}

// sendAll sends every row as it is given and returns the codes of the answers.
func sendAll(x *service, rows []linker.Fields) (codes []string) {
	for _, r := range rows {
		body := map[string]string{}
		for name, value := range map[string]string{
			"dataType": r.DataType, "id": r.ID, "externalId": r.ExternalID,
			"integrationConnectionId": r.IntegrationConnectionID, "trigger": r.Trigger,
		} {
			if value != "" {
				body[name] = value
			}
		}
		encoded, err := json.Marshal(body)
		if err != nil {
			x.t.Fatal(err)
		}
		recording := strings.ReplaceAll(url.PathEscape(r.RecordingID), ".", "%2E")
		got := x.do(ask{recording: recording, body: string(encoded)})
		if got.status >= 500 || got.status == 409 {
			x.t.Fatalf("%+v: %d %s", r, got.status, got.body)
		}
		codes = append(codes, got.code())
	}
	return codes
}

// imported takes the rows through a run and returns a result for each; those
// of rows that Check refuses are empty.
func imported(t *testing.T, url string, rows []linker.Fields) []linker.Decision {
	t.Helper()
	ctx := t.Context()
	store := postgres.NewStore(pg.Config{URL: url})
	run, err := store.Begin(ctx, linker.Run{Kind: linker.Import, Options: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	x, err := engine.Open(ctx, store, engine.Options{
		Run: run.ID, Writing: true, Rules: linker.Rules{Organization: "o-1", LastWins: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	i := 0
	_, err = x.Stage(ctx, func(n *linker.Numbered) error {
		if i == len(rows) {
			return io.EOF
		}
		i++
		n.Row, n.Line, n.Checked = int64(i), int64(i+1), linker.Check(rows[i-1], linker.Fields{})
		return nil
	}, wholeFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Plan(ctx, true, nil); err != nil {
		t.Fatal(err)
	}
	var applied atomic.Int64
	if err := x.Apply(ctx, nil, &applied); err != nil {
		t.Fatal(err)
	}
	results := make([]linker.Decision, len(rows))
	err = x.Results(ctx, func(r *linker.Result) error {
		results[r.Row-1] = r.Decision
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// generate makes rows of every kind: good ones, faulty ones, and such as reach
// for what is not theirs.
func generate(rng *rand.Rand, n int) (rows []linker.Fields) {
	pick := func(values ...string) string { return values[rng.IntN(len(values))] }
	numbered := func(prefix string, most int) string { return fmt.Sprint(prefix, rng.IntN(most)+1) }
	for range n {
		r := linker.Fields{RecordingID: numbered("r-", 50), DataType: "ACCOUNT", Trigger: pick("", "", "", "CRM_DEEPLINK", "user_link_web", "nonsense")}
		if rng.IntN(3) == 0 {
			r.RecordingID = pick("r-gone", "nope", "s-1", "R-7", "7", "r-Case", "r-case", "1E5", " r-8 ", "'r-9", "", "1.2E+9", "a\u200bb", "e-1")
		}
		switch rng.IntN(8) {
		case 0, 1:
			r.ID = numbered("e-", 22)
		case 2, 3:
			r.ExternalID, r.IntegrationConnectionID = numbered("x-", 22), pick("c-1", "c-1", "c-1", "c-2", "c-9", "c-none")
		case 4:
			r.ID = pick("e-lead", "e-two", "e-deleted", "e-merged", "e-circle-1", "e-dangling", "e-to-other", "f-1", "x-1", "12345.0", "#N/A")
			r.DataType = pick("ACCOUNT", "LEAD", "contact")
			r.IntegrationConnectionID = pick("", "", "c-1", "c-2", "c-9")
		case 5:
			r.DataType, r.IntegrationConnectionID = "OPPORTUNITY", pick("c-1", "c-2")
			r.ExternalID = pick("70130000001tcyI", "70130000001tcyIAAQ", "70130000001TCYIAAQ", "70130000001tcyIAAR", "70130000001tcyJ")
		case 6:
			r.DataType, r.IntegrationConnectionID = pick("CONTACT", "ACCOUNT"), pick("c-2", "c-1", "")
			r.ExternalID = pick("000123", "123", "0123", "X-3", "e-3", "x-two", "x-lead", "x-deleted")
		default:
			r.ID, r.ExternalID = pick("", "e-1"), pick("", "x-1")
			r.DataType = pick("", "Deal", "ACCOUNT")
		}
		rows = append(rows, r)
	}
	return rows
}

// wholeFile reports no doubts about the file.
func wholeFile() []string { return nil }
