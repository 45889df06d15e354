package test

import (
	"fmt"
	"strings"
	"testing"
)

// TestVolumesThatAreSwappedWhileTheyAreFilled gives an empty volume, which a hostile container has, to new containers, so that it gets
// their image's files: each time the hostile one puts a link to a folder of the host in the place of the first folder that it sees.
func TestVolumesThatAreSwappedWhileTheyAreFilled(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	out := newOutside(t)
	output(t, d.tug("run", "--name", "seed", "busybox", "sh", "-c", `mkdir -p /data/x; i=0; while [ $i -lt 1500 ]; do : >/data/x/$i; i=$((i+1)); done; echo overwritten >/data/x/secret`))
	output(t, d.tug("commit", "seed", "seeded"))
	filled := 0
	for i := range 10 {
		swapper := fmt.Sprint("swapper-", i)
		output(t, d.tug("run", "-d", "--name", swapper, "-v", "swapped:/shared", "busybox", "sh", "-c",
			`rm -rf /shared/*; echo ready; until mv -T /shared/x /shared/real 2>/dev/null; do :; done; ln -s "$0" /shared/x; echo swapped`, climb(out.dir)))
		eventually(t, "it is ready", func() bool { return strings.HasPrefix(output(t, d.tug("logs", swapper)), "ready") })
		if said, err := d.tug("create", "--name", "victim", "-v", "swapped:/data", "seeded", "true").CombinedOutput(); err == nil {
			output(t, d.tug("rm", "victim"))
		} else if !strings.Contains(string(said), "copy the image's /data into volume swapped") {
			t.Errorf("%s", said)
		}
		if output(t, d.tug("wait", swapper)) == "0" && strings.Contains(output(t, d.tug("logs", swapper)), "swapped") {
			filled++
		}
		output(t, d.tug("rm", swapper))
		out.isUntouched(t)
	}
	if filled == 0 {
		t.Error("no folder was ever swapped")
	}
	output(t, d.tug("rm", "seed"))
	output(t, d.tug("volume", "rm", "swapped"))
}
