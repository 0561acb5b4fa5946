package source_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"relink/batch/source"
	"relink/linker"
)

// A record that cannot be read is only a fault of that record: reading
// continues at the next line.
func ExampleOpen() {
	text := "Recording ID;Data Type;SFDC Id\n" +
		"rec-1;LEAD;00Q1t00000AbCdE\n" +
		"rec-2;LEAD\n" +
		"rec-3;ACCOUNT;0011t00000AbCdE\n"
	reader, err := source.Open(source.Input{
		Path: "-", Stdin: strings.NewReader(text), Name: "links.csv",
		Map: map[string]string{"SFDC Id": "externalId"},
		Set: linker.Fields{IntegrationConnectionID: "sf-prod"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	var record source.Record
	for {
		err := reader.Next(&record)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		if record.Fault != nil {
			fmt.Printf("line %d: %s\n", record.Line, record.Fault.Code)
			continue
		}
		fmt.Printf("line %d: %s is to be linked to %s\n", record.Line, record.Fields.RecordingID, record.Fields.ExternalID)
	}
	// Output:
	// line 2: rec-1 is to be linked to 00Q1t00000AbCdE
	// line 3: malformed_row
	// line 4: rec-3 is to be linked to 0011t00000AbCdE
}
