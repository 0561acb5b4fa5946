package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

//go:embed world.sql
var worldSQL string

//go:embed rival.sql
var rivalSQL string

// measure runs one case.
func (b *bench) measure(ctx context.Context, name string) ([]result, error) {
	relink := func(mode ...string) contender {
		return contender{name: "relink", rows: b.rows, do: func(ctx context.Context) (cost, error) {
			return b.relinkRun(ctx, scene, b.file(name), mode...)
		}}
	}
	switch name {
	case "changes", "by-id", "unchanged", "rejected":
		contenders := []contender{relink("import")}
		for _, s := range scripts {
			contenders = append(contenders, contender{name: s.name, rows: b.rows, do: func(ctx context.Context) (cost, error) {
				return b.psql(ctx, b.file(name), s.variables)
			}})
		}
		if b.perRow > 0 && name == "changes" {
			for _, sessions := range []int{1, 2} {
				contenders = append(contenders, contender{
					name: fmt.Sprintf("a transaction a row ×%d", sessions), rows: min(b.perRow, b.rows), runs: 1,
					do: func(ctx context.Context) (cost, error) { return b.rowByRow(ctx, b.file(name), sessions) },
				})
			}
		}
		for i := range contenders {
			contenders[i].fresh = world
			if name == "unchanged" {
				contenders[i].fresh = linked
			}
		}
		if !b.rivals {
			contenders = contenders[:1]
		}
		return b.contest(ctx, name, contenders)
	case "dry-run":
		c := relink("import", "--dry-run")
		c.do = func(ctx context.Context) (cost, error) {
			return b.relinkRun(ctx, scene, b.file("changes"), "import", "--dry-run")
		}
		c.fresh = world
		return b.contest(ctx, name, []contender{c})
	case "validate":
		return b.contest(ctx, name, []contender{
			{name: "relink", rows: b.rows, do: func(ctx context.Context) (cost, error) {
				return b.timed(ctx, []int{0}, b.relink, "validate", "--quiet", "--out", filepath.Join(b.dir, "runs"), b.file("changes"))
			}},
			{name: "bare encoding/csv", rows: b.rows, do: func(context.Context) (cost, error) { return readBare(b.file("changes")) }},
		})
	}
	return nil, fmt.Errorf("there is no such case")
}

// relinkRun lets relink process a file. Exit status 2 means that rows were
// rejected, which is the point of case rejected.
func (b *bench) relinkRun(ctx context.Context, database, file string, mode ...string) (cost, error) {
	args := append(mode, "--quiet", "--database", b.server.url(database), "--out", filepath.Join(b.dir, "runs"))
	if b.lanes > 0 {
		args = append(args, "--lanes", fmt.Sprint(b.lanes))
	}
	measured := b.measureWork(ctx, database)
	spent, err := b.timed(ctx, []int{0, 2}, b.relink, append(args, file)...)
	spent.workMiB = measured()
	return spent, err
}

// measureWork records the maximum size of the working tables of a run until the
// returned function is called.
func (b *bench) measureWork(ctx context.Context, database string) (largest func() float64) {
	ctx, stop := context.WithCancel(ctx)
	found := make(chan float64, 1)
	go func() {
		var most float64
		defer func() { found <- most }()
		conn, err := b.server.connect(ctx, database)
		if err != nil {
			return // the run itself will report it
		}
		defer conn.Close(context.Background())
		const query = `
			SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 / 1048576
			FROM pg_class AS c
			WHERE c.relpersistence = 'u' AND c.relkind = 'r'`
		for {
			var now float64
			// An error because a table has just been dropped does not matter.
			if conn.QueryRow(ctx, query).Scan(&now) == nil {
				most = max(most, now)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return func() float64 {
		stop()
		return <-found
	}
}

// scripts are the ways in which rival.sql is run.
var scripts = []struct {
	name      string
	variables map[string]string
}{
	{"psql script", map[string]string{
		"temp": "TEMP", "workers": "DEFAULT", "tuple_cost": "DEFAULT",
		"conflict": "count(DISTINCT eid) > 1", "sorted": "rid",
	}},
	{"psql script, tuned", map[string]string{
		"temp": "UNLOGGED", "workers": fmt.Sprint(runtime.NumCPU()), "tuple_cost": "0.01",
		"conflict": "min(eid) <> max(eid)", "sorted": `eid COLLATE "C"`,
	}},
}

// psql lets the expert's script process a file.
func (b *bench) psql(ctx context.Context, file string, variables map[string]string) (cost, error) {
	work := filepath.Join(b.dir, "rival")
	if err := os.MkdirAll(work, 0o755); err != nil {
		return cost{}, err
	}
	if err := os.WriteFile(filepath.Join(b.dir, "rival.sql"), []byte(rivalSQL), 0o644); err != nil {
		return cost{}, err
	}
	os.Remove(filepath.Join(b.dir, "links.csv"))
	if err := os.Symlink(file, filepath.Join(b.dir, "links.csv")); err != nil {
		return cost{}, err
	}
	args := []string{"-X", "-q", "-d", b.server.url(scene), "-f", "rival.sql"}
	for name, value := range variables {
		args = append(args, "-v", name+"="+value)
	}
	return b.timed(ctx, []int{0}, "psql", args...)
}

// readBare reads a file with encoding/csv and does nothing with it: the floor
// for everything that reads CSV in Go.
func readBare(file string) (cost, error) {
	f, err := os.Open(file)
	if err != nil {
		return cost{}, err
	}
	defer f.Close()
	began := time.Now()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return cost{seconds: time.Since(began).Seconds()}, nil
		} else if err != nil {
			return cost{}, err
		}
	}
}
