package nft

import (
	"fmt"
	"strings"
)

// text writes the program as nft would take it.
func (p program) text(table string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "table inet %s {\n", table)
	for _, s := range p.sets {
		s.write(&b)
	}
	for _, c := range p.chains {
		fmt.Fprintf(&b, "\tchain %s {\n", c.name)
		if c.words != "" {
			fmt.Fprintf(&b, "\t\t%s\n", c.words)
		}
		for _, r := range c.rules {
			fmt.Fprintf(&b, "\t\t%s\n", r)
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func (s set) write(b *strings.Builder) {
	kind, types := "set", s.key.Name
	if s.data.Name != "" {
		kind, types = "map", types+" : "+s.data.Name
	}
	fmt.Fprintf(b, "\t%s %s {\n\t\ttype %s\n", kind, s.name, types)
	if len(s.elements) > 0 {
		words := make([]string, len(s.elements))
		for i, e := range s.elements {
			words[i] = e.words
		}
		fmt.Fprintf(b, "\t\telements = { %s }\n", strings.Join(words, ",\n\t\t\t     "))
	}
	b.WriteString("\t}\n")
}
