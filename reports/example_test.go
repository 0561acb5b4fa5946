package reports_test

import (
	"log"
	"os"

	"relink/linker"
	"relink/reports"
)

func ExampleNewCSV() {
	report := reports.NewCSV(os.Stdout)
	for _, entry := range []linker.Entry{
		{
			Row: 1, Line: 2,
			Fields:   linker.Fields{RecordingID: "rec-1", DataType: "LEAD", ID: "e-1"},
			Decision: linker.Decision{Outcome: linker.Created, EntityID: "e-1"},
		},
		{
			Row: 2, Line: 3,
			Fields:   linker.Fields{RecordingID: "=rec-2", DataType: "LEAD", ID: "e-1"},
			Decision: linker.Decision{Outcome: linker.Rejected, Code: linker.RecordingNotFound},
			Message:  `no recording has the recordingId "=rec-2"`,
		},
	} {
		if err := report.Write(entry); err != nil {
			log.Fatal(err)
		}
	}
	if err := report.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// row,line,recordingId,dataType,id,externalId,integrationConnectionId,trigger,outcome,code,message,entityId,previousEntityId,previousDataType
	// 1,2,rec-1,LEAD,e-1,,,,created,,,e-1,,
	// 2,3,'=rec-2,LEAD,e-1,,,,rejected,recording_not_found,"no recording has the recordingId ""=rec-2""",,,
}
