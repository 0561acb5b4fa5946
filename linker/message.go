package linker

// Message is the sentence that stands in the report for a row that ended with
// code c, "" for none. of is what Check made of the row. detail is what only
// the database knows: the near miss, the other lines of a conflict, the
// survivor of a merge; "" for nothing. Rows with the code that Check gave them
// get Check's message, rows without a code their note.
func Message(c Code, of Checked, detail string) string { return "" }
