package ps

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"tug/internal/proc"
)

// Host is what is to be known of the machine to show its processes.
type Host struct {
	Now      time.Time
	Up       time.Duration // since the machine's start
	MemTotal uint64        // bytes
	// ID gives a user's or a group's id as it is to be shown, of the one that the host knows.
	ID func(uint32) uint32
	// User and Group give the names of ids, or the numbers of those that have none.
	User, Group func(uint32) string
}

// table is what is being rendered.
type table struct {
	*Format
	host *Host
}

// row is a line of it.
type row struct {
	*proc.Process
	table  *table
	width  int    // of the column, if one was asked for
	branch string // what stands before the command in a forest
}

// cut shortens a name that is wider than its column, and marks that it did. Numbers are not cut.
func (r *row) cut(name string) string {
	width := r.width
	if width == 0 {
		width = 8
	}
	if len(name) <= width || name[0] >= '0' && name[0] <= '9' {
		return name
	}
	return name[:width-1] + "+"
}

func (r *row) age() time.Duration { return max(r.table.host.Up-r.Started, 0) }

func (r *row) started() time.Time { return r.table.host.Now.Add(-r.age()) }

// busy is the share of one processor over the process's life, in percent.
func (r *row) busy() float64 {
	if r.age() < time.Second {
		return 0
	}
	return min(float64(r.User+r.System)/float64(r.age())*100, 999)
}

func (r *row) memoryShare() float64 {
	if r.table.host.MemTotal == 0 {
		return 0
	}
	return float64(r.Resident) / float64(r.table.host.MemTotal) * 100
}

// name is the name of the program, as the kernel has it.
func (r *row) name() string {
	return r.branch + printable(r.Comm) + r.defunct()
}

// command is the program with its arguments; of one without any, its name in brackets.
func (r *row) command() string {
	switch {
	case r.table.trueName:
		return r.name()
	case len(r.Command) == 0:
		return r.branch + "[" + printable(r.Comm) + "]" + r.defunct()
	}
	return r.branch + printable(strings.Join(r.Command, " "))
}

func (r *row) defunct() string {
	if r.State == 'Z' {
		return " <defunct>"
	}
	return ""
}

// printable has question marks for what would change a person's terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// status is the state with marks: < and N for a changed nice value, L for locked memory, s for the leader of a session, l for one with
// threads, + for one in the foreground of its terminal.
func status(r *row) string {
	s := string(r.State)
	for _, mark := range []struct {
		letter string
		set    bool
	}{
		{"<", r.Nice < 0},
		{"N", r.Nice > 0},
		{"L", r.Locked > 0},
		{"s", r.Session == r.Pid},
		{"l", r.Threads > 1},
		{"+", r.Foreground > 0 && r.Foreground == r.Group},
	} {
		if mark.set {
			s += mark.letter
		}
	}
	return s
}

// waitsIn is the function of the kernel in which the process waits.
func waitsIn(r *row) string {
	width := r.width
	if width == 0 {
		width = 6
	}
	function := r.Attribute("wchan")
	if function == "" || function == "0" {
		return "-"
	}
	return function[:min(width, len(function))]
}

// terminal is the name of a terminal's device; "?" of none.
func terminal(device uint64) string {
	major, minor := unix.Major(device), unix.Minor(device)
	switch {
	case device == 0:
		return "?"
	case major >= 136 && major <= 143:
		return fmt.Sprintf("pts/%d", (major-136)*256+minor)
	case major == 4 && minor < 64:
		return fmt.Sprintf("tty%d", minor)
	case major == 4:
		return fmt.Sprintf("ttyS%d", minor-64)
	case major == 5 && minor == 1:
		return "console"
	}
	return "?"
}

func realTime(r *row) string {
	if r.Policy == unix.SCHED_FIFO || r.Policy == unix.SCHED_RR {
		return strconv.Itoa(r.RTPriority)
	}
	return "-"
}

func schedulingClass(r *row) string {
	names := map[int]string{
		unix.SCHED_NORMAL: "TS", unix.SCHED_FIFO: "FF", unix.SCHED_RR: "RR", unix.SCHED_BATCH: "B", unix.SCHED_IDLE: "IDL", unix.SCHED_DEADLINE: "DLN",
	}
	if name, ok := names[r.Policy]; ok {
		return name
	}
	return "?"
}
