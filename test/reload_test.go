package test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestADaemonReadsItsConfigurationAnew sends SIGHUP to a daemon whose file has changed: well, badly, and in what it cannot change.
func TestADaemonReadsItsConfigurationAnew(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "daemon.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"labels": ["colour=red"]}`)
	d := privateDaemon(t, "--config-file", file)
	logged := func(what string) bool {
		text, _ := os.ReadFile(filepath.Join(d.dir, "log"))
		return strings.Contains(string(text), what)
	}
	told := func(format string) string {
		return output(t, d.docker("events", "--since", "1h", "--until", "0s", "--filter", "type=daemon", "--filter", "event=reload", "--format", format))
	}
	info := func() string {
		return output(t, d.docker("info", "-f", "{{.Labels}} {{.RegistryConfig.Mirrors}} {{range .RegistryConfig.IndexConfigs}}{{.Name}} {{end}}"))
	}
	first := info()
	if !strings.HasPrefix(first, "[colour=red] [http://") || strings.Contains(first, "plain.example") {
		t.Fatalf("at the beginning info says %q", first)
	}

	write(`{"labels": ["colour=blue"], "insecure-registries": ["plain.example:5000"], "no-new-privileges": true, "warm-slots": 1}`)
	d.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "it is told", func() bool { return told("x") != "" })
	const attributes = "{{range $k, $v := .Actor.Attributes}}{{$k}}={{$v}} {{end}}"
	for _, want := range []string{`labels=["colour=blue"] `, `insecure-registries=["plain.example:5000"] `, `registry-mirrors=["http://`, "debug=true ", "default-runtime=tug ", "live-restore=true "} {
		if got := told(attributes); !strings.Contains(got, want) {
			t.Errorf("told is %q without %s", got, want)
		}
	}
	second := info()
	if !strings.HasPrefix(second, "[colour=blue] [http://") || !strings.Contains(second, "plain.example:5000") {
		t.Errorf("then info says %q", second)
	}
	if got := output(t, d.docker("run", "--rm", "busybox", "grep", "NoNewPrivs", "/proc/self/status")); got != "NoNewPrivs:\t1" {
		t.Errorf("a new container has %q", got)
	}
	if !logged(`changed="[insecure-registries labels no-new-privileges]"`) || !logged("settings=[warm-slots]") {
		t.Error("what changed, and what waits for the next daemon, is not in the log")
	}

	for _, bad := range []string{`{"labels": [`, `{"labels": ["colour"]}`, `{"lables": []}`, `{"registry-mirrors": ["x"]}`, `{"no-new-privileges": 7}`} {
		write(bad)
		before := refused(t, d)
		d.cmd.Process.Signal(syscall.SIGHUP)
		eventually(t, "it is refused", func() bool { return refused(t, d) > before })
	}
	if got := info(); got != second {
		t.Errorf("after what was wrong info says %q", got)
	}
	if got := told("x"); got != "x" {
		t.Errorf("what was wrong is told: %q", got)
	}
}

// refused counts the configurations that a daemon has refused.
func refused(t *testing.T, d *daemon) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "the configuration is not taken")
}
