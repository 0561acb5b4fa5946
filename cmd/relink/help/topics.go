package help

import (
	"embed"
	"strings"
)

//go:embed *.md
var pages embed.FS

// names are the topics in the order in which they are listed: what a newcomer
// needs comes first.
var names = []string{
	"file", "database", "permissions", "report", "nightly", "migration", "operations", "changes",
	"troubleshooting", "http", "speed", "security", "why-not-psql",
}

// A Topic is one page of help.
type Topic struct {
	// Name is the argument of "relink help".
	Name string
	// Title is the page's heading.
	Title string
	// Markdown is the source of the page.
	Markdown string
}

// Names returns the names of all topics, in the order in which they are listed.
func Names() []string { return append([]string(nil), names...) }

// Topics returns all topics in that order.
func Topics() []Topic {
	topics := make([]Topic, 0, len(names))
	for _, name := range names {
		if t, ok := Find(name); ok {
			topics = append(topics, t)
		}
	}
	return topics
}

// Find returns the topic with the given name, and false when there is none.
func Find(name string) (Topic, bool) {
	text, err := pages.ReadFile(name + ".md")
	if err != nil {
		return Topic{}, false
	}
	title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
	return Topic{Name: name, Title: title, Markdown: string(text)}, true
}
