package plan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// call describes a system call for printing: a letter an argument: s string, v vector of strings, w memory (as 64-bit
// words), d decimal, x hexadecimal, o octal. Registers print by name whatever the letter.
type call struct{ name, args string }

var calls = map[uintptr]call{
	unix.SYS_OPENAT: {"openat", "dsx"}, unix.SYS_OPENAT2: {"openat2", "dsw"}, unix.SYS_CLOSE: {"close", "d"}, unix.SYS_WRITE: {"write", "dsd"},
	unix.SYS_MKDIRAT: {"mkdirat", "dso"}, unix.SYS_MKNODAT: {"mknodat", "dsox"}, unix.SYS_SYMLINKAT: {"symlinkat", "sds"},
	unix.SYS_UNLINKAT: {"unlinkat", "dsx"},
	unix.SYS_FCHOWN:   {"fchown", "ddi"}, unix.SYS_FCHOWNAT: {"fchownat", "dsddx"}, unix.SYS_OPEN_TREE: {"open_tree", "dsx"},
	unix.SYS_MOVE_MOUNT: {"move_mount", "dsdsx"}, unix.SYS_FSOPEN: {"fsopen", "sx"}, unix.SYS_FSCONFIG: {"fsconfig", "ddssd"},
	unix.SYS_FSMOUNT: {"fsmount", "dxx"}, unix.SYS_MOUNT_SETATTR: {"mount_setattr", "dsxw"}, unix.SYS_MOUNT: {"mount", "sssxs"},
	unix.SYS_UMOUNT2: {"umount2", "sx"}, unix.SYS_PIVOT_ROOT: {"pivot_root", "ss"}, unix.SYS_FCHDIR: {"fchdir", "d"}, unix.SYS_CHDIR: {"chdir", "s"},
	unix.SYS_SETNS: {"setns", "dn"}, unix.SYS_UNSHARE: {"unshare", "n"}, unix.SYS_CLONE: {"clone", "n"}, unix.SYS_CLONE3: {"clone3", "w"},
	unix.SYS_SETSID: {"setsid", ""}, unix.SYS_PRCTL: {"prctl", "dd"}, unix.SYS_PRLIMIT64: {"prlimit64", "ddw"}, unix.SYS_UMASK: {"umask", "o"},
	unix.SYS_SETFSUID: {"setfsuid", "d"}, unix.SYS_SETFSGID: {"setfsgid", "d"}, unix.SYS_SETGROUPS: {"setgroups", "d"},
	unix.SYS_SETRESUID: {"setresuid", "ddd"}, unix.SYS_SETRESGID: {"setresgid", "ddd"}, unix.SYS_CAPSET: {"capset", "c"},
	unix.SYS_SETHOSTNAME: {"sethostname", "sd"}, unix.SYS_SETDOMAINNAME: {"setdomainname", "sd"}, unix.SYS_DUP3: {"dup3", "ddx"},
	unix.SYS_CLOSE_RANGE: {"close_range", "dd"}, unix.SYS_IOCTL: {"ioctl", "dx"}, unix.SYS_KEYCTL: {"keyctl", "ds"},
	unix.SYS_SECCOMP: {"seccomp", "dx"}, unix.SYS_EXECVE: {"execve", "svv"}, unix.SYS_SOCKET: {"socket", "ddd"}, unix.SYS_READ: {"read", "dd"},
	unix.SYS_BIND: {"bind", "dd"}, unix.SYS_LISTEN: {"listen", "dd"},
}

func (p *Plan) argument(s *Step, a Arg, form rune) string {
	switch {
	case a.Kind == Register:
		return Reg(a.N).String()
	case a.Kind == Pointer && form == 's':
		return p.quoted(s, uint32(a.N))
	case a.Kind == Pointer && form == 'v':
		return p.vector(uint32(a.N))
	case a.Kind == Pointer && form == 'c':
		return p.capsets(s)
	case a.Kind == Pointer:
		return p.memory(s, uint32(a.N))
	case a.N == 0 && form == 's':
		return "NULL"
	case form == 'o':
		return fmt.Sprintf("%#o", a.N)
	case form == 'n':
		return namespaceFlags(a.N)
	case form == 'x' && a.N != 0:
		return fmt.Sprintf("%#x", a.N)
	case form == 'd' && int64(a.N) == unix.AT_FDCWD:
		return "AT_FDCWD"
	case form == 'i':
		return fmt.Sprint(int32(a.N))
	}
	return fmt.Sprint(int64(a.N))
}

