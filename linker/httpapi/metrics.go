package httpapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// buckets are the upper bounds of the histogram of durations, in seconds: an
// answer takes milliseconds, one that waits for locks half a second and more.
var buckets = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// metrics counts requests for Prometheus. Labels come from fixed lists only, so
// that no caller can make them grow.
type metrics struct {
	mu       sync.Mutex
	inFlight int
	requests map[requestLabels]int64
	outcomes map[outcomeLabels]int64
	seconds  float64
	below    [len(buckets)]int64
	count    int64
}

type requestLabels struct {
	method, path string
	status       int
}

type outcomeLabels struct{ outcome, code string }

func newMetrics() *metrics {
	return &metrics{requests: map[requestLabels]int64{}, outcomes: map[outcomeLabels]int64{}}
}

func (m *metrics) begin() {
	m.mu.Lock()
	m.inFlight++
	m.mu.Unlock()
}

func (m *metrics) end(x *exchange) {
	took := time.Since(x.began).Seconds()
	method := x.r.Method
	if !slices.Contains([]string{"GET", "HEAD", "PUT", "DELETE"}, method) {
		method = "other"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inFlight--
	m.requests[requestLabels{method, x.path, x.status}]++
	if x.outcome != "" {
		m.outcomes[outcomeLabels{x.outcome, x.code}]++
	}
	m.seconds += took
	m.count++
	for i, bound := range buckets {
		if took <= bound {
			m.below[i]++
		}
	}
}

// text is everything in the format that Prometheus reads.
func (m *metrics) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	head(&b, "relink_http_requests_total", "counter", "Requests answered.")
	for _, l := range slices.SortedFunc(maps.Keys(m.requests), func(a, b requestLabels) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method), cmp.Compare(a.status, b.status))
	}) {
		fmt.Fprintf(&b, "relink_http_requests_total{method=%q,path=%q,status=\"%d\"} %d\n", l.method, l.path, l.status, m.requests[l])
	}
	head(&b, "relink_outcomes_total", "counter", "What became of the links asked for; code is empty for those done.")
	for _, l := range slices.SortedFunc(maps.Keys(m.outcomes), func(a, b outcomeLabels) int {
		return cmp.Or(cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.code, b.code))
	}) {
		fmt.Fprintf(&b, "relink_outcomes_total{outcome=%q,code=%q} %d\n", l.outcome, l.code, m.outcomes[l])
	}
	head(&b, "relink_http_requests_in_flight", "gauge", "Requests being answered now.")
	fmt.Fprintf(&b, "relink_http_requests_in_flight %d\n", m.inFlight)
	head(&b, "relink_http_request_duration_seconds", "histogram", "How long answers took.")
	for i, bound := range buckets {
		fmt.Fprintf(&b, "relink_http_request_duration_seconds_bucket{le=\"%g\"} %d\n", bound, m.below[i])
	}
	fmt.Fprintf(&b, "relink_http_request_duration_seconds_bucket{le=\"+Inf\"} %d\n", m.count)
	fmt.Fprintf(&b, "relink_http_request_duration_seconds_sum %g\n", m.seconds)
	fmt.Fprintf(&b, "relink_http_request_duration_seconds_count %d\n", m.count)
	return b.String()
}

func head(b *strings.Builder, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}
