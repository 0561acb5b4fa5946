package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/cmd/relink/exit"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pgtest"
)

// The torture test kills runs at random moments and resumes them, and compares
// links, history and report with an undisturbed twin. A round is repeated with
//
//	RELINK_TORTURE_SEED=<seed> RELINK_TORTURE_ROUNDS=1 go test -run Torture ./cmd/relink
//
// and make torture runs many.
const (
	tortureRounds      = 40 // in every test run
	tortureShortRounds = 8  // with -short, under the race detector
	tortureWorkers     = 2
)

// quotas are the kinds of death a long run must have seen, by the share of its
// rounds: out of 500, 150 with some but not all batches committed, and so on.
var quotas = map[string]float64{
	deathPartly: 0.30, deathForeign: 0.10, deathInReport: 0.04, deathBackend: 0.04,
	movedSchema: 0.03, movedDatabase: 0.03, movedClock: 0.03,
}

const (
	deathPartly   = "died with some of the batches committed"
	deathForeign  = "a foreign writer came before the resume"
	deathInReport = "died while the report was written"
	deathBackend  = "a backend was still at work when the resume began"
	deathAgain    = "the resume was killed, too"
	deathServer   = "the server was stopped"
	deathAnswer   = "the answer to a commit was lost"
	movedSchema   = "a resume in another schema was tried"
	movedDatabase = "a resume in a copy of the database was tried"
	movedClock    = "the clock was moved before the resume"
)

func TestTorture(t *testing.T) {
	t.Parallel()
	rounds := tortureRounds
	if testing.Short() {
		rounds = tortureShortRounds
	}
	rounds = environmentNumber(t, "RELINK_TORTURE_ROUNDS", rounds)
	seed := environmentNumber(t, "RELINK_TORTURE_SEED", int(time.Now().UnixNano()%1_000_000))
	t.Logf("%d rounds from seed %d", rounds, seed)

	var counted sync.Mutex
	counts := map[string]int{}
	t.Run("rounds", func(t *testing.T) {
		for worker := range min(tortureWorkers, rounds) {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				c := newChamber(t, pgtest.Server(t))
				for n := worker; n < rounds; n += tortureWorkers {
					for _, death := range c.round(uint64(seed + n)) {
						counted.Lock()
						counts[death]++
						counted.Unlock()
					}
					if t.Failed() {
						return
					}
				}
			})
		}
	})
	for death, n := range counts {
		t.Logf("%4d × %s", n, death)
	}
	for death, share := range quotas {
		if want := int(share * float64(rounds)); rounds >= 200 && counts[death] < want {
			t.Errorf("in %d of %d rounds %s, want %d: the test has lost its edge", counts[death], rounds, death, want)
		}
	}
}

