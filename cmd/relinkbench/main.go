package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

type options struct {
	rows     int
	runs     int
	perRow   int
	buffers  string
	cases    string
	relink   string
	jsonFile string
	lanes    int
	rivals   bool
}

func main() {
	var o options
	flag.IntVar(&o.rows, "rows", 1_000_000, "rows of the file, recordings and CRM rows of the world")
	flag.IntVar(&o.runs, "runs", 5, "runs of each contender; the median counts")
	flag.IntVar(&o.perRow, "per-row", 20_000, "rows for the contender with one transaction a row, which is measured once; 0 leaves it out")
	flag.StringVar(&o.buffers, "shared-buffers", "1GB", "shared_buffers of the server; a small value makes tables that do not fit")
	flag.StringVar(&o.cases, "cases", "changes,unchanged,rejected,by-id,dry-run,validate", "what to measure, separated by commas")
	flag.StringVar(&o.relink, "relink", "", "the relink program; default: built from this source")
	flag.StringVar(&o.jsonFile, "json", "", "also write the results to this file")
	flag.BoolVar(&o.rivals, "rivals", true, "measure the rivals, too")
	flag.IntVar(&o.lanes, "lanes", 0, "lanes of relink; 0 leaves it to relink")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "relinkbench: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "relinkbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.relink == "" {
		o.relink = filepath.Join(dir, "relink")
		if err := command(ctx, dir, nil, "go", "build", "-o", o.relink, "relink/cmd/relink"); err != nil {
			return fmt.Errorf("building relink: %w", err)
		}
	} else if o.relink, err = filepath.Abs(o.relink); err != nil { // it runs in a folder of its own
		return err
	}
	s, err := newServer(ctx, o.buffers)
	if err != nil {
		return err
	}
	defer s.stop()
	b := &bench{options: o, dir: dir, server: s}
	if err := b.makeWorld(ctx); err != nil {
		return fmt.Errorf("making the world: %w", err)
	}
	var results []result
	for name := range strings.SplitSeq(o.cases, ",") {
		found, err := b.measure(ctx, name)
		if err != nil {
			return fmt.Errorf("case %s: %w", name, err)
		}
		results = append(results, found...)
	}
	settings, err := s.settings(ctx)
	if err != nil {
		return err
	}
	printTable(os.Stdout, o, settings, results)
	if o.jsonFile == "" {
		return nil
	}
	text, err := json.MarshalIndent(map[string]any{"settings": settings, "rows": o.rows, "results": results}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.jsonFile, append(text, '\n'), 0o644)
}
