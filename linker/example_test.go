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
