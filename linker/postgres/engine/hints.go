package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/time/rate"
)

const (
	// hintsAtOnce is how many looks for near misses there are at a time: they
	// must leave the database to the requests that change something.
	hintsAtOnce = 2
	// hintsPerMinute is how many near misses an organization may see in a
	// minute. A file sent row by row may have some hundreds.
	hintsPerMinute = 300
	// hintWait is how long a look waits for its turn.
	hintWait = time.Second
	// hintCost is the most that one look at a table may cost by the planner's
	// estimate: a look by index, or through a table of some thousand rows.
	// Without the index a table of a million rows costs 25 times as much.
	hintCost = 1000
)

// hints bounds what near misses may cost. The zero value is not ready for use.
type hints struct {
	slots   chan struct{}
	mu      sync.Mutex
	budgets map[string]*rate.Limiter // by organization
}

func newHints() *hints {
	return &hints{slots: make(chan struct{}, hintsAtOnce), budgets: map[string]*rate.Limiter{}}
}

// take reports whether a near miss may be looked for now, for the caller of an
// organization. The caller calls leave when ok.
func (h *hints) take(ctx context.Context, organization string) (leave func(), ok bool) {
	h.mu.Lock()
	budget := h.budgets[organization]
	if budget == nil {
		budget = rate.NewLimiter(rate.Every(time.Minute/hintsPerMinute), hintsPerMinute)
		h.budgets[organization] = budget
	}
	ok = budget.Allow()
	h.mu.Unlock()
	if !ok {
		return nil, false
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, true
	case <-time.After(hintWait):
	case <-ctx.Done():
	}
	return nil, false
}

// cheap reports whether the planner would run a query at the cost of a hint. It
// must be told to look up each form of the id by itself.
func cheap(ctx context.Context, tx pgx.Tx, query string, args ...any) (bool, error) {
	var text []byte
	if err := tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON) "+query, args...).Scan(&text); err != nil {
		return false, err
	}
	var plans []struct{ Plan plan }
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		return false, fmt.Errorf("reading a plan: %w", err)
	}
	return plans[0].Plan.cheap(), nil
}

// plan is a step in the output of EXPLAIN.
type plan struct {
	Relation string  `json:"Relation Name"`
	Cost     float64 `json:"Total Cost"` // of one loop
	Plans    []plan
}

// cheap reports whether no table is read for long. The total cost of a plan is
// less useful: it counts a thousand forms of an id where there are three.
func (p *plan) cheap() bool {
	if p.Relation != "" && p.Cost > hintCost {
		return false
	}
	for i := range p.Plans {
		if !p.Plans[i].cheap() {
			return false
		}
	}
	return true
}
