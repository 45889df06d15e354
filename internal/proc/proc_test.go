package proc

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
)

func TestInterfacesAreRead(t *testing.T) {
	const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:      10       1    0    0    0     0          0         0       10       1    0    0    0     0       0          0
 eth0:1: 1234567890123     20    3    4    5     6          7         8      900      10   11   12   13    14      15         16
`
	want := map[string]Interface{
		"lo":     {RxBytes: 10, RxPackets: 1, TxBytes: 10, TxPackets: 1},
		"eth0:1": {RxBytes: 1234567890123, RxPackets: 20, RxErrors: 3, RxDropped: 4, TxBytes: 900, TxPackets: 10, TxErrors: 11, TxDropped: 12},
	}
	if d := cmp.Diff(want, parseInterfaces(text)); d != "" {
		t.Error(d)
	}
	if _, err := Interfaces(os.Getpid()); err != nil {
		t.Error(err)
	}
}

func TestAProcessThatHasEndedIsNotFound(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := Interfaces(cmd.Process.Pid); !errdefs.IsNotFound(err) {
		t.Error(err)
	}
}

func TestTheTimeOfAllProcessorsIsTheSumOfItsParts(t *testing.T) {
	total, count, err := parseStat("cpu  1 2 3 4 5 6 7 800 9 10\ncpu0 1 1 1 1 1 1 1 0 0 0\ncpu2 0 1 2 3 4 5 6 0 0 0\nintr 5\ncpu9 1\n")
	if err != nil || count != 2 || total != 280*time.Millisecond {
		t.Error(total, count, err)
	}
	for _, bad := range []string{"", "cpu 1 2 3\n", "cpu 1 2 3 4 5 x 7\ncpu0\n", "cpu 1 2 3 4 5 6 7\n"} {
		if _, _, err := parseStat(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestTheTimeOfProcessorsNeverGoesBack(t *testing.T) {
	var p Processors
	last := time.Duration(0)
	for range 1000 {
		now, count, err := p.Time()
		if err != nil || now < last || count < 1 {
			t.Fatal(now, last, count, err)
		}
		last = now
	}
}

func FuzzParse(f *testing.F) {
	f.Add("cpu 1 2 3 4 5 6 7\ncpu0\n")
	f.Add("eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16")
	f.Fuzz(func(_ *testing.T, text string) {
		parseInterfaces(text)
		_, _, _ = parseStat(text)
	})
}

func TestReadsOnlySoMuchOfLongArguments(t *testing.T) {
	long := exec.Command("/bin/sh", append([]string{"-c", "read wait"}, slices.Repeat([]string{strings.Repeat("x", 1000)}, 100)...)...)
	in, err := long.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := long.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		_ = long.Wait() // read fails at the end of the input
	}()
	p, err := Read(long.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Join(p.Command, " ")); n > maxText {
		t.Errorf("%d bytes of arguments are kept", n)
	}
}