func (p *Plan) cString(at uint32) string {
	end := bytes.IndexByte(p.Arena[at:], 0)
	if end < 0 {
		return ""
	}
	return string(p.Arena[at : int(at)+end])
}

// quoted shows a string, with the registers that are written into it before the call.
func (p *Plan) quoted(s *Step, at uint32) string {
	text := p.cString(at)
	for _, q := range s.Patches {
		if q.Kind == PatchDec && q.Offset >= at && int(q.Offset-at) <= len(text) {
			text = strings.Replace(text, fdRoom, q.Reg.String(), 1)
		}
	}
	return fmt.Sprintf("%q", text)
}

// followed gives where a pointer in the arena leads.
func (p *Plan) followed(at uint32) (uint32, bool) {
	for _, r := range p.Relocs {
		if r.At == at {
			return r.To, true
		}
	}
	return 0, false
}

func (p *Plan) vector(at uint32) string {
	var items []string
	for to, ok := p.followed(at); ok; to, ok = p.followed(at) {
		items = append(items, fmt.Sprintf("%q", p.cString(to)))
		at += 8
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// structs are the sizes, in words, of what a pointer of form 'w' leads to.
var structs = map[uintptr]int{unix.SYS_OPENAT2: 3, unix.SYS_MOUNT_SETATTR: 4, unix.SYS_CLONE3: cloneArgsSize / 8, unix.SYS_PRLIMIT64: 2}

func (p *Plan) memory(s *Step, at uint32) string {
	var words []string
	for i := range structs[s.Call] {
		w := at + uint32(8*i)
		if int(w)+8 > len(p.Arena) {
			break
		}
		text := fmt.Sprintf("%#x", binary.NativeEndian.Uint64(p.Arena[w:]))
		for _, q := range s.Patches {
			if q.Offset == w {
				text = q.Reg.String()
			}
		}
		words = append(words, text)
	}
	return "{" + strings.Join(words, " ") + "}"
}

// capsets shows the sets of capset(2) by their names.
func (p *Plan) capsets(s *Step) string {
	at := s.Args[1].N
	if s.Args[1].Kind != Pointer || at+24 > uint64(len(p.Arena)) {
		return "?"
	}
	word := func(i int) uint64 { return uint64(binary.NativeEndian.Uint32(p.Arena[at+uint64(4*i):])) }
	show := func(i int) string {
		names := CapNames(word(i) | word(i+3)<<32)
		if len(names) == len(capNames) {
			return "all"
		}
		return "[" + strings.ReplaceAll(strings.Join(names, " "), "CAP_", "") + "]"
	}
	return fmt.Sprintf("effective=%s permitted=%s inheritable=%s", show(0), show(1), show(2))
}

var namespaceNames = []struct {
	flag uint64
	name string
}{
	{unix.CLONE_NEWUSER, "NEWUSER"},
	{unix.CLONE_NEWNS, "NEWNS"},
	{unix.CLONE_NEWPID, "NEWPID"},
	{unix.CLONE_NEWNET, "NEWNET"},
	{unix.CLONE_NEWIPC, "NEWIPC"},
	{unix.CLONE_NEWUTS, "NEWUTS"},
	{unix.CLONE_NEWCGROUP, "NEWCGROUP"},
	{unix.CLONE_PARENT, "PARENT"},
	{uint64(unix.SIGCHLD), "SIGCHLD"},
}

func namespaceFlags(n uint64) string {
	var names []string
	for _, f := range namespaceNames {
		if n&f.flag == f.flag {
			names, n = append(names, f.name), n&^f.flag
		}
	}
	if n != 0 || len(names) == 0 {
		names = append(names, fmt.Sprintf("%#x", n))
	}
	return strings.Join(names, "|")
}

func errnoName(e syscall.Errno) string { return unix.ErrnoName(e) }
