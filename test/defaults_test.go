package test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestContainersHaveTheDaemonsDefaults starts a daemon with defaults of its own, and containers that ask for something else and
// that do not.
func TestContainersHaveTheDaemonsDefaults(t *testing.T) {
	t.Parallel()
	profile := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(profile, []byte(`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	d := privateDaemon(t, "--no-new-privileges", "--default-ulimit", "nofile=123:456", "--default-pids-limit", "77", "--log-opt", "max-size=1m", "--seccomp-profile", profile)
	const look = `grep NoNewPrivs /proc/self/status; ulimit -Sn; ulimit -Hn; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; mkdir /x 2>/dev/null && echo made; exit 0`
	if got := output(t, d.tug("run", "--rm", "busybox", "sh", "-c", look)); got != "NoNewPrivs:\t1\n123\n456\n77" {
		t.Errorf("who asks for nothing has %q", got)
	}
	if got := output(t, d.tug("run", "--rm", "--security-opt", "no-new-privileges=false", "--security-opt", "seccomp=builtin", "--ulimit", "nofile=100:200", "--pids-limit", "50",
		"busybox", "sh", "-c", look)); got != "NoNewPrivs:\t0\n100\n200\n50\nmade" {
		t.Errorf("who asks has %q", got)
	}
	output(t, d.tug("create", "--name", "default-log", "busybox"))
	if got := output(t, d.tug("inspect", "-f", "{{json .HostConfig.LogConfig}}", "default-log")); got != `{"Type":"json-file","Config":{"max-size":"1m"}}` {
		t.Errorf("its log has %s", got)
	}
	if got := output(t, d.tug("info", "-f", "{{.SecurityOptions}}")); got != "[name=seccomp,profile=custom name=no-new-privileges name=userns]" {
		t.Errorf("info says %s", got)
	}
}
