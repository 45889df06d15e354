package container

import (
	"iter"
	"slices"
	"strings"
)

// links gives the aliases of a container's links, each with the ID of the container that it stands for.
func (r *Record) links() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, text := range r.Host.Links { // as the engine has settled them
			if id, alias, ok := strings.Cut(text, ":"); ok && !yield(alias, id) {
				return
			}
		}
	}
}

// LinkNames gives, by their IDs, the further names that containers of a list have by the links of others, as in "web/db", in order.
func LinkNames(list []*Record) map[string][]string {
	names := map[string][]string{}
	for _, r := range list {
		for alias, id := range r.links() {
			names[id] = append(names[id], r.Name+"/"+alias)
		}
	}
	for _, n := range names {
		slices.Sort(n)
	}
	return names
}

// linked finds a container by a name like "web/db": what the container web links to as db.
func (s *Store) linked(name string) (*entry, bool) {
	parent, want, ok := strings.Cut(name, "/")
	if !ok {
		return nil, false
	}
	if p, ok := s.byID[s.names[parent]]; ok {
		for alias, id := range p.record.links() {
			if alias == want {
				e, ok := s.byID[id]
				return e, ok
			}
		}
	}
	return nil, false
}
