package session

import (
	"strings"

	"github.com/moby/moby/client"
)

// PruneFilters adds the configured filters of prunes to those given. A configured label that contradicts a
// given one ("label=x" and "label!=x") gives way.
func (s *Session) PruneFilters(given client.Filters) (client.Filters, error) {
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	filters := given.Clone()
	opposite := map[string]string{"label": "label!", "label!": "label"}
	for _, filter := range cfg.PruneFilters() {
		key, value, ok := strings.Cut(filter, "=")
		if !ok || filters[opposite[key]][value] {
			continue
		}
		filters.Add(key, value)
	}
	return filters, nil
}
