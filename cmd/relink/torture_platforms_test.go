package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker/postgres/pgtest"
)

// tortured are the commands of which one is killed in a round: what comes before it,
// the command itself and the number of its run.
var tortured = []struct {
	name   string
	before []string
	args   func(*shape) []string
	run    string
	status int
}{
	{"import", nil, func(*shape) []string { return []string{"import", "links.csv"} }, "1", 0},
	{
		"reconcile", nil, func(s *shape) []string {
			return []string{"reconcile", "--connection", s.Connection(1), "--prune", "--take-over", "--max-changes", "100%", "fewer.csv"}
		}, "1", 0,
	},
	{"revert", []string{"import", "links.csv"}, func(*shape) []string { return []string{"revert", "1"} }, "2", 0},
	{"unlink", nil, func(*shape) []string { return []string{"unlink", "linked.csv"} }, "1", 0},
}

// Runs on every kind of platform are killed at random moments and resumed, and end
// with the links and the report of one that nobody disturbed. A round is repeated
// with
//
//	RELINK_TORTURE_SEED=<seed> RELINK_TORTURE_PLATFORM_ROUNDS=1 go test -run 'TortureOnEveryPlatform/<name>' ./cmd/relink
func TestTortureOnEveryPlatform(t *testing.T) {
	t.Parallel()
	rounds := environmentNumber(t, "RELINK_TORTURE_PLATFORM_ROUNDS", 2)
	seed := environmentNumber(t, "RELINK_TORTURE_SEED", int(time.Now().UnixNano()%1_000_000))
	for _, p := range pgtest.Platforms() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			killed := 0
			for n := range rounds {
				killed += tortureRound(t, p, uint64(seed+n))
			}
			t.Logf("%d rounds from seed %d, %d kills of a run at work", rounds, seed, killed)
		})
	}
}

func tortureRound(t *testing.T, p pgtest.Platform, seed uint64) (killed int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	c := tortured[rng.IntN(len(tortured))]
	begin := func() *shape {
		s := newShape(t, p)
		s.manyRows()
		var fewer, linked strings.Builder
		fewer.WriteString("recordingId,dataType,id\n")
		linked.WriteString("recordingId,dataType,id\n")
		for n := 1; n <= 60; n++ {
			if n%3 > 0 {
				fmt.Fprintf(&fewer, "%s,ACCOUNT,%s\n", s.Recording(n), s.Entity(n%9+1))
			}
			fmt.Fprintf(&linked, "%s,ACCOUNT,%s\n", s.Recording(n), s.Entity(1))
		}
		s.file("fewer.csv", fewer.String())
		s.file("linked.csv", linked.String())
		if c.before != nil {
			s.relink(0, c.before...)
		}
		return s
	}
	undisturbed := begin()
	undisturbed.relink(c.status, c.args(undisturbed)...)

	s := begin()
	s.slowly(15 * time.Millisecond)
	batches := []string{"--batch-rows", "3", "--lanes", "2"}
	args := append(c.args(s), batches...)
	for range 1 + rng.IntN(3) {
		before := ask[int](s.site, "SELECT count(*) FROM relink.marks")
		process := s.begin(args...)
		select {
		case <-process.ended:
		case <-time.After(time.Duration(100+rng.IntN(700)) * time.Millisecond):
			process.kills()
		}
		if ask[int](s.site, "SELECT count(*) FROM relink.marks") > before {
			killed++
		}
		// One that died while it was recorded has used up its number.
		if run := ask[string](s.site, "SELECT coalesce(max(id)::text, '') FROM relink.runs WHERE id >= $1", c.run); run != "" {
			args = []string{"resume", run}
		}
	}
	s.begin(args...).exits(c.status)
	latest := func(s *shape) string { return s.read(filepath.Join(s.dir, "runs", "latest", "report.csv")) }
	if diff := cmp.Diff(latest(undisturbed), latest(s)); diff != "" {
		t.Errorf("seed %d, %s: reports (-undisturbed +resumed):\n%s", seed, c.name, diff)
	}
	if want, got := undisturbed.current(), s.current(); want != got {
		t.Errorf("seed %d, %s: links (-undisturbed +resumed):\n%s", seed, c.name, cmp.Diff(want, got))
	}
	return killed
}
