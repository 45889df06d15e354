package proc

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Process is a process, or one of its threads, as /proc/PID/stat, status and cmdline show it.
type Process struct {
	Pid, Tid                           int // of the process, and of the thread (the same for a process)
	Comm                               string
	State                              byte // as ps shows it: R, S, D, Z, ...
	Parent, Group, Session, Foreground int
	Terminal                           uint64 // device number, 0 for none
	Flags                              uint64
	MinorFaults, MajorFaults           uint64
	User, System                       time.Duration // processor time
	Priority, Nice, Threads            int
	Started                            time.Duration // after the machine's start
	VirtualSize, Resident              uint64        // bytes
	CodeSize                           uint64        // bytes
	Processor, Policy, RTPriority      int
	UIDs, GIDs                         [4]uint32 // real, effective, saved, of the file system
	Locked                             uint64    // kilobytes of memory that are not swapped
	Pending, Blocked, Ignored, Caught  string    // signals, 16 hexadecimal digits
	Command                            []string  // arguments; none of a thread of the kernel or a process that has ended
}

// Read looks at a process. Errors: NotFound (it has ended).
func Read(pid int) (*Process, error) { return read(fmt.Sprintf("/proc/%d", pid), pid) }

// ReadThreads looks at all threads of a process. Errors: NotFound (it has ended).
func ReadThreads(pid int) ([]*Process, error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, gone(pid, err)
	}
	var list []*Process
	for _, e := range entries {
		p, err := read(dir+"/"+e.Name(), pid)
		if err != nil {
			continue // it has just ended
		}
		list = append(list, p)
	}
	return list, nil
}

func read(dir string, pid int) (*Process, error) {
	var text [3][]byte
	for i, name := range []string{"stat", "status", "cmdline"} {
		var err error
		if text[i], err = readSome(dir + "/" + name); err != nil {
			return nil, gone(pid, err)
		}
	}
	p := &Process{Pid: pid}
	if err := p.parseStat(string(text[0])); err != nil {
		return nil, fmt.Errorf("%s/stat: %w", dir, err)
	}
	p.parseStatus(string(text[1]))
	if command := bytes.TrimRight(text[2], "\x00"); len(command) > 0 {
		p.Command = strings.Split(string(command), "\x00")
	}
	return p, nil
}

// maxText bounds what is read of one file of a process, in bytes: a process can make its arguments as long as it likes, and
// those of thousands of processes are held at a time.
const maxText = 16 << 10

func readSome(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxText))
}

// parseStat reads the fields of stat, see proc_pid_stat(5). The name is in parentheses and may have any characters in it.
func (p *Process) parseStat(text string) error {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return fmt.Errorf("no name in %q", text)
	}
	fields := strings.Fields(text[end+1:])
	const first, last = 3, 41 // numbers of the fields that are read, as in the manual
	if len(fields) < last-first+1 {
		return fmt.Errorf("only %d fields", len(fields)+first-1)
	}
	number := func(n int) int {
		v, _ := strconv.Atoi(fields[n-first])
		return v
	}
	unsigned := func(n int) uint64 {
		v, _ := strconv.ParseUint(fields[n-first], 10, 64)
		return v
	}
	p.Tid, _ = strconv.Atoi(strings.TrimSpace(text[:open]))
	p.Comm, p.State = text[open+1:end], fields[0][0]
	p.Parent, p.Group, p.Session, p.Terminal, p.Foreground = number(4), number(5), number(6), uint64(uint32(number(7))), number(8)
	p.Flags, p.MinorFaults, p.MajorFaults = unsigned(9), unsigned(10), unsigned(12)
	p.User, p.System = time.Duration(unsigned(14))*UserTick, time.Duration(unsigned(15))*UserTick
	p.Priority, p.Nice, p.Threads = number(18), number(19), number(20)
	p.Started = time.Duration(unsigned(22)) * UserTick
	p.VirtualSize, p.Resident = unsigned(23), uint64(max(number(24), 0))*uint64(os.Getpagesize())
	if start, end := unsigned(26), unsigned(27); end > start {
		p.CodeSize = end - start
	}
	p.Processor, p.RTPriority, p.Policy = number(39), number(40), number(41)
	return nil
}

// parseStatus reads what only status tells.
func (p *Process) parseStatus(text string) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Uid":
			p.UIDs = fourIDs(value)
		case "Gid":
			p.GIDs = fourIDs(value)
		case "VmLck":
			p.Locked, _ = strconv.ParseUint(strings.TrimSuffix(value, " kB"), 10, 64)
		case "VmRSS": // the count in stat is behind
			n, _ := strconv.ParseUint(strings.TrimSuffix(value, " kB"), 10, 64)
			p.Resident = n << 10
		case "ShdPnd":
			p.Pending = value
		case "SigBlk":
			p.Blocked = value
		case "SigIgn":
			p.Ignored = value
		case "SigCgt":
			p.Caught = value
		}
	}
}

func fourIDs(text string) (ids [4]uint32) {
	for i, f := range strings.Fields(text) {
		if i < len(ids) {
			n, _ := strconv.ParseUint(f, 10, 32)
			ids[i] = uint32(n)
		}
	}
	return ids
}

// Attribute is what a further file of a process has in it, such as "wchan" or "attr/current", its lines joined by commas; "" if it has none.
func (p *Process) Attribute(name string) string {
	text, err := readSome(fmt.Sprintf("/proc/%d/%s", p.Pid, name))
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(strings.TrimRight(string(text), "\x00\n"), "\n", ",")
}

// Link is where a link of a process leads ("exe", "ns/net"); "" if that cannot be told.
func (p *Process) Link(name string) string {
	target, _ := os.Readlink(fmt.Sprintf("/proc/%d/%s", p.Pid, name))
	return target
}
