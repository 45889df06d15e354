package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/idmap"
	"tug/internal/passwd"
	"tug/internal/proc"
	"tug/internal/ps"
)

// Top lists the container's processes as the host's ps shows them with these arguments: by the host's process numbers, and by the host's names
// of the users that they are in the container. Neither the host nor the image needs a ps.
// Errors: NotFound, Conflict (not running), InvalidArgument.
func (e *Engine) Top(_ context.Context, ref, psArgs string) (titles []string, rows [][]string, err error) {
	format, err := ps.Parse(strings.Fields(psArgs))
	if err != nil {
		return nil, nil, err
	}
	r, err := e.containers.Get(ref)
	if err != nil {
		return nil, nil, err
	}
	if r.State.Status == container.Restarting {
		return nil, nil, fmt.Errorf("Container %s is restarting, wait until the container is running: %w", r.ID, errConflict) //nolint:staticcheck // Docker's words
	}
	run, ok := e.run(r.ID)
	if !ok || !alive(r) {
		return nil, nil, fmt.Errorf("container %s is not running: %w", r.ID, errConflict)
	}
	processes, err := processesOf(run, format.Threads())
	if err != nil {
		return nil, nil, err
	}
	host, err := e.psHost(run.idBase)
	if err != nil {
		return nil, nil, err
	}
	titles, rows = format.Render(processes, host)
	e.publish(r, events.Top)
	return titles, rows, nil
}

// processesOf looks at the processes of a container, or at their threads. Those that end meanwhile are left out.
func processesOf(run *run, threads bool) ([]*proc.Process, error) {
	pids, err := run.group.Pids()
	if err != nil {
		return nil, err
	}
	var list []*proc.Process
	for _, pid := range pids {
		if threads {
			if all, err := proc.ReadThreads(pid); err == nil {
				list = append(list, all...)
			}
			continue
		}
		if p, err := proc.Read(pid); err == nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// psHost tells of this machine, and how ids of a user namespace that begins at idBase are shown: as they are in it.
func (e *Engine) psHost(idBase uint32) (*ps.Host, error) {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return nil, fmt.Errorf("time since the machine's start: %w", err)
	}
	users, err := namesIn("/etc/passwd", passwd.UserNames)
	if err != nil {
		return nil, err
	}
	groups, err := namesIn("/etc/group", passwd.GroupNames)
	if err != nil {
		return nil, err
	}
	return &ps.Host{
		Now: time.Now(), Up: time.Duration(up.Nano()), MemTotal: e.meter.memTotal, User: named(users), Group: named(groups),
		ID: func(id uint32) uint32 {
			if idBase != 0 && id >= idBase && id-idBase < idmap.Size {
				return id - idBase
			}
			return id
		},
	}, nil
}

func namesIn(file string, read func(io.Reader) (map[uint32]string, error)) (map[uint32]string, error) {
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		return nil, nil // a host without names
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f)
}

func named(names map[uint32]string) func(uint32) string {
	return func(id uint32) string {
		if name, ok := names[id]; ok {
			return name
		}
		return strconv.FormatUint(uint64(id), 10)
	}
}
