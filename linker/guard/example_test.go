package guard_test

import (
	"fmt"

	"relink/linker"
	"relink/linker/guard"
)

func ExampleGuard_Judge() {
	g := guard.Guard{Reconcile: true} // at most 20 % of the links may change
	plan := guard.Plan{
		Rows:     700,
		Outcomes: linker.Counts{linker.Unchanged: 700, linker.Extra: 300},
		Groups:   []guard.Group{{Connection: "sf-prod", DataType: "LEAD", Current: 1000, Cleared: 300}},
	}
	refusal := g.Judge(plan)
	fmt.Println(refusal.Kind, refusal.Groups[0].Connection)

	g.Force = new(int64(300)) // exactly these changes are wanted
	fmt.Println(g.Judge(plan) == nil)
	// Output:
	// too_many_changes sf-prod
	// true
}
