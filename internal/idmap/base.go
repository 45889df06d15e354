package idmap

import (
	"fmt"
	"os"
)

// BaseOf gives the id on the host of root in a process's user namespace: 0 for the host's own. Errors: the process has
// ended, or its namespace has no root.
func BaseOf(pid int) (uint32, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/uid_map", pid))
	if err != nil {
		return 0, fmt.Errorf("find the user namespace of process %d: %w", pid, err)
	}
	defer file.Close()
	var inside, outside uint32
	if _, err := fmt.Fscan(file, &inside, &outside); err != nil || inside != 0 {
		return 0, fmt.Errorf("the user namespace of process %d maps no root", pid)
	}
	return outside, nil
}
