package fork

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

// IDs is how many user and group ids a user namespace has.
const IDs = 65536

// Namespaces makes a user namespace whose ids 0 to 65535 are the host's from idBase on (none if idBase is 0) and a
// network namespace owned by it, with its loopback device up (none if network is false), and gives descriptors of them
// (0: none). The helper process that made them ends as a child of the caller.
func Namespaces(idBase uint32, network bool) (userNS, netNS int, err error) {
	if idBase == 0 && !network {
		return 0, 0, nil
	}
	err = whileHeld(plan.Namespaces(idBase != 0, network), 0, func(pid int) error {
		if idBase != 0 {
			if err := mapIDs(pid, idBase); err != nil {
				return err
			}
			if userNS, err = openNS(pid, "user"); err != nil {
				return err
			}
		}
		if network {
			netNS, err = openNS(pid, "net")
		}
		return err
	})
	if err != nil && userNS > 0 {
		unix.Close(userNS)
		userNS = 0
	}
	return userNS, netNS, err
}

// NetworkIn makes a network namespace with its loopback device up that belongs to the user namespace at the path, and
// gives a descriptor of it.
func NetworkIn(path string) (netNS int, err error) {
	user, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open the user namespace %s: %w", path, err)
	}
	defer unix.Close(user)
	err = whileHeld(plan.NetworkIn(), user, func(pid int) error {
		netNS, err = openNS(pid, "net")
		return err
	})
	return netNS, err
}

// whileHeld starts the plan of a process that holds namespaces, calls f with its pid and lets it go.
func whileHeld(p *plan.Plan, userNS int, f func(pid int) error) error {
	var hold [2]int
	if err := unix.Pipe2(hold[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer unix.Close(hold[1])
	defer unix.Close(hold[0])
	var regs Registers
	regs[plan.Stdin], regs[plan.Stdout], regs[plan.UserNS] = hold[0], hold[1], userNS
	s, err := Start(p, &regs)
	if err != nil {
		return fmt.Errorf("make namespaces: %w", err)
	}
	return f(s.Pid)
}

func mapIDs(pid int, base uint32) error {
	line := fmt.Appendf(nil, "0 %d %d", base, IDs)
	for _, f := range []string{"uid_map", "gid_map"} {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/%s", pid, f), line, 0); err != nil {
			return fmt.Errorf("map ids: %w", err)
		}
	}
	return nil
}

func openNS(pid int, kind string) (int, error) {
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, kind), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open the new %s namespace: %w", kind, err)
	}
	return fd, nil
}
