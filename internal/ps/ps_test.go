package ps

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"

	"tug/internal/proc"
)

// now is the time of the machine on which the processes are, which was started four days before.
var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func host() *Host {
	name := func(names map[uint32]string) func(uint32) string {
		return func(id uint32) string {
			if n, ok := names[id]; ok {
				return n
			}
			return fmt.Sprint(id)
		}
	}
	return &Host{
		Now: now, Up: 96 * time.Hour, MemTotal: 1 << 30, User: name(map[uint32]string{0: "root", 101: "systemd-network"}), Group: name(map[uint32]string{0: "root"}),
		ID: func(id uint32) uint32 {
			if id >= 3000000 {
				return id - 3000000
			}
			return id
		},
	}
}

// family is a first process, started yesterday, with a child of another user, a grandchild that nobody has waited for, and an exec.
func family() []*proc.Process {
	common := proc.Process{State: 'S', Nice: 0, Priority: 20, Threads: 1, Session: 100, Group: 100, Foreground: -1, VirtualSize: 8192 << 10, Resident: 1024 << 10}
	first, worker, dead, exec := common, common, common, common
	first.Pid, first.Tid, first.Comm, first.Command, first.Parent, first.Started = 100, 100, "nginx", []string{"nginx: master", "-g", "daemon off;"}, 50, 72*time.Hour
	first.User, first.Threads, first.Locked = 25*time.Hour+61*time.Second, 3, 4
	first.UIDs, first.GIDs = [4]uint32{3000000, 3000000, 3000000, 3000000}, [4]uint32{3000000, 3000000}
	worker.Pid, worker.Tid, worker.Comm, worker.Command, worker.Parent, worker.Started = 101, 101, "nginx", []string{"nginx:\x1b[31m worker"}, 100, 95*time.Hour
	worker.UIDs, worker.Nice, worker.Terminal, worker.Foreground = [4]uint32{3000101, 3000101, 3000101, 3000101}, 5, 136<<8|3, 100
	dead.Pid, dead.Tid, dead.Comm, dead.State, dead.Parent, dead.Started, dead.Nice = 102, 102, "sh (x) y", 'Z', 101, 95*time.Hour+30*time.Minute, -3
	exec.Pid, exec.Tid, exec.Comm, exec.Command, exec.Parent, exec.Started = 103, 103, "sleep", []string{"sleep", "9"}, 50, 96*time.Hour-time.Second
	return []*proc.Process{&first, &worker, &dead, &exec}
}

// shownBy renders the family as a person would see it, a line for each process with its cells between bars.
func shownBy(t *testing.T, arguments string) string {
	t.Helper()
	f, err := Parse(strings.Fields(arguments))
	if err != nil {
		t.Fatalf("ps %s: %v", arguments, err)
	}
	titles, rows := f.Render(family(), host())
	lines := []string{strings.Join(titles, "|")}
	for _, r := range rows {
		lines = append(lines, strings.Join(r, "|"))
	}
	return strings.Join(lines, "\n")
}

func TestRender(t *testing.T) {
	for arguments, want := range map[string]string{
		"": `UID|PID|PPID|C|STIME|TTY|TIME|CMD
root|100|50|104|Nov24|?|1-01:01:01|nginx: master -g daemon off;
systemd+|101|100|0|11:00|pts/3|00:00:00|nginx:?[31m worker
root|102|101|0|11:30|?|00:00:00|[sh (x) y] <defunct>
root|103|50|0|11:59|?|00:00:00|sleep 9`,
		"aux": `USER|PID|%CPU|%MEM|VSZ|RSS|TTY|STAT|START|TIME|COMMAND
root|100|104.2|0.1|8192|1024|?|SLsl|Nov24|1501:01|nginx: master -g daemon off;
systemd+|101|0.0|0.1|8192|1024|pts/3|SN+|11:00|0:00|nginx:?[31m worker
root|102|0.0|0.1|8192|1024|?|Z<|11:30|0:00|[sh (x) y] <defunct>
root|103|0.0|0.1|8192|1024|?|S|11:59|0:00|sleep 9`,
		"-eo pid,user:20,comm=NAME --sort=-pid": `PID|USER|NAME
103|root|sleep
102|root|sh (x) y <defunct>
101|systemd-network|nginx
100|root|nginx`,
		"axo etime,etimes,pid,lstart,start,bsdstart --sort comm,-etimes": `ELAPSED|ELAPSED|PID|STARTED|STARTED|START
1-00:00:00|86400|100|Tue Nov 24 12:00:00 2026|Nov 24|Nov 24
01:00:00|3600|101|Wed Nov 25 11:00:00 2026|11:00:00|11:00
30:00|1800|102|Wed Nov 25 11:30:00 2026|11:30:00|11:30
00:01|1|103|Wed Nov 25 11:59:59 2026|11:59:59|11:59`,
		"f -o pid,args": `PID|COMMAND
100| \_ nginx: master -g daemon off;
101| |   \_ nginx:?[31m worker
102| |       \_ [sh (x) y] <defunct>
103| \_ sleep 9`,
		"-H": `PID|TTY|TIME|CMD
100|?|1-01:01:01|  nginx
101|pts/3|00:00:00|    nginx
102|?|00:00:00|      sh (x) y <defunct>
103|?|00:00:00|  sleep`,
		"xc": "PID|TTY|STAT|TIME|COMMAND\n100|?|SLsl|1501:01|nginx\n101|pts/3|SN+|0:00|nginx\n102|?|Z<|0:00|sh (x) y <defunct>\n103|?|S|0:00|sleep",
		"-O ni": "PID|NI|S|TTY|TIME|COMMAND\n100|0|S|?|1-01:01:01|nginx: master -g daemon off;\n101|5|S|pts/3|00:00:00|nginx:?[31m worker\n" +
			"102|-3|Z|?|00:00:00|[sh (x) y] <defunct>\n103|0|S|?|00:00:00|sleep 9",
	} {
		if d := cmp.Diff(want, shownBy(t, arguments)); d != "" {
			t.Errorf("ps %s: %s", arguments, d)
		}
	}
}

