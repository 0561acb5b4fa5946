package explain

import (
	"strings"

	"relink/linker"
	"relink/linker/text"
)

// readingExplanations are the texts of the codes that need no database, in
// the order in which they are tested.
var readingExplanations = []Explanation{
	{
		Code:    linker.RecordTooLong,
		Meaning: "The record is longer than 1,048,576 bytes.",
		Cause:   "A cell holds a document instead of an id, a line end is missing, or the file is not a link file at all.",
		Remedy:  "Look at the line named in the report and shorten or remove the record. Columns that relink does not need can be left out of the export.",
		Example: "A CSV export with the recording's transcript in one of its columns.",
		Do:      "shorten the record or leave out the large column",
	},
	{
		Code:    linker.InvalidEncoding,
		Meaning: "The record holds bytes that are not text in the file's encoding, or a NUL character.",
		Cause:   "The file was saved in another encoding than UTF-8, two files of different encodings were joined, or the file is damaged.",
		Remedy:  "Save the file as UTF-8, or name its encoding with --encoding (for example --encoding windows-1252).",
		Example: `"Caf\xe9" in a file read as UTF-8: the byte E9 is an é in windows-1252 only.`,
		Do:      "save the file as UTF-8 or name its encoding with --encoding",
	},
	{
		Code:    linker.MalformedRow,
		Meaning: "The record cannot be read as CSV or JSON, or an id has a line break or control character inside.",
		Cause:   "A stray quote, too few or too many cells, broken JSON, a key given twice, a number where an id must stand in quotes, a last line that is cut off, or a line that is no row: a ruler, a footer.",
		Remedy:  "Look at the line named in the report and at the one before it, and fix the quotes, the delimiters or the JSON. Get a file that may be cut off again; add the line end when the last id is whole. Lines that are no rows can be removed.",
		Example: `r-17,CONTACT,"e-4 — the quote is never closed. In JSONL: {"recordingId": 17} — write "17", since numbers lose digits.`,
		Do:      "fix the quotes, cells or JSON of these lines",
	},
	{
		Code:    linker.MissingRecordingID,
		Meaning: "The row does not name a recording.",
		Cause:   "The cell is empty or holds blanks only; in spreadsheets often a merged cell, a subtotal line, or a row of which only columns that are ignored are filled.",
		Remedy:  "Fill in recordingId or remove the row.",
		Example: ",CONTACT,e-4 — nothing stands before the first comma.",
		Do:      "fill in recordingId or remove the rows",
	},
	{
		Code:    linker.MissingDataType,
		Meaning: "The row does not say which kind of CRM row it names.",
		Cause:   "The cell is empty, or the export has no such column.",
		Remedy:  "Fill in dataType (" + text.OneOf(linker.DataTypes) + "), or give one for all rows that leave it empty with --set dataType=….",
		Example: "r-17,,e-4 — with --set dataType=CONTACT the row is good.",
		Do:      "fill in dataType, or give it with --set dataType=…",
	},
	{
		Code:    linker.InvalidDataType,
		Meaning: "dataType is none of the words " + text.OneOf(linker.DataTypes) + ".",
		Cause:   "The CRM's own word was exported (Deal, Task, Company), the word is in the plural, or the columns have shifted.",
		Remedy:  "Use one of the five words; upper and lower case do not matter. Tasks, events, calls and meetings are ENGAGEMENT, deals are OPPORTUNITY, companies are ACCOUNT.",
		Example: "r-17,Deal,e-4 — write OPPORTUNITY.",
		Do:      "use " + text.OneOf(linker.DataTypes),
	},
	{
		Code:    linker.InvalidTrigger,
		Meaning: "trigger is not empty and none of the known words.",
		Cause:   "A misspelt word, a comment in the trigger column, or shifted columns.",
		Remedy:  "Leave trigger empty or use one of: " + strings.Join(linker.Triggers, ", ") + ".",
		Example: "USER_LINKED_WEB — the word is USER_LINK_WEB.",
		Do:      "leave trigger empty or use a known word",
	},
	{
		Code:    linker.IDAndExternalID,
		Meaning: "The row names its CRM row twice, by id and by externalId.",
		Cause:   "Both columns were exported, or --set fills in one of them.",
		Remedy:  "Keep one: id is the platform's own id, externalId the id in the CRM. When both are in the file, delete one column.",
		Example: "r-17,CONTACT,e-4,0035g00000XyZabAAF,c-1 — relink does not guess which of the two is right.",
		Do:      "keep either id or externalId",
	},
	{
		Code:    linker.MissingTarget,
		Meaning: "The row names neither id nor externalId.",
		Cause:   "The cell is empty; often the recording has no CRM row yet.",
		Remedy:  "Fill in id, or externalId together with integrationConnectionId, or remove the row. A row cannot clear a link.",
		Example: "r-17,CONTACT,, — nothing says which contact.",
		Do:      "fill in id or externalId, or remove the rows",
	},
	{
		Code:    linker.MissingConnectionID,
		Meaning: "The row has an externalId but does not say in which connection.",
		Cause:   "The export comes from one CRM and has no column for the connection.",
		Remedy:  "Fill in integrationConnectionId, or give it for all rows with --set integrationConnectionId=….",
		Example: "r-17,CONTACT,,0035g00000XyZabAAF, — two connections may both have this id.",
		Do:      "give the connection with --set integrationConnectionId=…",
	},
	{
		Code:    linker.FieldTooLong,
		Meaning: "An id is longer than 255 bytes.",
		Cause:   "The columns have shifted, so that a title or a text stands where an id belongs, or --map names the wrong column.",
		Remedy:  "Check that the header fits the cells, and fix the row.",
		Example: "A recordingId that is a whole sentence.",
		Do:      "check that the columns have not shifted",
	},
	{
		Code:    linker.SpreadsheetDamagedID,
		Meaning: "An id was changed by a spreadsheet and can no longer be known.",
		Cause:   "Spreadsheets read ids as numbers or dates: digits after the 15th become zeros, long numbers become 1.23E+17, 3-5 becomes 5-Mar, and formulas without a value become #N/A.",
		Remedy:  "Export again with the id columns formatted as text before the values are put in, or use the CRM's own CSV export without opening it in a spreadsheet. relink does not guess the lost digits.",
		Example: "1.23457E+17 — the id was 123456789012345678. Forms that can be real, such as 1E5, are looked up first.",
		Do:      "export again with id columns as text",
	},
}
