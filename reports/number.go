package reports

import (
	"fmt"
	"time"
)

// percent formats the share of n in all with one decimal. A share that only
// rounding turns into nothing, or into all, is not shown as such: one rejected
// row in ten million must not look like none.
func percent(n, all int64) string {
	if all <= 0 || n <= 0 {
		return "0 %"
	}
	share := 100 * float64(n) / float64(all)
	switch {
	case n >= all:
		return "100 %"
	case share < 0.1:
		return "<0.1 %"
	case share > 99.9:
		return ">99.9 %"
	}
	return fmt.Sprintf("%.1f %%", share)
}

// took formats a duration for a person.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s" // the clock was set back in between
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %02d min", d/time.Hour, d%time.Hour/time.Minute)
}
