// Package text puts numbers, values and lists into messages. Messages from all
// packages read alike because they are made here.
package text
