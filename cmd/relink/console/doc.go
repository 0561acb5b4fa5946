// Package console is the terminal, or the pipe or log in its place: what is
// printed on stdout, notices and errors on stderr, the progress line of a run,
// and the signals that end it. Only commands and their runner use it; nothing
// below cmd prints.
package console