func environmentNumber(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// chamber is one server and the scenarios that are played on it.
type chamber struct {
	t         *testing.T
	server    *localpg.Server
	dir       string
	scenarios []*scenario
}

func newChamber(t *testing.T, server *localpg.Server) *chamber {
	t.Helper()
	c := &chamber{t: t, server: server, dir: t.TempDir()}
	for i, s := range scenarios() {
		s.number = i
		c.prepare(s)
		c.scenarios = append(c.scenarios, s)
	}
	return c
}

// round plays one scenario, disturbed, and compares. It returns the deaths.
func (c *chamber) round(seed uint64) (deaths []string) {
	t := c.t
	rng := rand.New(rand.NewPCG(seed, 1))
	s := c.scenarios[rng.IntN(len(c.scenarios))]
	p := &play{chamber: c, scenario: s, rng: rng, seed: seed, name: fmt.Sprintf("round_%d", seed)}
	p.out = filepath.Join(c.dir, p.name)
	c.clone(s.template(), p.name)
	defer c.drop(p.name)
	defer os.RemoveAll(p.out)

	ways := []func() string{p.killAfterBatches, p.killAfterBatches, p.killAfterBatches, p.killAnytime, p.crashServer, p.loseAnswer, p.killInReport, p.killWhileCommitting}
	death := ways[rng.IntN(len(ways))]()
	deaths = append(deaths, death)
	run := p.runID()
	if run == 0 {
		// It died before it had a name: nothing was done, nothing is to
		// be resumed.
		p.finish(p.command()...)
		run = p.runID()
	} else {
		before := p.appliedRows(run)
		if len(before) > 0 && len(before) < s.applied {
			deaths = append(deaths, deathPartly)
		}
		foreign := rng.IntN(5) == 0 && len(before) > 0
		if foreign {
			p.writeForeign()
			deaths = append(deaths, deathForeign)
		}
		for range 2 {
			if rng.IntN(4) == 0 {
				p.killedAfter(time.Duration(rng.IntN(400))*time.Millisecond, "resume", strconv.Itoa(run))
				deaths = append(deaths, deathAgain)
			}
		}
		if rng.IntN(4) == 0 {
			moves := []func(int) string{p.switchSchema, p.restoreCopy, p.moveClock}
			deaths = append(deaths, moves[rng.IntN(len(moves))](run))
		}
		resume := []string{"resume", strconv.Itoa(run)}
		if foreign {
			p.truthful(p.finishAny(resume...), run, before)
			return deaths
		}
		p.finish(resume...)
	}
	p.compare(run)
	if t.Failed() {
		t.Logf("seed %d, scenario %q, %v", seed, s.name, deaths)
	}
	return deaths
}

// start runs the program without waiting for it.
func (p *play) start(url string, args ...string) *exec.Cmd {
	p.t.Helper()
	cmd := exec.Command("relink", append(args, "--database", url)...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "RELINK_QUIET=true")
	p.log.Reset()
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	return cmd
}

// finish runs the program undisturbed; it must end as the reference run did.
func (p *play) finish(args ...string) {
	p.t.Helper()
	cmd := p.start(p.url(), args...)
	err := cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != p.scenario.status {
		p.t.Fatalf("seed %d, scenario %q: relink %s: exit status %d (%v), want %d\n%s",
			p.seed, p.scenario.name, strings.Join(args, " "), got, err, p.scenario.status, p.log.String())
	}
}

// finishAny runs the program undisturbed; rows may be rejected that the
// reference run could apply.
func (p *play) finishAny(args ...string) string {
	p.t.Helper()
	cmd := p.start(p.url(), args...)
	err := cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 0 && got != exit.Rejected {
		p.t.Fatalf("seed %d, scenario %q: relink %s: exit status %d (%v)\n%s",
			p.seed, p.scenario.name, strings.Join(args, " "), got, err, p.log.String())
	}
	return p.report()
}

// killedAfter runs the program and kills it after a while, if it still runs.
func (p *play) killedAfter(d time.Duration, args ...string) {
	cmd := p.start(p.url(), args...)
	timer := time.AfterFunc(d, func() { cmd.Process.Kill() })
	cmd.Wait()
	timer.Stop()
}

// killAnytime kills the run at any moment of its life.
func (p *play) killAnytime() string {
	p.killedAfter(time.Duration(p.rng.IntN(700))*time.Millisecond, p.command()...)
	return "killed at any moment"
}

// killAfterBatches kills the run when it has applied some rows.
func (p *play) killAfterBatches() string {
	p.disturb(p.url(), func(cmd *exec.Cmd) { cmd.Process.Kill() })
	return "killed while it wrote"
}

// crashServer takes the server away under the run, and brings it back. A run
// that may try again ends by itself; one that may not is resumed.
func (p *play) crashServer() string {
	var extra []string
	if p.rng.IntN(2) == 0 {
		extra = []string{"--retry-timeout", "0s"}
	}
	p.disturb(p.url(), func(*exec.Cmd) {
		if err := p.server.Crash(context.Background(), localpg.Immediate); err != nil {
			p.t.Errorf("stopping the server: %v", err)
		}
		time.Sleep(time.Duration(p.rng.IntN(50)) * time.Millisecond)
		if err := p.server.Restart(context.Background()); err != nil {
			p.t.Errorf("starting the server: %v", err)
		}
	}, extra...)
	return deathServer
}

// loseAnswer cuts the connection when a COMMIT was sent and before its answer
// came.
func (p *play) loseAnswer() string {
	proxy := newCommitCutter(p.t, p.server.Dir(), 1+p.rng.IntN(20))
	defer proxy.close()
	var extra []string
	if p.rng.IntN(2) == 0 {
		extra = []string{"--retry-timeout", "0s"}
	}
	cmd := p.start(proxy.url(p.url()), append(p.command(), extra...)...)
	cmd.Wait()
	return deathAnswer
}

// killInReport kills the run as soon as a file of its report is there.
func (p *play) killInReport() string {
	cmd := p.start(p.url(), p.command()...)
	done := ended(cmd)
	for {
		select {
		case <-done:
			return "ended before the report could be disturbed"
		case <-time.After(200 * time.Microsecond):
		}
		found, _ := filepath.Glob(filepath.Join(p.out, "*Z-*", "*report.*"))
		if len(found) == 0 {
			continue
		}
		cmd.Process.Kill()
		<-done
		if state := p.state(p.runID()); state == "done" || state == "refused" {
			return "ended before the report could be disturbed"
		}
		return deathInReport
	}
}

// killWhileCommitting makes a commit of the run slow, kills the client during
// it, and resumes at once: the backend of the dead client still commits.
func (p *play) killWhileCommitting() string {
	p.slowCommit(300 * time.Millisecond)
	cmd := p.start(p.url(), p.command()...)
	done := ended(cmd)
	for {
		select {
		case <-done:
			return "ended without a slow commit"
		case <-time.After(2 * time.Millisecond):
		}
		if p.sleeping() {
			cmd.Process.Kill()
			<-done
			if p.sleeping() {
				return deathBackend
			}
			return "killed while it wrote"
		}
	}
}

// ended returns a channel that is closed when the program has ended.
func ended(cmd *exec.Cmd) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		cmd.Wait()
	}()
	return done
}

// disturb runs the command and does something to it when it has applied a
// random number of rows.
func (p *play) disturb(url string, harm func(*exec.Cmd), extra ...string) {
	at := 1 + p.rng.IntN(max(p.scenario.applied, 1))
	cmd := p.start(url, append(p.command(), extra...)...)
	done := ended(cmd)
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
		if p.appliedCount() >= at {
			harm(cmd)
			<-done
			return
		}
	}
}
