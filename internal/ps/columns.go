package ps

import (
	"cmp"
	"os"
	"strconv"
	"strings"

	"tug/internal/proc"
)

// column is a specifier of -o: its usual title, and what stands in it.
type column struct {
	title string
	value func(*row) string
}

// columns are the specifiers, by all of their names.
var columns = expand(map[string]column{
	"pid tgid":         {"PID", number(func(p *proc.Process) int { return p.Pid })},
	"ppid":             {"PPID", number(func(p *proc.Process) int { return p.Parent })},
	"lwp tid":          {"LWP", number(func(p *proc.Process) int { return p.Tid })},
	"spid":             {"SPID", number(func(p *proc.Process) int { return p.Tid })},
	"nlwp thcount":     {"NLWP", number(func(p *proc.Process) int { return p.Threads })},
	"pgid pgrp":        {"PGID", number(func(p *proc.Process) int { return p.Group })},
	"sid":              {"SID", number(func(p *proc.Process) int { return p.Session })},
	"sess session":     {"SESS", number(func(p *proc.Process) int { return p.Session })},
	"tpgid":            {"TPGID", number(func(p *proc.Process) int { return p.Foreground })},
	"ni nice":          {"NI", number(func(p *proc.Process) int { return p.Nice })},
	"priority":         {"PRI", number(func(p *proc.Process) int { return p.Priority })},
	"opri intpri":      {"PRI", number(func(p *proc.Process) int { return 60 + p.Priority })},
	"pri":              {"PRI", number(func(p *proc.Process) int { return 39 - p.Priority })},
	"psr cpuid sgi_p":  {"PSR", number(func(p *proc.Process) int { return p.Processor })},
	"policy pol sched": {"SCH", number(func(p *proc.Process) int { return p.Policy })},
	"f flag flags":     {"F", func(r *row) string { return strconv.FormatUint(r.Flags>>6&7, 8) }},
	"rtprio":           {"RTPRIO", realTime},
	"cls class":        {"CLS", schedulingClass},
	"addr":             {"ADDR", func(*row) string { return "-" }},

	"user uname euser": {"USER", user(1)},
	"ruser":            {"RUSER", user(0)},
	"suser svuser":     {"SUSER", user(2)},
	"fuser fsuser":     {"FUSER", user(3)},
	"uid euid":         {"UID", uid(1)},
	"ruid":             {"RUID", uid(0)},
	"suid svuid":       {"SUID", uid(2)},
	"fuid fsuid":       {"FUID", uid(3)},
	"group egroup":     {"GROUP", group(1)},
	"rgroup":           {"RGROUP", group(0)},
	"sgroup svgroup":   {"SGROUP", group(2)},
	"fgroup fsgroup":   {"FGROUP", group(3)},
	"gid egid":         {"GID", gid(1)},
	"rgid":             {"RGID", gid(0)},
	"sgid svgid":       {"SGID", gid(2)},
	"fgid fsgid":       {"FGID", gid(3)},

	"c":              {"C", func(r *row) string { return strconv.Itoa(int(r.busy())) }},
	"pcpu %cpu cpu":  {"%CPU", func(r *row) string { return strconv.FormatFloat(r.busy(), 'f', 1, 64) }},
	"pmem %mem":      {"%MEM", func(r *row) string { return strconv.FormatFloat(r.memoryShare(), 'f', 1, 64) }},
	"rss rssize rsz": {"RSS", kilobytes(func(p *proc.Process) uint64 { return p.Resident })},
	"vsz vsize":      {"VSZ", kilobytes(func(p *proc.Process) uint64 { return p.VirtualSize })},
	"trs tsiz":       {"TRS", kilobytes(func(p *proc.Process) uint64 { return p.CodeSize })},
	"drs dsiz":       {"DRS", kilobytes(func(p *proc.Process) uint64 { return p.VirtualSize - min(p.CodeSize, p.VirtualSize) })},
	"sz":             {"SZ", func(r *row) string { return strconv.FormatUint(r.VirtualSize/uint64(os.Getpagesize()), 10) }},
	"min_flt minflt": {"MINFL", func(r *row) string { return strconv.FormatUint(r.MinorFaults, 10) }},
	"maj_flt majflt": {"MAJFL", func(r *row) string { return strconv.FormatUint(r.MajorFaults, 10) }},

	"s state":                      {"S", func(r *row) string { return string(r.State) }},
	"stat":                         {"STAT", status},
	"wchan":                        {"WCHAN", waitsIn},
	"tname":                        {"TTY", func(r *row) string { return terminal(r.Terminal) }},
	"tty tt":                       {"TT", func(r *row) string { return terminal(r.Terminal) }},
	"time cputime":                 {"TIME", func(r *row) string { return clock(r.User+r.System, true) }},
	"cputimes":                     {"TIME", func(r *row) string { return strconv.Itoa(int((r.User + r.System).Seconds())) }},
	"bsdtime":                      {"TIME", minutes},
	"etime":                        {"ELAPSED", func(r *row) string { return clock(r.age(), false) }},
	"etimes":                       {"ELAPSED", func(r *row) string { return strconv.Itoa(int(r.age().Seconds())) }},
	"start":                        {"STARTED", startWithinADay},
	"lstart":                       {"STARTED", func(r *row) string { return r.started().Format("Mon Jan _2 15:04:05 2006") }},
	"bsdstart":                     {"START", bsdStart},
	"start_time":                   {"START", startOfDay},
	"stime":                        {"STIME", startOfDay},
	"pending sig sig_pend":         {"PENDING", func(r *row) string { return r.Pending }},
	"blocked sig_block sigmask":    {"BLOCKED", func(r *row) string { return r.Blocked }},
	"ignored sig_ignore sigignore": {"IGNORED", func(r *row) string { return r.Ignored }},
	"caught sig_catch sigcatch":    {"CAUGHT", func(r *row) string { return r.Caught }},
	"cmd":                          {"CMD", (*row).command},
	"args command":                 {"COMMAND", (*row).command},
	"comm ucomm fname":             {"COMMAND", (*row).name},
	"ucmd":                         {"CMD", (*row).name},
	"exe":                          {"EXE", func(r *row) string { return cmp.Or(r.Link("exe"), "-") }},
	"cgroup":                       {"CGROUP", func(r *row) string { return cmp.Or(r.Attribute("cgroup"), "-") }},
	"label context":                {"LABEL", func(r *row) string { return cmp.Or(r.Attribute("attr/current"), "-") }},
	"oom":                          {"OOM", func(r *row) string { return cmp.Or(r.Attribute("oom_score"), "-") }},
	"oomadj":                       {"OOMADJ", func(r *row) string { return cmp.Or(r.Attribute("oom_score_adj"), "-") }},
	"cgroupns":                     {"CGROUPNS", namespace("cgroup")},
	"ipcns":                        {"IPCNS", namespace("ipc")},
	"mntns":                        {"MNTNS", namespace("mnt")},
	"netns":                        {"NETNS", namespace("net")},
	"pidns":                        {"PIDNS", namespace("pid")},
	"userns":                       {"USERNS", namespace("user")},
	"utsns":                        {"UTSNS", namespace("uts")},
})

