package plan

import (
	"fmt"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// capNames are the capabilities of linux/capability.h in the order of their numbers.
var capNames = strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
	NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT
	SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP
	MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`)

// CapNames gives the names ("CAP_CHOWN") of the capabilities in a set.
func CapNames(set uint64) []string {
	var names []string
	for i, n := range capNames {
		if set&(1<<i) != 0 {
			names = append(names, "CAP_"+n)
		}
	}
	return names
}

// CapSet gives the set of the named capabilities ("CAP_CHOWN"). Unknown names are an error.
func CapSet(names []string) (uint64, error) {
	var set uint64
next:
	for _, name := range names {
		for i, n := range capNames {
			if name == "CAP_"+n {
				set |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("unknown capability %q", name)
	}
	return set, nil
}

func (b *builder) capSet(names []string) uint64 {
	set, err := CapSet(names)
	if err != nil {
		b.fail(err)
	}
	return set
}

// capset sets the thread's capability sets (capset(2), version 3).
func (b *builder) capset(what string, effective, permitted, inheritable uint64) {
	const version3 = 0x20080522
	data := b.words(effective&0xffffffff|permitted<<32, inheritable&0xffffffff|effective>>32<<32, permitted>>32|inheritable>>32<<32)
	b.call(what, unix.SYS_CAPSET, ptr(b.words(version3)), ptr(data))
}

// privileges takes from the process all that its specification does not give: bounding set, groups, user, capabilities.
func (b *builder) privileges(p *specs.Process, lastCap int) {
	caps := p.Capabilities
	if caps == nil {
		caps = &specs.LinuxCapabilities{}
	}
	bounding := b.capSet(caps.Bounding)
	for i := 0; i <= lastCap; i++ {
		if bounding&(1<<i) == 0 {
			b.call("drop capability "+capName(i), unix.SYS_PRCTL, num(unix.PR_CAPBSET_DROP), num(i))
		}
	}
	b.call("keep capabilities over setuid", unix.SYS_PRCTL, num(unix.PR_SET_KEEPCAPS), num(1), num(0), num(0), num(0))
	groups := make([]byte, 0, 4*len(p.User.AdditionalGids))
	for _, g := range p.User.AdditionalGids {
		groups = append(groups, byte(g), byte(g>>8), byte(g>>16), byte(g>>24))
	}
	b.call("set groups", unix.SYS_SETGROUPS, num(len(p.User.AdditionalGids)), ptr(b.block(append(groups, 0))))
	gid, uid := val(uint64(p.User.GID)), val(uint64(p.User.UID))
	b.call("set gid "+decimal(uint64(p.User.GID)), unix.SYS_SETRESGID, gid, gid, gid)
	b.call("set uid "+decimal(uint64(p.User.UID)), unix.SYS_SETRESUID, uid, uid, uid)
	b.call("set capabilities", unix.SYS_PRCTL, num(unix.PR_SET_KEEPCAPS), num(0), num(0), num(0), num(0))
	b.capset("set capabilities", b.capSet(caps.Effective), b.capSet(caps.Permitted), b.capSet(caps.Inheritable))
	b.call("clear ambient capabilities", unix.SYS_PRCTL, num(unix.PR_CAP_AMBIENT), num(unix.PR_CAP_AMBIENT_CLEAR_ALL), num(0), num(0), num(0))
	ambient := b.capSet(caps.Ambient)
	for i := 0; i <= lastCap; i++ {
		if ambient&(1<<i) != 0 {
			b.call("raise ambient capability "+capName(i), unix.SYS_PRCTL, num(unix.PR_CAP_AMBIENT), num(unix.PR_CAP_AMBIENT_RAISE), num(i), num(0), num(0))
		}
	}
}

func capName(i int) string {
	if i < len(capNames) {
		return "CAP_" + capNames[i]
	}
	return decimal(uint64(i))
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }
