package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// swapping is a container's program that goes on swapping each of some names in a folder for a link, and back. $0 is the link's
// target, $@ are the names.
const swapping = `cd /shared; for name; do
	ln -s "$0" link-$name; mkdir -p real-$name
	while :; do mv -T real-$name $name; mv -T $name real-$name; mv -T link-$name $name; mv -T $name link-$name; done &
done; wait`

// TestMountsOnPlacesThatAreSwapped starts containers with mounts on, below and beside folders that another container swaps for links
// to a folder of the host all the time (CVE-2021-30465, CVE-2023-27561, CVE-2024-45310).
func TestMountsOnPlacesThatAreSwapped(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	out := newOutside(t)
	beside := d.bystander(t)
	source := t.TempDir()
	for _, target := range []string{climb(out.dir), "/proc", "/"} {
		output(t, d.tug("run", "-d", "--name", "swapper", "-v", "swapped:/shared", "busybox", "sh", "-c", swapping, target, "x"))
		started := 0
		for i := range 25 {
			for what, flags := range [][]string{
				{"-v", source + ":/shared/x/made"},
				{"--tmpfs", "/shared/x"},
				{"--mount", "type=volume,dst=/shared/x/deep/er"},
				{"-w", "/shared/x/work"},
				{"-v", "/etc/hostname:/shared/x/file"},
				{"--device", "/dev/full:/shared/x/full"},
			} {
				if (i+what)%3 != 0 {
					continue // each a third of the times
				}
				args := append([]string{"run", "--rm", "--name", fmt.Sprintf("victim-%d-%d", i, what), "-v", "swapped:/shared"}, flags...)
				said, err := d.tug(append(args, "busybox", "cat", "/proc/self/mountinfo")...).CombinedOutput()
				if err == nil {
					started++
				}
				if strings.Contains(string(said), secretOfTheHost) {
					t.Errorf("%v: %s", flags, said)
				}
			}
		}
		if started == 0 {
			t.Errorf("with links to %s no container was started", target)
		}
		output(t, d.tug("rm", "-f", "swapper"))
		out.isUntouched(t)
	}
	if left, _ := os.ReadDir(source); len(left) > 0 {
		t.Errorf("in the bind's source there is %v", left)
	}
	output(t, d.tug("volume", "rm", "swapped"))
	beside.isUnhurt(t)
}

// TestDevicesThatAreSwapped gives containers a /dev that another container swaps devices, terminals and masks' sources in
// (CVE-2025-31133, CVE-2025-52565): what they start with is masked, and nothing of the host's is given away.
func TestDevicesThatAreSwapped(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	out := newOutside(t)
	beside := d.bystander(t)
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{climb(out.secret), "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"} {
		output(t, d.tug("run", "-d", "--name", "swapper", "-v", "devices:/shared", "busybox", "sh", "-c", swapping, target, "null", "console", "pts", "0", "ptmx", "shm"))
		for range 12 {
			for _, flags := range [][]string{{"-t", "-v", "devices:/dev"}, {"-t", "-v", "devices:/dev/pts"}, {"-t", "--userns", "host", "-v", "devices:/dev"}} {
				args := append([]string{"run", "--rm"}, flags...)
				said, _ := d.tug(append(args, "busybox", "sh", "-c",
					"head -c 1 /proc/kcore | wc -c; head -c 100 /proc/timer_list | wc -c; for f in /dev/null /dev/console /dev/pts/* /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do echo '|attack' >$f; done")...).CombinedOutput()
				for line := range strings.Lines(string(said)) {
					if line = strings.TrimSpace(line); line == "1" || line == "100" {
						t.Errorf("%v: a masked file can be read: %s", flags, said)
					}
				}
			}
		}
		output(t, d.tug("rm", "-f", "swapper"))
		out.isUntouched(t)
	}
	if now, _ := os.ReadFile("/proc/sys/kernel/core_pattern"); string(now) != string(pattern) {
		os.WriteFile("/proc/sys/kernel/core_pattern", pattern, 0)
		t.Errorf("the host's core pattern is %q", now)
	}
	output(t, d.tug("volume", "rm", "devices"))
	beside.isUnhurt(t)
}

// TestTheEnginesProgramsCannotBeOverwritten lets a container write to the program of whatever appears in it, while commands are run
// there that are the engine's program again (CVE-2019-5736).
func TestTheEnginesProgramsCannotBeOverwritten(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	beside := d.bystander(t)
	programs, _ := filepath.Glob(filepath.Join(d.bin, "*"))
	before := map[string]string{}
	for _, p := range programs {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		before[p] = string(text)
	}
	for _, flags := range [][]string{nil, {"--userns", "host"}, {"--userns", "host", "--cap-add", "ALL"}} {
		args := append([]string{"run", "-d", "--name", "attack-exe"}, flags...)
		output(t, d.tug(append(args, "busybox", "sh", "-c", `printf '#!/proc/self/exe\n' >/evil; chmod 755 /evil; echo ready
			while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || { echo attack >$p/exe; } 2>/dev/null; done; done`)...))
		eventually(t, "it is ready", func() bool { return output(t, d.tug("logs", "attack-exe")) == "ready" })
		for range 15 {
			for _, program := range []string{"/evil", "/proc/self/exe", "/proc/1/exe", "true"} {
				d.tug("exec", "attack-exe", program).Run()
			}
		}
		for _, program := range []string{"/proc/self/exe", "/proc/self/fd/3"} {
			d.tug(append(append([]string{"run", "--rm"}, flags...), "busybox", program)...).Run()
		}
		output(t, d.tug("rm", "-f", "attack-exe"))
	}
	for p, text := range before {
		if now, err := os.ReadFile(p); err != nil || string(now) != text {
			t.Errorf("%s was changed, or %v", p, err)
		}
	}
	beside.isUnhurt(t)
}
