package linker

// Alternatives lists the forms of a Salesforce id to be tried after the one
// given, in this order: the 18-character form, then the first 15 characters of
// that; the form given is left out. It is nil for what is not shaped like a
// Salesforce id and for an id whose checksum is wrong.
func Alternatives(externalID string) []string { return nil }
