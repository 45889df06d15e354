package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/moby/sys/atomicwriter"
)

// ownKeys are the keys that tug's file has and Docker's has not. Docker's library, which writes the file,
// would leave them out.
func ownKeys() []string { return []string{"autostart"} }

// keepingOwnKeys lets change write tug's file, and puts back what it left out.
func (c *Config) keepingOwnKeys(change func() error) error {
	path := c.own.Filename
	before, err := readKeys(path)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := readKeys(path)
	if err != nil {
		return err
	}
	lost := false
	for _, key := range ownKeys() {
		if value, had := before[key]; had && after[key] == nil {
			after[key], lost = value, true
		}
	}
	if !lost {
		return nil
	}
	data, err := json.MarshalIndent(after, "", "\t")
	if err != nil {
		return err
	}
	return atomicwriter.WriteFile(path, data, 0o600)
}

// readKeys reads a file's keys; none if it does not exist.
func readKeys(path string) (map[string]json.RawMessage, error) {
	keys := make(map[string]json.RawMessage)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || len(data) == 0 && err == nil {
		return keys, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}
