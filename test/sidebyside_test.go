package test

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// Two daemons know nothing of each other: the same names, other addresses, and each cares for its own only.
func TestTwoDaemonsSideBySide(t *testing.T) {
	needsEngine(t)
	var subnets []string
	for _, d := range []*daemon{forDocker, forTug} {
		output(t, d.docker("run", "-d", "--name", "twin", "-l", "of="+d.name, "busybox", "sleep", "1000"))
		defer func() { output(t, d.docker("rm", "-f", "twin")) }()
		subnets = append(subnets, output(t, d.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "bridge")))
	}
	for _, d := range []*daemon{forDocker, forTug} {
		if got := output(t, d.docker("inspect", "-f", "{{.Config.Labels.of}}", "twin")); got != d.name {
			t.Errorf("%s shows the container of %s", d.name, got)
		}
	}
	_, a, err := net.ParseCIDR(subnets[0])
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := net.ParseCIDR(subnets[1])
	if err != nil {
		t.Fatal(err)
	}
	if a.Contains(b.IP) || b.Contains(a.IP) {
		t.Errorf("both daemons have taken %s and %s", a, b)
	}
}

// A port that one daemon's container has is taken for the other daemon's too, and each of many starts at once gets its own.
func TestDaemonsShareTheHostsPorts(t *testing.T) {
	needsEngine(t)
	publish := forDocker.ports + "99:80"
	output(t, forDocker.docker("run", "-d", "--name", "port-holder", "-p", publish, "busybox", "sleep", "1000"))
	defer func() { output(t, forDocker.docker("rm", "-f", "port-holder")) }()
	out, err := forTug.docker("run", "--rm", "-p", publish, "busybox", "true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), forDocker.ports+"99") || !strings.Contains(string(out), "in use") {
		t.Errorf("a port was taken twice: %v: %s", err, out)
	}
}

func TestManyAtOnce(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		const n = 20
		results := make(chan error, n)
		for i := range n {
			go func() {
				out, err := cli("run", "--rm", "-p", "127.0.0.1::80", "busybox", "echo", fmt.Sprint("hello ", i)).CombinedOutput()
				if err == nil && string(out) != fmt.Sprintf("hello %d\n", i) {
					err = fmt.Errorf("it printed %q", out)
				} else if err != nil {
					err = fmt.Errorf("%w: %s", err, out)
				}
				results <- err
			}()
		}
		for range n {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}
