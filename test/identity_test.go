package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// uids gives the four user ids of a process as the host sees them.
func uids(t *testing.T, pid string) string {
	t.Helper()
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nUid:\t")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

func pidOf(t *testing.T, cli cli, name string) string {
	t.Helper()
	return output(t, cli("inspect", "-f", "{{.State.Pid}}", name))
}

func TestRootInAContainerIsNobodyOnTheHost(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		seen := map[string]string{}
		for _, name := range []string{"nobody1", "nobody2"} {
			output(t, cli("run", "-d", "--name", name, "busybox", "sleep", "1000"))
			ids := uids(t, pidOf(t, cli, name))
			uid, _, _ := strings.Cut(ids, "\t")
			if uid == "0" || ids != strings.Join([]string{uid, uid, uid, uid}, "\t") {
				t.Errorf("%s runs as %q", name, ids)
			}
			if other, ok := seen[uid]; ok {
				t.Errorf("%s and %s run as the same user %s", name, other, uid)
			}
			seen[uid] = name
			if got := output(t, cli("exec", name, "id", "-u")); got != "0" {
				t.Errorf("inside it is user %s", got)
			}
		}
		output(t, cli("rm", "-f", "nobody1", "nobody2"))
	})
}

func TestWhoCannotLiveInAUserNamespaceIsRoot(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		for i, flag := range []string{"--privileged", "--network=host", "--pid=host", "--userns=host"} {
			name := fmt.Sprint("root", i)
			output(t, cli("run", "-d", "--name", name, flag, "busybox", "sleep", "1000"))
			if got := uids(t, pidOf(t, cli, name)); got != "0\t0\t0\t0" {
				t.Errorf("run %s: the process has the ids %s", flag, got)
			}
			output(t, cli("rm", "-f", name))
		}
	})
}

func TestOwnersOfBindMountsAreTheSameInsideAndOnTheHost(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		for kind, dir := range map[string]string{"disk": t.TempDir(), "tmpfs": tmpfs(t)} {
			t.Run(kind, func(t *testing.T) {
				if err := os.WriteFile(filepath.Join(dir, "given"), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chown(filepath.Join(dir, "given"), 33, 44); err != nil {
					t.Fatal(err)
				}
				got := output(t, cli("run", "--rm", "-v", dir+":/b", "debian", "sh", "-c",
					"stat -c %u:%g /b/given && echo x > /b/root && install -d -o www-data -g mail -m 2750 /b/dir && touch /b/1000 && chown 1000:1000 /b/1000 && mknod /b/fifo p && cp /usr/bin/id /b/suid && chmod 4755 /b/suid"))
				if got != "33:44" {
					t.Errorf("inside, the owner of the host's file is %s", got)
				}
				for name, want := range map[string]string{"root": "0:0:100644", "dir": "33:8:42750", "1000": "1000:1000:100644", "fifo": "0:0:10644", "suid": "0:0:104755"} {
					var st syscall.Stat_t
					if err := syscall.Lstat(filepath.Join(dir, name), &st); err != nil {
						t.Error(err)
					} else if got := fmt.Sprintf("%d:%d:%o", st.Uid, st.Gid, st.Mode); got != want {
						t.Errorf("%s is %s on the host, want %s", name, got, want)
					}
				}
				out, err := cli("run", "--rm", "-u", "1000", "-v", dir+":/b", "busybox", "cat", "/b/given").CombinedOutput()
				if err == nil {
					t.Errorf("user 1000 read a file of user 33: %s", out)
				}
			})
		}
	})
}

// tmpfs makes a memory file system for the test.
func tmpfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// setcap gives a program cap_net_raw as a file capability (capabilities(7), the extended attribute of version 2).
const setcap = `
my ($file, $name, $value) = ($ARGV[0], "security.capability", pack("V5", 0x02000001, 1 << 13, 0, 0, 0));
my $setxattr = (POSIX::uname())[4] eq "x86_64" ? 188 : 5;
syscall($setxattr, $file, $name, $value, length $value, 0) == 0 or die "setxattr: $!";`

// Nobody's ping is allowed to by its file's capability, which a container sets, a layer keeps, an image carries and
// no-new-privileges switches off.
func TestFileCapabilities(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		dir := t.TempDir()
		output(t, cli("run", "--rm", "-v", dir+":/b", "busybox", "cp", "/bin/busybox", "/b/ping"))
		output(t, cli("run", "--rm", "-v", dir+":/b", "debian", "sh", "-ec", `mkdir -p /r/bin && cp /b/ping /r/bin/ && cp /b/ping /r/bin/sh
perl -MPOSIX -e "$0" /r/bin/ping
tar --xattrs --xattrs-include='*' -C /r -cf /b/fs.tar .`, setcap))
		output(t, cli("import", filepath.Join(dir, "fs.tar"), "filecaps"))

		run := func(args ...string) (string, error) {
			// Without this range, the kernel lets anybody ping.
			out, err := cli(append([]string{"run", "--rm", "-u", "1234", "--sysctl", "net.ipv4.ping_group_range=1 0"}, args...)...).CombinedOutput()
			return string(out), err
		}
		if out, err := run("filecaps", "/bin/sh", "-c", "/bin/ping -c 1 -w 2 127.0.0.1; exit"); err != nil || !strings.Contains(out, "1 packets received") {
			t.Errorf("with the capability: %v: %s", err, out)
		}
		if out, err := run("busybox", "ping", "-c", "1", "-w", "2", "127.0.0.1"); err == nil {
			t.Errorf("without the capability: %s", out)
		}
		if out, err := run("--security-opt", "no-new-privileges", "filecaps", "/bin/sh", "-c", "/bin/ping -c 1 -w 2 127.0.0.1; exit"); err == nil {
			t.Errorf("in spite of no-new-privileges: %s", out)
		}
		output(t, cli("rmi", "filecaps"))
	})
}

func TestNoDescriptorOfTheEngineIsOpenInAContainer(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		output(t, cli("run", "-d", "--name", "descriptors", "busybox", "sleep", "1000"))
		for what, cmd := range map[string]*exec.Cmd{
			"run":  cli("run", "--rm", "busybox", "sh", "-c", "ls /proc/self/fd"),
			"exec": cli("exec", "descriptors", "ls", "/proc/self/fd"),
		} {
			if got := strings.Fields(output(t, cmd)); strings.Join(got, " ") != "0 1 2 3" { // 3 is the folder that ls reads
				t.Errorf("%s: %v", what, got)
			}
		}
		output(t, cli("rm", "-f", "descriptors"))
	})
}
