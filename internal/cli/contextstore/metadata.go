package contextstore

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/docker/cli/cli/context/store"
)

// Metadata is what a context says of itself, in the form that Docker gives it.
type Metadata struct {
	Description string
	Others      map[string]any // what else the file has, which is kept
}

// MarshalJSON implements json.Marshaler.
func (m Metadata) MarshalJSON() ([]byte, error) {
	all := maps.Clone(m.Others)
	if all == nil {
		all = map[string]any{}
	}
	if m.Description != "" {
		all["Description"] = m.Description
	}
	return json.Marshal(all)
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Metadata) UnmarshalJSON(data []byte) error {
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	const key = "Description"
	if described, has := all[key]; has {
		text, ok := described.(string)
		if !ok {
			return fmt.Errorf("the description of a context is a string, not %v", described)
		}
		m.Description = text
		delete(all, key)
	}
	m.Others = nil
	if len(all) > 0 {
		m.Others = all
	}
	return nil
}

// Describe gives what a context says of itself; of the default one, what it is.
func Describe(context store.Metadata) (Metadata, error) {
	if context.Metadata == nil {
		return Metadata{}, nil
	}
	m, ok := context.Metadata.(Metadata)
	if !ok {
		return Metadata{}, fmt.Errorf("context %q: its metadata is not a context's", context.Name)
	}
	if context.Name == DefaultName {
		m.Description = "Current DOCKER_HOST based configuration"
	}
	return m, nil
}
