// Package explain describes each code that a row can end with: what it means, why
// it happens, what to do, and whether the same row may go through later.
package explain
