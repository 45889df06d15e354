package test

import (
	"strings"
	"testing"
)

// A daemon's package makes users, sets owners and setgid bits, and runs its scripts as root: all of that must work inside.
func TestAptInstallsADaemon(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		install := func(network string) (string, error) {
			cli("rm", "-f", "apt").Run()
			out, err := cli("run", "--name", "apt", "--network", network, "debian", "sh", "-ec",
				"apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends cron; stat -c '%A %U %G %n' /usr/bin/crontab /var/spool/cron/crontabs; dpkg -s cron | grep Status").CombinedOutput()
			return string(out), err
		}
		out, err := install("bridge")
		if err != nil {
			t.Logf("apt reaches no mirror over the bridge's NAT here: %s", out)
			out, err = install("host")
		}
		if err != nil {
			t.Skipf("apt reaches no mirror from here: %s", out)
		}
		for _, want := range []string{"-rwxr-sr-x root crontab /usr/bin/crontab", "drwx-wx--T root crontab /var/spool/cron/crontabs", "Status: install ok installed"} {
			if !strings.Contains(out, want) {
				t.Errorf("after the installation, no %q in:\n%s", want, out)
			}
		}
		output(t, cli("start", "apt"))
		output(t, cli("rm", "-f", "apt"))
	})
}
