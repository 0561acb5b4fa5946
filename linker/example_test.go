package linker_test

import (
	"fmt"

	"relink/linker"
)

func ExampleCheck() {
	given := linker.Fields{RecordingID: " rec-1", DataType: "lead", ExternalID: "1.23457E+11"}
	set := linker.Fields{IntegrationConnectionID: "sf-prod"} // --set integrationConnectionId=sf-prod

	checked := linker.Check(given, set)
	fmt.Println(checked.Fault.Code)
	fmt.Println(checked.Fields.RecordingID, checked.Fields.DataType)
	// Output:
	// spreadsheet_damaged_id
	// rec-1 LEAD
}

func ExampleGuard_Judge() {
	guard := linker.Guard{Reconcile: true} // at most 20 % of the links may change
	plan := linker.Plan{
		Rows:     700,
		Outcomes: linker.Counts{linker.Unchanged: 700, linker.Extra: 300},
		Groups:   []linker.Group{{Connection: "sf-prod", DataType: "LEAD", Current: 1000, Cleared: 300}},
	}
	refusal := guard.Judge(plan)
	fmt.Println(refusal.Kind, refusal.Groups[0].Connection)

	guard.Force = new(int64(300)) // exactly these changes are wanted
	fmt.Println(guard.Judge(plan) == nil)
	// Output:
	// too_many_changes sf-prod
	// true
}
