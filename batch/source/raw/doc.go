// Package raw turns the stored bytes of an input into lines of text: it
// decompresses them, cuts them at their line ends without losing a byte, and
// decodes each line. It has no notion of records.
package raw
