// Package guard judges a whole plan before the first write: how many rows may
// be rejected, how many links may change, how few rows are too few. A Refusal
// describes what exceeded its limit and what to do.
package guard
