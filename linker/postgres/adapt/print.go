package adapt

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"relink/linker/text"
)

// Print writes what was found, a line for each table and column.
func (p *Plan) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(cells ...string) {
		for i := range cells {
			cells[i] = text.Printable(cells[i])
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	line("RELINK", "PLATFORM", "SURE", "WHY")
	for _, x := range p.parts {
		line(x.role, x.table.Schema+"."+x.table.Name, string(x.confidence), x.why)
		for _, f := range x.columns {
			switch {
			case f.column != nil:
				name := f.column.Name
				if f.through != nil {
					name = f.through.Name + "." + name
				}
				line("  "+f.name, name+" "+f.column.Type, string(f.confidence), f.why)
			case f.missing != "":
				line("  "+f.name, "?", "", fmt.Sprintf("needed: --column %s.%s=COLUMN", x.role, f.name))
			default:
				line("  "+f.name, "-", "", fmt.Sprintf("none found; else --column %s.%s=COLUMN", x.role, f.name))
			}
		}
	}
	line("current link", p.current, "", p.whyNow)
	for _, words := range [][]word{p.dataTypes, p.triggers} {
		for _, word := range words {
			switch {
			case word.leftAs:
				line("word "+word.text, "-", string(Given), "--word")
			case word.own == "":
				line("word "+word.text, "?", "", fmt.Sprintf("not known; --word '%s=WORD' says which of relink's it is, - for none", word.text))
			case word.own != word.text:
				line("word "+word.text, word.own, "", "")
			}
		}
	}
	return t.Flush()
}
