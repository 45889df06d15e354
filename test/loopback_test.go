package test

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
)

// A published port is served on [::1] too, also by a container that has no IPv6 address, and while the daemon is gone.
func TestPublishedPortsAreServedOnIPv6Loopback(t *testing.T) {
	needsEngine(t)
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("needs [::1]: ", err)
	} else {
		l.Close()
	}
	t.Parallel()
	d := privateDaemon(t)
	output(t, d.tug("run", "-d", "--name", "everywhere", "-p", "0:80", "busybox", "sh", "-c", "echo served >/tmp/x; httpd -f -h /tmp"))
	output(t, d.tug("run", "-d", "--name", "loopback", "-p", "[::1]:0:80", "busybox", "sh", "-c", "echo served >/tmp/x; httpd -f -h /tmp"))
	get := func(name string) string {
		port := output(t, d.tug("inspect", "-f", `{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}`, name))
		got := ""
		eventually(t, name+" answers on [::1]", func() bool {
			r, err := http.Get("http://[::1]:" + port + "/x")
			if err != nil {
				return false // its server does not listen yet
			}
			defer r.Body.Close()
			body, _ := io.ReadAll(r.Body)
			got = string(body)
			return true
		})
		return got
	}
	for _, name := range []string{"everywhere", "loopback"} {
		if got := get(name); got != "served\n" {
			t.Errorf("%s: %q", name, got)
		}
	}
	port := output(t, d.tug("inspect", "-f", `{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}`, "everywhere"))
	d.end(syscall.SIGKILL)
	r, err := http.Get("http://[::1]:" + port + "/x")
	if err != nil {
		t.Errorf("without the daemon: %v", err)
	} else {
		r.Body.Close()
	}
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
	output(t, d.tug("rm", "-f", "everywhere"))
	if r, err := http.Get("http://[::1]:" + port + "/x"); err == nil {
		r.Body.Close()
		t.Error("the port is served by nobody's container")
	}
}
