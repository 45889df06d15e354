package test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabelsOfAnImageAreData gives an image and a container labels that read like settings, and holds that they switch nothing
// (CVE-2026-53488, CVE-2026-94603).
func TestLabelsOfAnImageAreData(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forDocker
	d.plant(t, "attack-labels", nil, `LABEL tug.health-action=stop tug.privileged=true tug.userns=host io.containers.capabilities=ALL seccomp=unconfined com.docker.security.privileged=true devices.allow=a`,
		"CMD sleep 1000", `HEALTHCHECK --interval=100ms --retries=1 CMD false`)
	output(t, d.tug("run", "-d", "--name", "attack-labels", "--label", "tug.health-action=stop", "attack-labels"))
	defer func() { output(t, d.tug("rm", "-f", "attack-labels")) }()
	eventually(t, "it is unhealthy", func() bool {
		return output(t, d.tug("inspect", "-f", "{{.State.Health.Status}}", "attack-labels")) == "unhealthy"
	})
	if got := output(t, d.tug("inspect", "-f", "{{.State.Status}} {{.HostConfig.Privileged}} {{len .HostConfig.Annotations}}", "attack-labels")); got != "running false 0" {
		t.Errorf("the labels made it %s", got)
	}
	if got := output(t, d.tug("exec", "attack-labels", "grep", "-E", "CapEff|Seccomp:", "/proc/self/status")); got != "CapEff:\t00000000a80425fb\nSeccomp:\t2" {
		t.Errorf("with the labels: %s", got)
	}
	if uid, _, _ := strings.Cut(uids(t, pidOf(t, d.tug, "attack-labels")), "\t"); uid == "0" {
		t.Error("with the labels it is root of the host")
	}
}

// TestUsersAreLookedUpInHostileFiles runs commands as users of /etc/passwd and /etc/group that a container has made endless, huge,
// strange or no files at all (CVE-2026-30892, CVE-2026-47262): nobody becomes root who is not, and the daemon goes on.
func TestUsersAreLookedUpInHostileFiles(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	beside := d.bystander(t)
	endless := map[string]bool{"a huge line": true, "a hole of a file": true} // in which nobody can be looked up
	for what, make := range map[string]string{
		"a pipe":             "rm /etc/passwd; mkfifo /etc/passwd",
		"a pipe for groups":  "rm /etc/group; mkfifo /etc/group",
		"an endless device":  "rm /etc/passwd; ln -s /dev/zero /etc/passwd",
		"a folder":           "rm /etc/passwd; mkdir /etc/passwd",
		"a loop":             "rm /etc/passwd; ln -s passwd /etc/passwd",
		"a huge line":        "head -c 300000000 /dev/zero | tr '\\0' x >/etc/group",
		"a hole of a file":   "rm /etc/passwd; truncate -s 1000G /etc/passwd",
		"an id beyond all":   "echo evil:x:4294967296:4294967296::/:/bin/sh >>/etc/passwd",
		"an id that is none": "echo evil:x:zero:zero::/:/bin/sh >>/etc/passwd",
		"no id":              "echo evil:x:::: >>/etc/passwd; echo evil >>/etc/passwd; echo evil:x >>/etc/passwd",
		"a zero byte":        "printf 'evil\\0:x:0:0::/:/bin/sh\\n' >>/etc/passwd",
		"no file":            "rm /etc/passwd /etc/group",
	} {
		name := "attack-users"
		output(t, d.tug("run", "-d", "--name", name, "busybox", "sleep", "1000"))
		output(t, d.tug("exec", name, "sh", "-c", make))
		for _, user := range []string{"evil", "0x0", "00x", "4294967296", "-1", "evil:evil", "1000:evil", " 0", "root\x01"} {
			said, err := d.tug("exec", "-u", user, name, "grep", "^Uid:", "/proc/self/status").CombinedOutput()
			if fields := strings.Fields(string(said)); err == nil && (len(fields) < 2 || fields[1] == "0") {
				t.Errorf("%s: user %q is root", what, user)
			}
		}
		said, err := d.tug("exec", "-u", "1234:4321", name, "grep", "^Uid:", "/proc/self/status").CombinedOutput() // not id, which reads the files itself
		if got := strings.TrimSpace(string(said)); endless[what] && (err == nil || !strings.Contains(got, "has a line of more than")) || !endless[what] && !strings.HasPrefix(got, "Uid:\t1234\t") {
			t.Errorf("%s: user 1234 is %s", what, got)
		}
		output(t, d.tug("rm", "-f", name))
	}
	beside.isUnhurt(t)
}

// TestAnUploadRunsNoProgram sends archives that other engines give to xz, gzip and their like, to a container where these are
// programs of the attacker's (CVE-2026-41567).
func TestAnUploadRunsNoProgram(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forDocker
	output(t, d.tug("run", "-d", "--name", "attack-upload", "busybox", "sh", "-c", `for p in xz unxz gzip unpigz bzip2 zstd tar lz4; do for dir in /bin /usr/bin /usr/local/bin /sbin; do
		mkdir -p $dir; printf '#!/bin/sh\necho ran >>/ran\n' >$dir/$p; chmod 755 $dir/$p; done; done; echo ready; exec sleep 1000`))
	defer func() { output(t, d.tug("rm", "-f", "attack-upload")) }()
	eventually(t, "it is ready", func() bool { return output(t, d.tug("logs", "attack-upload")) == "ready" })
	plain := filepath.Join(t.TempDir(), "plain.tar")
	if err := os.WriteFile(plain, []byte(tarOf(t, map[string]string{"put": "there"})), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"xz", "gzip", "bzip2"} {
		packed, err := exec.Command(program, "-c", plain).Output()
		if err != nil {
			t.Skip(program, err) // Debian has them all
		}
		status, answer := d.requestAs(t, "application/x-tar", "PUT", "/containers/attack-upload/archive?path=/", string(packed))
		if status != http.StatusOK && status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", program, status, answer)
		}
	}
	if got := output(t, d.tug("exec", "attack-upload", "sh", "-c", "cat /ran 2>/dev/null; cat /put")); got != "there" {
		t.Errorf("in the container there is %q", got)
	}
}

// TestPlacesOfVolumesInProcAreRefused keeps an image from covering what the kernel tells, or takes, in /proc (CVE-2019-16884).
func TestPlacesOfVolumesInProcAreRefused(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	for _, place := range []string{"/proc/self/attr", "/proc/sys", "/proc/kcore"} {
		d.plant(t, "attack-proc", nil, "VOLUME "+place)
		said, err := d.tug("run", "--rm", "attack-proc", "true").CombinedOutput()
		if err == nil || !strings.Contains(string(said), "inside /proc") {
			t.Errorf("%s: %v: %s", place, err, said)
		}
	}
}
