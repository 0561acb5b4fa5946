// Package help holds the topics that ship with the program, as in "relink help
// nightly", and renders them for a terminal. Each is a Markdown file, so that
// it can also be read next to the source.
//
// Render supports only as much Markdown as the topics need: headings,
// paragraphs, lists, tables, fenced code blocks, and inline `code`, **bold**
// and [links](target). A Markdown library would add between 0.7 and 4 MiB to
// the program for these few pages. The tests of this package refuse a topic
// that uses anything else.
package help
