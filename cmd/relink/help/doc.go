// Package help holds the topics that ship with the program, as in "relink help
// nightly": one Markdown file each, so that they can also be read where the
// source is, and what renders them for a terminal.
//
// Render knows only as much of Markdown as the topics need: headings,
// paragraphs, lists, tables, fenced code blocks, and in the text `code`,
// **bold** and [links](target). A Markdown library would add between 0.7 and
// 4 MiB to the program for the same thirteen pages. The tests of this package
// refuse a topic that uses anything else.
package help