// expand gives each name of a column an entry of its own.
func expand(byNames map[string]column) map[string]column {
	out := map[string]column{}
	for names, c := range byNames {
		for name := range strings.FieldsSeq(names) {
			out[name] = c
		}
	}
	return out
}

func number(of func(*proc.Process) int) func(*row) string {
	return func(r *row) string { return strconv.Itoa(of(r.Process)) }
}

func kilobytes(of func(*proc.Process) uint64) func(*row) string {
	return func(r *row) string { return strconv.FormatUint(of(r.Process)/1024, 10) }
}

// which of the four ids: real, effective, saved, of the file system.
func uid(which int) func(*row) string {
	return func(r *row) string { return strconv.FormatUint(uint64(r.table.host.ID(r.UIDs[which])), 10) }
}

func gid(which int) func(*row) string {
	return func(r *row) string { return strconv.FormatUint(uint64(r.table.host.ID(r.GIDs[which])), 10) }
}

func user(which int) func(*row) string {
	return func(r *row) string { return r.cut(r.table.host.User(r.table.host.ID(r.UIDs[which]))) }
}

func group(which int) func(*row) string {
	return func(r *row) string { return r.cut(r.table.host.Group(r.table.host.ID(r.GIDs[which]))) }
}

func namespace(kind string) func(*row) string {
	return func(r *row) string {
		_, number, _ := strings.Cut(strings.TrimSuffix(r.Link("ns/"+kind), "]"), "[")
		return cmp.Or(number, "-")
	}
}
