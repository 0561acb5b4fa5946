package reports_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"relink/linker"
	"relink/linker/explain"
	"relink/linker/guard"
	"relink/reports"
)

// smallPage is an import of ten rows with everything that a page can show.
func smallPage() reports.Page {
	sample := &reports.Sample{}
	for row := range int64(10) {
		e := linker.Entry{
			Row: row + 1, Line: row + 2, Decision: linker.Decision{Outcome: linker.Created},
			Fields: linker.Fields{
				RecordingID: fmt.Sprintf("rec-%03d", row+1), DataType: "CONTACT",
				ExternalID: fmt.Sprintf("0035g00000ABC%02d", row), IntegrationConnectionID: "conn-1",
			},
		}
		switch row {
		case 3:
			e.Outcome, e.Code = linker.Rejected, linker.EntityNotFound
			e.Message = `no CONTACT with externalId "0035g00000ABC03" in the connection; this id is an ACCOUNT there`
		case 6:
			e.Outcome, e.Code = linker.Rejected, linker.InvalidDataType
			e.Fields.DataType, e.Fields.IntegrationConnectionID = "CONTRACT", "conn-2"
			e.Message = `dataType "CONTRACT" is none of ACCOUNT, CONTACT, LEAD, OPPORTUNITY, ENGAGEMENT`
		case 7:
			e.Outcome, e.Fields.DataType, e.Fields.IntegrationConnectionID = linker.Replaced, "account", ""
		case 8, 9:
			e.Outcome = linker.Unchanged
		}
		sample.Add(&e)
	}
	dir := "relink-runs/20260102T030405Z-17/"
	return reports.Page{
		Summary: linker.Summary{
			Run: ptr(int64(17)), Kind: "import", Applied: true, State: "done", Rows: 10, ExitStatus: 2,
			Source: linker.SourceIdentity{Name: "links.csv", Bytes: 1234, SHA256: strings.Repeat("0123456789abcdef", 4)},
			Outcomes: linker.Counts{
				linker.Created: 5, linker.Replaced: 1, linker.Unchanged: 2, linker.Rejected: 2,
			},
			Operator: &linker.Operator{Role: "relink", User: "alice", Host: "batch-1"}, Reason: "CRM-17: move to <Salesforce>", ApprovedRun: 16,
			Database:         linker.Database{Name: "calls", Schema: "public", Role: "relink", Environment: "production"},
			PreviousTriggers: []linker.TriggerCount{{Trigger: "USER_LINK_WEB", Replaced: 1, ByPerson: true}},
			Reasons: []linker.Reason{
				{Code: linker.EntityNotFound, Count: 1, Lines: []int64{5}},
				{Code: linker.InvalidDataType, Count: 1, Lines: []int64{8}},
			},
			Files: map[string]string{
				"report": dir + "report.csv", "rejects": dir + "rejects.csv", "reasons": dir + "rejects.reasons.csv",
				"summary": dir + "summary.json", "html": dir + "report.html",
			},
			StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), FinishedAt: time.Date(2026, 1, 2, 3, 4, 7, 5e8, time.UTC),
		},
		Next: []reports.Step{
			{Why: "Fix the rows in the rejects file, then send them again", Command: "relink import " + dir + "rejects.csv"},
			{Command: "relink revert --dry-run 17"},
		},
		Sample:      sample,
		Connections: map[string]reports.Connection{"conn-1": {Name: "Sales EU", Platform: "SALESFORCE"}},
		Touched:     []guard.OrganizationCount{{Organization: "org-1", Recordings: 6}},
		Phases: []reports.Phase{
			{Name: "stage", Took: 300 * time.Millisecond, Rows: 10},
			{Name: "plan", Took: 200 * time.Millisecond, Rows: 10},
			{Name: "apply", Took: 1500 * time.Millisecond, Rows: 6},
			{Name: "report", Took: 500 * time.Millisecond, Rows: 10},
		},
		Options: []reports.Option{{Name: "--on-conflict", Value: "reject"}, {Name: "--map", Value: "SFDC Id=externalId"}},
		Host:    "batch-1", Version: "1.2.0",
	}
}

