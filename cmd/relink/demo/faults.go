package demo

import (
	"math/rand/v2"
	"strings"

	"relink/linker"
)

func newRand(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(2026, stream)) }

// fault adds n good rows that bend has turned into bad ones.
func (f *file) fault(n int, code linker.Code, bend func(*cells)) {
	for range n {
		c := f.row()
		bend(&c)
		f.add(code, c.String())
	}
}

// byExternalID makes the row name its target by external id, in a connection
// of the recording's own organization.
func (f *file) byExternalID(c *cells, externalID string) {
	c.id, c.externalID = "", externalID
	if c.connection == "" {
		c.connection = connections[0].ID
	}
}

// unreadable adds records that cannot be parsed.
func (f *file) unreadable() {
	f.fault(1, linker.RecordTooLong, func(c *cells) {
		c.owner = "screenshot pasted into the cell: data:image/png;base64," + strings.Repeat("iVBORw0KGgo", 100_000)
	})
	f.fault(3, linker.InvalidEncoding, func(c *cells) { c.owner = "Ren\xe9e Dubois" }) // windows-1252
	f.fault(2, linker.MalformedRow, func(c *cells) { c.owner = `Aisha "the closer" Brown` })
	for range 2 {
		text := f.row().String()
		f.add(linker.MalformedRow, text[:strings.LastIndexByte(text, ';')]) // a cell is missing
		f.add(linker.MalformedRow, f.row().String()+";Sales; EMEA")
	}
}

// incomplete adds rows with too few values, too many, or a value that does not
// exist.
func (f *file) incomplete() {
	f.fault(4, linker.MissingRecordingID, func(c *cells) { c.recording = "" })
	f.fault(3, linker.MissingDataType, func(c *cells) { c.dataType = " " })
	f.fault(3, linker.InvalidDataType, func(c *cells) { c.dataType = "Deal" })
	f.fault(2, linker.InvalidDataType, func(c *cells) { c.dataType = "Oportunity" })
	f.fault(3, linker.InvalidTrigger, func(c *cells) { c.trigger = "MANUAL" })
	f.fault(3, linker.IDAndExternalID, func(c *cells) { c.id, c.externalID = f.uuid(), "0031t00000XyZ12" })
	f.fault(4, linker.MissingTarget, func(c *cells) { c.id, c.externalID = "", "" })
	f.fault(4, linker.MissingConnectionID, func(c *cells) {
		f.byExternalID(c, "8123456789")
		c.connection = ""
	})
	f.fault(1, linker.FieldTooLong, func(c *cells) { f.byExternalID(c, strings.Repeat("8123456789", 30)) })
}

// damaged adds ids damaged by a spreadsheet: those that can be recognized as
// such, and those that can only be found by looking them up.
func (f *file) damaged() {
	for _, id := range []string{"8,12346E+09", "7.01235E+17", "#N/A", "#REF!", "7012345678901230000", "8123456789,0", "########"} {
		f.fault(1, linker.SpreadsheetDamagedID, func(c *cells) { f.byExternalID(c, id) })
	}
	f.fault(1, linker.SpreadsheetDamagedID, func(c *cells) { c.recording = "#VALUE!" })
}

// unresolvable adds rows that are valid in themselves but have no match in this
// data.
func (f *file) unresolvable(w World) {
	f.fault(5, linker.RecordingNotFound, func(c *cells) { c.recording = f.uuid() })
	for _, r := range f.deleted[:5] {
		f.fault(1, linker.RecordingDeleted, func(c *cells) { c.recording = r.ID })
	}
	f.fault(3, linker.ConnectionNotFound, func(c *cells) {
		f.byExternalID(c, "0061t00000AbCdE")
		c.connection = "northwind-salesforce-sandbox"
	})
	f.fault(3, linker.EntityNotFound, func(c *cells) { f.byExternalID(c, "8999999999") })
	f.misplaced()
	f.foreign()
	f.gone(w)
}

// misplaced adds rows whose target exists, but not where they look for it.
func (f *file) misplaced() {
	salesforce, hubspot := connections[0], connections[1]
	for range 2 {
		contact := f.some(hubspot, "CONTACT")
		row := f.rowOf(hubspot)
		row.id, row.externalID, row.connection, row.dataType = "", contact.ExternalID, hubspot.ID, "ACCOUNT"
		f.add(linker.EntityNotFound, row.String())

		account := f.some(hubspot, "ACCOUNT")
		row = f.rowOf(salesforce)
		row.id, row.externalID, row.connection, row.dataType = "", account.ExternalID, salesforce.ID, "ACCOUNT"
		f.add(linker.EntityNotFound, row.String())

		row = f.rowOf(salesforce)
		row.id, row.externalID, row.connection, row.dataType = contact.ID, "", "", "LEAD"
		f.add(linker.DataTypeMismatch, row.String())

		row = f.rowOf(salesforce)
		row.id, row.externalID, row.connection, row.dataType = contact.ID, "", salesforce.ID, "CONTACT"
		f.add(linker.ConnectionMismatch, row.String())
	}
}

// foreign adds rows that would link across organizations.
func (f *file) foreign() {
	for range 2 {
		e := f.some(connections[2], "OPPORTUNITY")
		row := f.rowOf(connections[0])
		row.id, row.externalID, row.connection, row.dataType = e.ID, "", "", e.DataType
		f.add(linker.OrganizationMismatch, row.String())
		row = f.rowOf(connections[0])
		row.id, row.externalID, row.connection, row.dataType = "", e.ExternalID, e.Connection, e.DataType
		f.add(linker.OrganizationMismatch, row.String())
	}
}

// gone adds rows whose target was merged or deleted.
func (f *file) gone(w World) {
	merged, deleted := 0, 0
	for _, e := range w.Entities {
		if e.Connection != connections[0].ID && e.Connection != connections[2].ID {
			continue
		}
		code := linker.Code("")
		switch {
		case e.MergedInto != nil && merged < 12:
			code = linker.EntityMerged
			merged++
		case e.DeletedAt != nil && deleted < 8:
			code = linker.EntityDeleted
			deleted++
		default:
			continue
		}
		organization := connections[0].Organization
		if e.Connection == connections[2].ID {
			organization = connections[2].Organization
		}
		f.add(code, f.asks(f.take(organization).ID, e).String())
	}
}

// conflicting adds pairs of rows that ask for different targets.
func (f *file) conflicting() {
	c := connections[0]
	for range 5 {
		recording := f.take(c.Organization).ID
		f.add(linker.ConflictingRows, f.asks(recording, f.some(c, "ACCOUNT")).String())
		f.add(linker.ConflictingRows, f.asks(recording, f.some(c, "OPPORTUNITY")).String())
	}
}

// some returns a CRM row of the type in the connection that can be linked.
func (f *file) some(c Connection, dataType string) Entity {
	for {
		if e := pick(f.r, f.entities[c.ID]); e.DataType == dataType {
			return e
		}
	}
}
