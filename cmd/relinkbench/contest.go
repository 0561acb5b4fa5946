package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// result is the median of one contender's runs.
type result struct {
	Case       string    `json:"case"`
	Contender  string    `json:"contender"`
	Rows       int       `json:"rows"`
	Seconds    float64   `json:"seconds"`
	All        []float64 `json:"all"`
	PeakMiB    float64   `json:"peakMiB,omitempty"`
	WALMiB     float64   `json:"walMiB,omitempty"`
	WorkMiB    float64   `json:"workMiB,omitempty"`          // relink's working tables
	RelinkWins float64   `json:"relinkIsFasterBy,omitempty"` // a rival's time over relink's
}

// contender does the work of a case once, on a fresh scene, and says how long
// it took and how much memory its own process used.
type contender struct {
	name string
	rows int
	runs int
	do   func(ctx context.Context) (cost, error)
	// fresh says which database the scene is cloned from; "" needs none.
	fresh string
}

type cost struct {
	seconds float64
	peakMiB float64
	workMiB float64
}

// contest lets the contenders take turns and returns their medians, relink
// first. All of them must leave the same links.
func (b *bench) contest(ctx context.Context, name string, contenders []contender) ([]result, error) {
	results := make([]result, len(contenders))
	digests := map[string]string{}
	for round := range b.runs {
		for i, c := range contenders {
			if c.runs > 0 && round >= c.runs {
				continue
			}
			r := &results[i]
			r.Case, r.Contender, r.Rows = name, c.name, c.rows
			if c.fresh != "" {
				if err := b.server.clone(ctx, c.fresh, scene); err != nil {
					return nil, err
				}
			}
			before, err := b.wal(ctx)
			if err != nil {
				return nil, err
			}
			spent, err := c.do(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			after, err := b.wal(ctx)
			if err != nil {
				return nil, err
			}
			r.All = append(r.All, spent.seconds)
			r.PeakMiB = max(r.PeakMiB, spent.peakMiB)
			r.WorkMiB = max(r.WorkMiB, spent.workMiB)
			r.WALMiB = (after - before) / (1 << 20)
			fmt.Fprintf(os.Stderr, "%-10s %-22s %8.2f s\n", name, c.name, spent.seconds)
			if c.fresh == "" || c.rows != b.rows {
				continue
			}
			if digests[c.name], err = b.digest(ctx); err != nil {
				return nil, err
			}
			if digests[c.name] != digests[contenders[0].name] {
				return nil, fmt.Errorf("%s and %s end in different links: %s, %s", contenders[0].name, c.name, digests[contenders[0].name], digests[c.name])
			}
		}
	}
	for i := range results {
		results[i].Seconds = median(results[i].All)
		results[i].RelinkWins = (results[i].Seconds / float64(results[i].Rows)) / (results[0].Seconds / float64(results[0].Rows))
	}
	return results, nil
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// wal returns how many bytes of WAL the server has written so far.
func (b *bench) wal(ctx context.Context) (bytes float64, err error) {
	conn, err := b.server.connect(ctx, "postgres")
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8").Scan(&bytes)
	return bytes, err
}

// digest is the same for the same current links.
func (b *bench) digest(ctx context.Context) (sum string, err error) {
	conn, err := b.server.connect(ctx, scene)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	const query = `
		SELECT count(*) || '/' || sum(hashtextextended(recording_id || ' ' || data_type || ' ' || entity_id, 0)::numeric)
		FROM recording_links
		WHERE cleared_at IS NULL`
	err = conn.QueryRow(ctx, query).Scan(&sum)
	return sum, err
}

// timed runs a program and returns its cost.
func (b *bench) timed(ctx context.Context, okay []int, name string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "PGOPTIONS=")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	spent := cost{seconds: time.Since(began).Seconds()}
	if cmd.ProcessState == nil || !slices.Contains(okay, cmd.ProcessState.ExitCode()) {
		return spent, fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		spent.peakMiB = float64(usage.Maxrss) / 1024
	}
	return spent, nil
}