func TestTitlesOfLayouts(t *testing.T) {
	for arguments, want := range map[string]string{
		"-aux":               "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND",
		"-e":                 "PID TTY TIME CMD",
		"-F":                 "UID PID PPID C SZ RSS PSR STIME TTY TIME CMD",
		"-efl":               "F S UID PID PPID C PRI NI ADDR SZ WCHAN STIME TTY TIME CMD",
		"-ely":               "S UID PID PPID C PRI NI RSS SZ WCHAN TTY TIME CMD",
		"j":                  "PPID PID PGID SID TTY TPGID STAT UID TIME COMMAND",
		"-eLf":               "UID PID PPID LWP C NLWP STIME TTY TIME CMD",
		"-eT":                "PID SPID TTY TIME CMD",
		"-eZ":                "LABEL PID TTY TIME CMD",
		"l":                  "F UID PID PPID PRI NI VSZ RSS WCHAN STAT TTY TIME COMMAND",
		"-o pid -o ppid,cmd": "PID PPID CMD",
		"-opid,cmd":          "PID CMD",
		"--format pid,cmd":   "PID CMD",
		"-ww -ef":            "UID PID PPID C STIME TTY TIME CMD",
	} {
		got, _, _ := strings.Cut(shownBy(t, arguments), "\n")
		if got != strings.ReplaceAll(want, " ", "|") {
			t.Errorf("ps %s: %s", arguments, got)
		}
	}
}

func TestRefusedArguments(t *testing.T) {
	for arguments, want := range map[string]string{
		"-o pid,foo":      `unknown user-defined format specifier "foo"`,
		"-o cmd":          "Couldn't find PID field",
		"-o pid=P":        "Couldn't find PID field",
		"-o":              "must follow -o",
		"-Q":              "unsupported SysV option",
		"auxJ":            "unsupported option (BSD syntax)",
		"-p 1":            "would choose among them",
		"--user root":     "would choose among them",
		"aux --nonsense":  "unknown gnu long option",
		"aux --no-header": "",
		"-f -o pid":       "conflicting format options",
		"ul":              "conflicting format options",
		"--sort nothing":  "unknown sort specifier",
		"-o pid:x":        "invalid width",
		"auxe":            "environment",
	} {
		_, err := Parse(strings.Fields(arguments))
		if !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("ps %s: %v", arguments, err)
		}
	}
}

func TestAProcessThatIsItsOwnAncestorEndsTheForest(t *testing.T) {
	f, err := Parse([]string{"axf"})
	if err != nil {
		t.Fatal(err)
	}
	a, b := &proc.Process{Pid: 1, Parent: 2, State: 'S'}, &proc.Process{Pid: 2, Parent: 1, State: 'S'}
	f.Render([]*proc.Process{a, b, {Pid: 3, Parent: 3, State: 'S'}}, host())
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"-ef", "aux", "-o pid,cmd=A B", "--sort=-rss,+pid axf", "-O ni -H", "o:", "-o =pid", "-eLf"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, arguments string) {
		if format, err := Parse(strings.Fields(arguments)); err == nil {
			format.Render(family(), host())
		}
	})
}
