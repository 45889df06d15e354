package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Children gives the names of the groups below a parent, of any hierarchy, each once. A parent that is not there has none. The group into
// which the daemon moved itself aside is not among them: whoever sweeps what he does not know would end the daemon.
func (h *Host) Children(parent string) ([]string, error) {
	var names []string
	for _, hy := range h.everywhere() {
		entries, err := os.ReadDir(filepath.Join(hy.dir, parentPath(parent)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the groups below %s: %w", parent, err)
		}
		for _, e := range entries {
			if e.IsDir() && e.Name() != aside && !slices.Contains(names, e.Name()) {
				names = append(names, e.Name())
			}
		}
	}
	return names, nil
}
