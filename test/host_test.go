package test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// snapshot is what a container engine could leave on a host, a word or two on each thing.
type snapshot map[string]bool

// ownFolder is how the names of this run's folders begin: another run may be under way on the machine.
func ownFolder() string { return "tugtest-" + selfPid() + "-" }

// takeSnapshot looks for all that the engine makes outside of its own folders. Other engines may be at work on the machine:
// only what bears the name of this test's daemons or lies in their folders counts, where names can tell.
func takeSnapshot() snapshot {
	s := snapshot{}
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, ownFolder()) {
			s["mount "+strings.TrimSpace(line)] = true
		}
	}
	links, _ := net.Interfaces()
	for _, l := range links {
		if strings.HasPrefix(l.Name, ownPrefix()) {
			s["link "+l.Name] = true
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/" + ownPrefix() + "*", "/sys/fs/cgroup/*/" + ownPrefix() + "*"} {
		groups, _ := filepath.Glob(pattern)
		for _, g := range groups {
			s["cgroup "+g] = true
		}
	}
	s.addProcesses()
	return s
}

// addProcesses adds every process whose program, arguments or root lies in the folders of the test's daemons.
func (s snapshot) addProcesses() {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if dir == "/proc/self" || filepath.Base(dir) == selfPid() {
			continue
		}
		exe, _ := os.Readlink(filepath.Join(dir, "exe"))
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		groups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		ours := strings.Contains(exe, ownFolder()) || strings.Contains(string(args), ownFolder()) || strings.Contains(string(groups), "/"+ownPrefix())
		if ours {
			s["process "+filepath.Base(dir)+" "+exe+" "+strings.ReplaceAll(string(args), "\x00", " ")] = true
		}
	}
}

// without tells what is in s but not in before.
func (s snapshot) without(before snapshot) []string {
	var more []string
	for k := range s {
		if !before[k] {
			more = append(more, k)
		}
	}
	slices.Sort(more)
	return more
}

// settled gives what is still there that was not before, when what takes its time to end has had it.
func settled(before snapshot) (left []string) {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if left = takeSnapshot().without(before); len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}
