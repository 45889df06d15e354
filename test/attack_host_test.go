package test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asNobody is a command of an unprivileged user of the host.
func asNobody(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	return cmd
}

// TestTheHostsUsersCannotSeeContainersFiles looks into a daemon's folders as a user of the host (CVE-2021-41091, CVE-2021-41103,
// CVE-2024-25621), and knocks at its sockets.
func TestTheHostsUsersCannotSeeContainersFiles(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	if err := os.Chmod(d.dir, 0o755); err != nil { // as /var/lib and /run are
		t.Fatal(err)
	}
	output(t, d.tug("run", "-d", "--name", "secrets", "-v", "secrets:/v", "busybox", "sh", "-c", "cp /bin/busybox /v/root; chmod 6755 /v/root; echo said; exec sleep 1000"))
	for _, dir := range []string{"data", "run"} {
		if out, err := asNobody("ls", filepath.Join(d.dir, dir)).CombinedOutput(); err == nil {
			t.Errorf("anybody may list %s: %s", dir, out)
		}
	}
	var seen int
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(d.dir, path)
		top, _, below := strings.Cut(rel, "/")
		if err != nil || !below || top != "data" && top != "run" || e.Type()&fs.ModeSymlink != 0 {
			return nil // what has gone meanwhile, too
		}
		if seen++; seen > 400 {
			return fs.SkipAll
		}
		if asNobody("test", "-e", path).Run() == nil {
			t.Errorf("anybody may reach %s", rel)
		}
		return nil
	})
	if err != nil || seen < 50 {
		t.Errorf("%d files were looked at: %v", seen, err)
	}
	if out, err := asNobody("curl", "-sS", "--unix-socket", d.socket(), "http://d/info").CombinedOutput(); err == nil {
		t.Errorf("anybody may use the API: %s", out)
	}
	for _, p := range []string{d.socket()} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o660 {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
}

// TestContainersWithTheHostsNetworkFindNoSocket looks for the engine's sockets from the host's network namespace, where abstract
// ones of the host are (CVE-2020-15257).
func TestContainersWithTheHostsNetworkFindNoSocket(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	beside := d.bystander(t)
	said := output(t, d.tug("run", "--rm", "--network", "host", "busybox", "cat", "/proc/net/unix"))
	ours := map[string]bool{} // inodes of all sockets of the daemon and of the shim
	shim := output(t, exec.Command("ps", "-o", "ppid=", "-p", beside.pid))
	for _, pid := range []string{fmt.Sprint(d.cmd.Process.Pid), strings.TrimSpace(shim)} {
		links, _ := filepath.Glob("/proc/" + pid + "/fd/*")
		for _, l := range links {
			if target, err := os.Readlink(l); err == nil && strings.HasPrefix(target, "socket:[") {
				ours[strings.Trim(target, "socket:[]")] = true
			}
		}
	}
	named := 0
	for line := range strings.Lines(said) {
		f := strings.Fields(line) // Num RefCount Protocol Flags Type St Inode Path
		if len(f) < 8 || !ours[f[6]] {
			continue
		}
		named++
		if !strings.HasPrefix(f[7], "/") {
			t.Errorf("a socket of the engine has the abstract name %s", f[7])
		}
		if out, err := d.tug("run", "--rm", "--network", "host", "busybox", "ls", f[7]).CombinedOutput(); err == nil {
			t.Errorf("the socket is to be seen in a container: %s", out)
		}
	}
	if named < 2 {
		t.Errorf("of %d sockets of the engine %d have names", len(ours), named)
	}
}

// TestGroupsOfProcessesCannotBeWritten tries to lift a container's limits from inside, with and without namespaces of its own
// (CVE-2023-25809).
func TestGroupsOfProcessesCannotBeWritten(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forDocker
	beside := d.bystander(t)
	const attack = `for dir in $(find /sys/fs/cgroup -type d | head -n 100); do
		mkdir $dir/attack && echo MADE $dir/attack
		for f in cgroup.procs tasks release_agent notify_on_release pids.max memory.max memory.limit_in_bytes devices.allow cgroup.subtree_control; do
			[ -e $dir/$f ] && echo 1 >$dir/$f && echo WROTE $dir/$f
		done
	done 2>/dev/null
	mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo REMOUNTED
	umount -l /sys/fs/cgroup 2>/dev/null && echo UNMOUNTED
	for type in cgroup cgroup2; do mkdir -p /mine; mount -t $type none /mine 2>/dev/null && echo MOUNTED; done; echo done`
	for _, flags := range [][]string{nil, {"--cgroupns", "host"}, {"--userns", "host"}, {"--userns", "host", "--cgroupns", "host"}, {"-u", "1000"}} {
		args := append([]string{"run", "--rm", "--pids-limit", "50"}, flags...)
		if got := output(t, d.tug(append(args, "busybox", "sh", "-c", attack)...)); got != "done" {
			t.Errorf("%v: %s", flags, got)
		}
	}
	beside.isUnhurt(t)
}

// TestKernelFilesOfTheHostCannotBeWritten tries the ways by which a container that may write to /proc or /sys becomes root of the host.
func TestKernelFilesOfTheHostCannotBeWritten(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	const attack = `for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/overcommit_memory /proc/sys/fs/binfmt_misc/register /proc/sysrq-trigger \
		/proc/sys/kernel/hotplug /sys/kernel/uevent_helper /proc/irq/0/smp_affinity /proc/bus /proc/fs /sys/kernel/mm/transparent_hugepage/enabled; do
		[ -f $f ] && { cat $f >/tmp/was; cat /tmp/was >$f && echo WROTE $f; }
	done 2>/dev/null
	for dir in /proc /proc/sys /sys; do mount -o remount,rw $dir 2>/dev/null && echo REMOUNTED $dir; umount -l $dir/firmware 2>/dev/null && echo UNMASKED; done
	umount /proc/kcore 2>/dev/null && echo UNMASKED
	mknod /tmp/mem c 1 1 2>/dev/null && head -c 1 /tmp/mem 2>/dev/null && echo READ
	ls /proc/1/root/proc/1/environ >/dev/null; echo done`
	for _, flags := range [][]string{nil, {"--userns", "host"}, {"--network", "host"}, {"--pid", "host"}, {"-u", "1000"}} {
		args := append([]string{"run", "--rm"}, flags...)
		if got := output(t, d.tug(append(args, "busybox", "sh", "-c", attack)...)); got != "done" {
			t.Errorf("%v: %s", flags, got)
		}
	}
}
