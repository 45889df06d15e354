package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// Pids lists the processes in the group and in those below it, in rising order. A group that is not there has none.
func (g *Group) Pids() ([]int, error) {
	pids, err := pidsBelow(g.mainDir())
	if err != nil {
		return nil, fmt.Errorf("processes of cgroup %s: %w", g.path, err)
	}
	slices.Sort(pids)
	return slices.Compact(pids), nil
}

// mainDir is the directory that speaks for the group where its hierarchies differ: the one that can be frozen.
func (g *Group) mainDir() string {
	if dir := g.dir("freezer"); dir != "" {
		return dir
	}
	return g.dirIn(g.host.hierarchies[0])
}

// pidsBelow lists the processes of a directory and those below it. Groups come and go meanwhile.
func pidsBelow(dir string) ([]int, error) {
	pids, err := pidsIn(dir)
	if err != nil {
		if gone(err) {
			return nil, nil
		}
		return nil, err
	}
	children, err := os.ReadDir(dir)
	if err != nil && !gone(err) {
		return nil, err
	}
	for _, child := range children {
		if !child.IsDir() {
			continue
		}
		more, err := pidsBelow(filepath.Join(dir, child.Name()))
		if err != nil {
			return nil, err
		}
		pids = append(pids, more...)
	}
	return pids, nil
}

func pidsIn(dir string) ([]int, error) {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if errors.Is(err, unix.EOPNOTSUPP) { // a threaded group: its processes are listed above it
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var pids []int
	for line := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(line)
		if err != nil {
			return nil, fmt.Errorf("%s/cgroup.procs: %w", dir, err)
		}
		if pid > 0 { // 0 is a process of another pid namespace
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// gone says whether an error means that a group was removed.
func gone(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENODEV)
}

// notFound gives an error about a removed group its class.
func (g *Group) notFound(err error) error {
	if gone(err) {
		return fmt.Errorf("no cgroup %s: %w", g.path, errdefs.ErrNotFound)
	}
	return err
}
