// Package source turns the bytes of a file or of standard input into records.
// [Open] detects what the input is, [Reader.Next] returns its records one after
// the other, and [Reader.Identity] identifies the file by its content. There
// are seven layers, from the bytes up:
// layers, from the bytes up:
//
//	hash.go                     stored bytes: counted, hashed, read ahead
//	   ↓
//	raw/compress.go             gzip and zstd unpacked, other formats refused
//	   ↓
//	raw/lines.go                a buffer that cuts lines; no byte is lost
//	   ↓
//	raw/encoding.go             UTF-8, UTF-16 or a named encoding to UTF-8
//	   ↓
//	frame.go                    lines to records: blank lines, quoted line ends,
//	   ↓                        records too long to be held
//	csv.go  quotes.go           CSV: header and cells to fields
//	jsonl.go                    JSON Lines: keys to fields
//	   ↓
//	prefetch.go                 records, read ahead in batches
//
// detect.go finds the format and the delimiter, and refuses files that are
// neither CSV nor JSON; envelope.go finds rows inside other JSON. header.go,
// columns.go and names.go match column names and keys with the six fields.
// joined.go, swallow.go and norow.go find the damage in files made by hand: two
// files in one, records inside a cell, lines that are not rows. notices.go
// collects what the user should know about the file. Package remote copies
// files from other places.
//
// The bytes of a record stay as they are in the file ([Record.Raw]), so that
// rejects can be repaired and read again. What is wrong with one record is its
// Fault; an error of Next means that the rest of the input cannot be read.
// Memory does not grow with the file or with the length of a record.
package source
