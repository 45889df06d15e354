package cgroup

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
)

// CheckCpuset finds processors and memory nodes that are no list ("0-2,4") or that this host does not have. Empty lists are
// none to check. Errors: InvalidArgument.
func (h *Host) CheckCpuset(cpus, mems string) error {
	in, ok := h.holder("cpuset")
	for _, c := range []struct{ asked, file, flag, what string }{
		{cpus, "cpuset.cpus", "cpus", "CPUs"}, {mems, "cpuset.mems", "mems", "memory nodes"},
	} {
		if c.asked == "" {
			continue
		}
		asked, err := parseList(c.asked)
		if err != nil {
			return fmt.Errorf("Invalid value %s for cpuset %s: %w: %w", c.asked, c.flag, err, errdefs.ErrInvalidArgument) //nolint:staticcheck // Docker's words
		}
		if !ok {
			continue // to set them will fail, and say why
		}
		file := c.file
		if h.V2 {
			file += ".effective"
		}
		text, err := os.ReadFile(filepath.Join(in.dir, file))
		if err != nil {
			continue
		}
		there, err := parseList(string(text))
		if err != nil {
			return err
		}
		if slices.ContainsFunc(asked, func(n int) bool { return !slices.Contains(there, n) }) {
			return fmt.Errorf("Requested %s are not available - requested %s, available: %s: %w", c.what, c.asked, bytes.TrimSpace(text), errdefs.ErrInvalidArgument) //nolint:staticcheck // Docker's words
		}
	}
	return nil
}

// parseList reads a list as the kernel writes it: "0-2,4". An empty one has nothing.
func parseList(text string) ([]int, error) {
	const most = 8192 // processors that Linux can be built for
	var list []int
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		if part == "" {
			continue
		}
		first, last, ranged := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && ranged {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from < 0 || to < from || to >= most {
			return nil, fmt.Errorf("invalid format: %s", part)
		}
		for n := from; n <= to; n++ {
			list = append(list, n)
		}
	}
	return list, nil
}
