package postgres

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
	// hintsPerMinute is how many near misses an organization is told in a
	// minute. A program that asks for more has another fault than a typo.
	hintsPerMinute = 60
	// hintCost is the most that such a query may cost by the planner's
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
	case <-time.After(nearTimeout):
	case <-ctx.Done():
	}
	return nil, false
}

// cheap reports whether the planner would run a query at the cost of a hint.
func cheap(ctx context.Context, tx pgx.Tx, query string, args ...any) (bool, error) {
	var text []byte
	if err := tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON) "+query, args...).Scan(&text); err != nil {
		return false, err
	}
	var plans []struct {
		Plan struct {
			Cost float64 `json:"Total Cost"`
		}
	}
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		return false, fmt.Errorf("reading a plan: %w", err)
	}
	return plans[0].Plan.Cost <= hintCost, nil
}
