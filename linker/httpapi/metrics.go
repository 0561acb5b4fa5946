package httpapi

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	vm "github.com/VictoriaMetrics/metrics"
)

// buckets are the upper bounds of the histogram of durations, in seconds: an
// answer takes milliseconds, one that waits for locks half a second and more.
var buckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// metrics counts requests for Prometheus. Labels come from fixed lists only, so
// that no caller can make them grow. Prometheus' own client library would add
// 2.2 MB to the program.
type metrics struct {
	set      *vm.Set
	inFlight atomic.Int64
	took     *vm.PrometheusHistogram
}

func newMetrics() *metrics {
	vm.ExposeMetadata(true) // TYPE lines, in the whole process
	m := &metrics{set: vm.NewSet()}
	m.set.NewGauge("relink_http_requests_in_flight", func() float64 { return float64(m.inFlight.Load()) })
	m.took = m.set.NewPrometheusHistogramExt("relink_http_request_duration_seconds", buckets)
	return m
}

func (m *metrics) begin() { m.inFlight.Add(1) }

func (m *metrics) end(x *exchange) {
	method := x.r.Method
	if !slices.Contains([]string{"GET", "HEAD", "PUT", "DELETE"}, method) {
		method = "other"
	}
	m.set.GetOrCreateCounter(fmt.Sprintf(`relink_http_requests_total{method=%q,path=%q,status="%d"}`, method, x.path, x.status)).Inc()
	if x.outcome != "" {
		m.set.GetOrCreateCounter(fmt.Sprintf(`relink_outcomes_total{outcome=%q,code=%q}`, x.outcome, x.code)).Inc()
	}
	m.took.Update(time.Since(x.began).Seconds())
	m.inFlight.Add(-1)
}

// text is everything in the format that Prometheus reads: requests, outcomes,
// durations, and what the Go runtime and the operating system know about the
// process.
func (m *metrics) text() string {
	var b bytes.Buffer
	m.set.WritePrometheus(&b)
	vm.WriteProcessMetrics(&b)
	return b.String()
}