func html(t testing.TB, p reports.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteHTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLOfASmallRun(t *testing.T) {
	t.Parallel()
	golden(t, "report.html", []byte(html(t, smallPage())))
}

func TestHTMLOfTheSummaryAlone(t *testing.T) {
	t.Parallel()
	got := html(t, reports.Page{Summary: linker.Summary{Kind: "validate", State: "done"}})
	for _, want := range []string{"There were no rows: nothing was done.", "relink validate"} {
		if !strings.Contains(got, want) {
			t.Errorf("page of an empty validation does not say %q", want)
		}
	}
	for _, not := range []string{`id="reasons"`, `id="breakdown"`, `id="drift"`, `id="time"`, "<no value>", "ZgotmplZ"} {
		if strings.Contains(got, not) {
			t.Errorf("page of an empty validation holds %q", not)
		}
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	t.Parallel()
	got := strings.ToLower(html(t, largePage()) + html(t, hostilePage()))
	for _, not := range []string{"<script", "<link rel=\"stylesheet", "@import", "url(", "<img", "<iframe", "<svg/", "href=\"http", "zgotmplz"} {
		if strings.Contains(got, not) {
			t.Errorf("page holds %q", not)
		}
	}
}

func TestHTMLStaysSmall(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		page reports.Page
		most int
	}{
		{"ten rows", smallPage(), 40 << 10},
		{"ten million rows", largePage(), 150 << 10},
		{"every text hostile and long", hostilePage(), 300 << 10},
	} {
		if got := len(html(t, tc.page)); got > tc.most {
			t.Errorf("%s: page of %d bytes, want at most %d", tc.name, got, tc.most)
		}
	}
}

// Every outcome has a colour and a meaning on the page.
func TestHTMLKnowsEveryOutcome(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("page/report.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range linker.Outcomes {
		if !bytes.Contains(css, []byte(".o-"+o+" {")) || !bytes.Contains(css, []byte("--"+o+": #")) {
			t.Errorf("report.css has no colour for %s", o)
		}
		sample := &reports.Sample{}
		sample.Add(&linker.Entry{Row: 1, Line: 1, Decision: linker.Decision{Outcome: o}})
		got := html(t, reports.Page{
			Summary: linker.Summary{Kind: "import", State: "done", Rows: 1, Outcomes: linker.Counts{o: 1}},
			Sample:  sample,
		})
		if !strings.Contains(got, "</span>"+string(o)+"</th>") || strings.Contains(got, `<td class="wide"></td></tr>`) {
			t.Errorf("page does not tell the meaning of %s", o)
		}
	}
}

// A run that was resumed the next morning did not run all night.
func TestHTMLOfAResumedRun(t *testing.T) {
	t.Parallel()
	p := smallPage()
	p.Summary.FinishedAt = p.Summary.StartedAt.Add(9 * time.Hour)
	got := html(t, p)
	for _, want := range []string{
		`<dt>Took</dt><dd>9 h 00 min</dd>`, `<dt>Of that working</dt><dd>2.5 s</dd>`, `<dt>Rows a second</dt><dd>4</dd>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("page of a run that was resumed after nine hours holds no %s", want)
		}
	}
}

// The page shows it when the numbers do not add up.
func TestHTMLDoesNotHideAWrongSum(t *testing.T) {
	t.Parallel()
	p := smallPage()
	p.Summary.Rows = 11
	if got := html(t, p); !strings.Contains(got, "does not add up: 10 rows have an outcome") {
		t.Error("page of 11 rows with 10 outcomes does not say that it does not add up")
	}
}

// A column of random text must not fill the memory.
func TestSampleIsBounded(t *testing.T) {
	t.Parallel()
	sample := &reports.Sample{}
	const rows = 20_000
	for i := range int64(rows) {
		e := linker.Entry{Row: i + 1, Line: i + 2, Decision: linker.Decision{Outcome: linker.Rejected, Code: linker.ConnectionNotFound}}
		e.Fields.IntegrationConnectionID = fmt.Sprint("conn", i)
		e.Fields.DataType = fmt.Sprint("type", i)
		sample.Add(&e)
	}
	if got := len(sample.Connections()); got > 500 {
		t.Errorf("sample remembers %d connections, want at most 500", got)
	}
	got := html(t, reports.Page{Summary: linker.Summary{Kind: "import", State: "done"}, Sample: sample})
	if want := `none, or not a data type</th><td class="n">20,000</td>`; !strings.Contains(got, want) {
		t.Errorf("page does not count all rows by data type: no %q", want)
	}
	if want := `other connections</th><td class="n">19,980</td>`; !strings.Contains(got, want) {
		t.Errorf("page does not count the connections it does not list: no %q", want)
	}
}

// largePage is a reconciliation of ten million rows with every outcome.
func largePage() reports.Page {
	p := smallPage()
	s := millionRows()
	s.Kind, s.Rows = "reconcile", 10_000_000
	s.Outcomes = linker.Counts{
		linker.Created: 1_204_331, linker.Replaced: 890_112, linker.Unchanged: 7_863_250, linker.Superseded: 20_000, linker.Kept: 812,
		linker.Rejected: 21_480, linker.Failed: 12, linker.Unattempted: 3, linker.Extra: 1_250, linker.Cleared: 8_300,
	}
	s.Drift = true
	s.FinishedAt = s.StartedAt.Add(9*time.Minute + 41*time.Second)
	s.Reasons = nil
	p.Sample = &reports.Sample{}
	count := int64(16_000)
	for i, code := range explain.Codes() {
		r := linker.Reason{Code: code, Count: count}
		for k := range int64(linker.ReasonLines) {
			r.Lines = append(r.Lines, 1000*k+int64(i)+2)
			e := linker.Entry{
				Row: 1000*k + int64(i) + 1, Line: 1000*k + int64(i) + 2, Decision: linker.Decision{Outcome: linker.Rejected, Code: code},
				Message: "a sentence about this row, with the ids that matter and what to do about them",
				Fields: linker.Fields{
					RecordingID: "0b7f6a9c-4a35-4d0f-9a55-0c6f2f4b1f10", DataType: linker.DataTypes[int(k)%5],
					ExternalID: "0065g00000ABCdEAAX", IntegrationConnectionID: fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", k*k%30),
				},
			}
			p.Sample.Add(&e)
		}
		s.Reasons = append(s.Reasons, r)
		count = count/2 + 1
	}
	for i := range int64(3000) {
		e := linker.Entry{Row: 1, Line: 2, Decision: linker.Decision{Outcome: linker.Outcomes[i*i%4]}, Fields: linker.Fields{
			DataType: linker.DataTypes[i*i%5], IntegrationConnectionID: fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", i*i%30),
		}}
		p.Sample.Add(&e)
	}
	p.Connections = map[string]reports.Connection{}
	for i := range 30 {
		p.Connections[fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", i)] = reports.Connection{
			Name: fmt.Sprintf("Sales team %d", i), Platform: []string{"SALESFORCE", "HUBSPOT", "DYNAMICS"}[i%3],
		}
	}
	p.Touched = nil
	for i := range int64(40) {
		p.Touched = append(p.Touched, guard.OrganizationCount{Organization: fmt.Sprintf("organization-%02d", i), Recordings: 100_000 / (i + 1)})
	}
	for i := range int64(40) {
		p.Drift = append(p.Drift, reports.DriftPoint{
			Run: i + 1, At: s.StartedAt.AddDate(0, 0, int(i)-39), Links: i * i % 7 * 300 * (i % 5), DryRun: i%3 == 0,
		})
	}
	p.Notices = []string{"Prune was withheld for 3 recordings that rejected rows mention."}
	p.Summary = s
	return p
}

// payloads would do harm if they were not shown as text.
var payloads = []string{
	`<script>window.owned=1;document.title="owned"</script>`,
	`"><img src=x onerror="window.owned=1">`,
	`'-alert(1)-'"onmouseover="window.owned=1" autofocus onfocus="window.owned=1`,
	`</style></title></textarea><svg/onload=window.owned=1>`,
	`javascript:window.owned=1`,
	`{{.Summary}}<!--`,
	"\u202egnp.exe\u2066\u200b\x00\x1b[2J\r\n",
	"\xff\xfe not utf-8 \xc3",
	`</h1><meta http-equiv=refresh content="0;url=data:text/html,owned">`,
}

// hostilePage has such text wherever text can come from outside, and as much of
// it as fits.
func hostilePage() reports.Page {
	p := largePage()
	text := func(i int) string { return payloads[i%len(payloads)] + strings.Repeat(`"<&>'`, 60) }
	s := &p.Summary
	s.Kind, s.Source.Name, s.Source.SHA256 = "import", text(0), text(1)
	s.Files = map[string]string{"report": "x/" + payloads[4], "rejects": text(2), "html": "x/report.html"}
	p.Sample = &reports.Sample{}
	p.Connections = map[string]reports.Connection{}
	for i, code := range append(explain.Codes(), linker.Code(text(3))) {
		for k := range 6 {
			n := i*6 + k
			e := linker.Entry{Row: int64(n + 1), Line: int64(n + 2), Decision: linker.Decision{Outcome: linker.Rejected, Code: code}, Message: text(n)}
			e.Fields = linker.Fields{
				RecordingID: text(n), DataType: text(n + 1), ID: text(n + 2), ExternalID: text(n + 3),
				IntegrationConnectionID: text(n+4) + fmt.Sprint(n), Trigger: text(n + 5),
			}
			p.Sample.Add(&e)
		}
	}
	s.Reasons = append(s.Reasons, linker.Reason{Code: linker.Code(text(3)), Count: 1, Lines: []int64{1}})
	for i, id := range p.Sample.Connections() {
		p.Connections[id] = reports.Connection{Name: text(i), Platform: text(i + 1)}
	}
	for i := range p.Touched {
		p.Touched[i].Organization = text(i)
	}
	for i := range 30 {
		p.Options = append(p.Options, reports.Option{Name: text(i), Value: text(i + 1)})
	}
	p.Notices = []string{text(0), text(1), text(8)}
	p.Next = []reports.Step{{Why: text(1), Command: text(0)}, {Why: text(2), Command: text(3)}, {Why: text(5), Command: text(6)}}
	p.Phases = append(p.Phases, reports.Phase{Name: text(3), Took: time.Second, Rows: 1})
	p.Host, p.Version = text(5), text(6)
	return p
}

func BenchmarkSample(b *testing.B) {
	s := &reports.Sample{}
	e := sample
	for b.Loop() {
		s.Add(&e)
	}
}

func BenchmarkHTML(b *testing.B) {
	p := largePage()
	for b.Loop() {
		html(b, p)
	}
}
