package test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRequestsOfTwoMeaningsAreRefused sends what a proxy before the daemon and the daemon might read differently.
func TestRequestsOfTwoMeaningsAreRefused(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forDocker
	beside := d.bystander(t)
	const create = "POST /containers/create HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n"
	for what, c := range map[string]struct{ text, answer string }{
		"two lengths":                  {create + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", "400"},
		"a negative length":            {create + "Content-Length: -1\r\n\r\n", "400"},
		"a length with a sign":         {create + "Content-Length: +5\r\n\r\nabcde", "400"},
		"an encoding that there isn't": {create + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"},
		"an encoding twice":            {create + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "501"},
		"a blank before the colon":     {create + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
		"a chunk without end":          {create + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "400"},
		"a chunk of no length":         {create + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
		"a field of two words":         {"GET /_ping HTTP/1.1\r\nHost: t\r\nBad Header: x\r\n\r\n", "400"},
		"a zero byte in a field":       {"GET /_ping HTTP/1.1\r\nHost: t\r\nX: a\x00b\r\n\r\n", "400"},
		"a folded field":               {"GET /_ping HTTP/1.1\r\nHost: t\r\n folded: x\r\n\r\n", "400"},
		"no host":                      {"GET /_ping HTTP/1.1\r\n\r\n", "400"},
		"no version":                   {"GET /_ping\r\n\r\n", "400"},
		"another version":              {"GET /_ping HTTP/0.9\r\n\r\n", "505"},
		"a huge field":                 {"GET /_ping HTTP/1.1\r\nHost: t\r\nX: " + strings.Repeat("a", 2<<20) + "\r\n\r\n", "431"},
		"very many fields":             {"GET /_ping HTTP/1.1\r\nHost: t\r\n" + strings.Repeat("X: y\r\n", 300_000) + "\r\n", "431"},
		"a huge path":                  {"GET /" + strings.Repeat("a", 2<<20) + " HTTP/1.1\r\nHost: t\r\n\r\n", "431"},
	} {
		if got := d.say(t, "unix", d.socket(), c.text); !strings.HasPrefix(got, "HTTP/1.1 "+c.answer) {
			t.Errorf("%s: %.200q; want %s", what, got, c.answer)
		}
	}
	// Of a length and chunks the chunks count, and what follows them is the next request, whatever the length says.
	got := d.say(t, "unix", d.socket(), strings.Replace(create, "Connection: close\r\n", "", 1)+
		"Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /no/such/page HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
	if strings.Count(got, "HTTP/1.1 400") != 1 || strings.Count(got, "HTTP/1.1 404") != 1 {
		t.Errorf("a length and chunks: %q", got)
	}
	beside.isUnhurt(t)
}

// TestSlowClientsHoldUpNobody keeps hundreds of requests that are begun and not ended.
func TestSlowClientsHoldUpNobody(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	beside := d.bystander(t)
	for _, begun := range []string{
		"", "GET", "GET /containers/json HTTP/1.1\r\nHost: t\r\nX-Slow: ",
		"POST /containers/create HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
		"POST /containers/" + beside.name + "/exec HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{",
		"PUT /containers/" + beside.name + "/archive?path=/tmp HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-tar\r\nContent-Length: 1000000\r\n\r\nx",
		"POST /images/load HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-tar\r\nContent-Length: 1000000\r\n\r\nx",
	} {
		for range 50 {
			conn, err := net.Dial("unix", d.socket())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, begun)
		}
	}
	beside.isUnhurt(t)
	output(t, d.tug("run", "--rm", "busybox", "true"))
}

// TestClientsThatNeverReadHoldUpNobody follows logs, events and statistics and lists containers, and reads nothing of it.
func TestClientsThatNeverReadHoldUpNobody(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forDocker
	beside := d.bystander(t)
	name := d.chatterer(t)
	for _, path := range []string{"/containers/" + name + "/logs?stdout=1&follow=1", "/containers/" + name + "/stats", "/events", "/containers/json?all=1"} {
		for range 20 {
			conn, err := net.Dial("unix", d.socket())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: t\r\n\r\n")
		}
	}
	beside.isUnhurt(t)
	const more = 16 << 20 // bytes: far beyond what sockets and pipes hold
	said := d.said(t, name)
	eventually(t, "who is not read goes on", func() bool { return d.said(t, name) > said+more })
	output(t, d.tug("rm", "-f", name))
	beside.isUnhurt(t)
}

// TestAnAttachedClientThatNeverReadsHoldsUpItsOwnContainerOnly: an attached client gets all output, so that one which is
// slow makes the container wait, as a pipe does and as with Docker. Everything else goes on meanwhile, and so does the
// container once the client is gone.
func TestAnAttachedClientThatNeverReadsHoldsUpItsOwnContainerOnly(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	beside := d.bystander(t)
	name := d.chatterer(t)
	stall := func() *net.UnixConn {
		stalled := d.upgrade(t, "/containers/"+name+"/attach?stream=1&stdout=1", "")
		eventually(t, "the container waits for who does not read", func() bool {
			said := d.said(t, name)
			return d.said(t, name) == said
		})
		return stalled
	}
	stalled := stall()
	beside.isUnhurt(t)
	output(t, d.tug("logs", "--tail", "1", name))
	output(t, d.tug("stats", "--no-stream", name))
	said := d.said(t, name)
	stalled.Close()
	eventually(t, "the container goes on", func() bool { return d.said(t, name) != said })
	defer stall().Close()
	output(t, d.tug("stop", "-t", "0", name))
	output(t, d.tug("rm", name))
	beside.isUnhurt(t)
}

// chatterer starts a container whose only process writes long lines without end.
func (d *daemon) chatterer(t *testing.T) (name string) {
	t.Helper()
	name = fmt.Sprint("chatterer", serial.Add(1))
	output(t, d.tug("run", "-d", "--name", name, "busybox", "yes", strings.Repeat("chatter ", 500)))
	t.Cleanup(func() { d.tug("rm", "-f", name).Run() })
	return name
}

// said tells how many bytes a container's first process has written.
func (d *daemon) said(t *testing.T, name string) int {
	t.Helper()
	return atoi(t, output(t, d.tug("exec", name, "awk", "/wchar/ { print $2 }", "/proc/1/io")))
}

// TestWebPagesDoNotReachATCPListener plays a browser that a hostile page sends to a daemon on the same machine.
func TestWebPagesDoNotReachATCPListener(t *testing.T) {
	t.Parallel()
	needsEngine(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	d := privateDaemon(t, "-H", "tcp://"+address)
	_, port, _ := net.SplitHostPort(address)
	create := func(fields string) string {
		return d.say(t, "tcp", address, "POST /volumes/create HTTP/1.1\r\nConnection: close\r\nContent-Length: 17\r\n"+fields+"\r\n"+`{"Name":"attack"}`)
	}
	for what, fields := range map[string]string{
		"a name that was made to lead here": "Host: evil.example:" + port + "\r\nContent-Type: application/json\r\n",
		"the page of another origin":        "Host: " + address + "\r\nOrigin: http://evil.example\r\nContent-Type: application/json\r\n",
		"a page without an origin":          "Host: " + address + "\r\nOrigin: null\r\nContent-Type: application/json\r\n",
		"a browser's word on the page":      "Host: " + address + "\r\nSec-Fetch-Site: cross-site\r\nContent-Type: application/json\r\n",
	} {
		if got := create(fields); !strings.HasPrefix(got, "HTTP/1.1 403") {
			t.Errorf("%s: %q", what, got)
		}
	}
	if got := create("Host: " + address + "\r\nContent-Type: text/plain\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("a form: %q", got)
	}
	if got := output(t, d.tug("volume", "ls", "-q")); got != "" {
		t.Errorf("there are the volumes %s", got)
	}
	for _, host := range []string{address, "localhost:" + port} {
		resp, err := http.Get("http://" + host + "/_ping")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", host, resp.Status)
		}
	}
	log, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	if !strings.Contains(string(log), "every user of this host can be root through it") {
		t.Error("the log has no warning")
	}
}

// TestNoDaemonListensToTheNetworkWithoutTLS holds that nobody opens this host to others by mistake.
func TestNoDaemonListensToTheNetworkWithoutTLS(t *testing.T) {
	needsEngine(t)
	bridge := forTug.name + "x"
	for _, host := range []string{"tcp://0.0.0.0:0", "tcp://:0", "tcp://[::]:0", "tcp://192.0.2.1:0"} {
		dir := t.TempDir()
		out, err := exec.Command(filepath.Join(forTug.bin, "tugd"), "-H", host, "--data-root", dir+"/d", "--exec-root", filepath.Join(forTug.dir, "x"),
			"--bridge", bridge, "--cgroup-parent", "/"+forTug.name, "--warm-slots", "0").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "loopback addresses alone") {
			t.Errorf("%s: %v: %s", host, err, out)
		}
		if _, err := net.InterfaceByName(bridge); err == nil {
			t.Errorf("%s: a daemon that does not start has made its bridge", host)
		}
	}
	os.RemoveAll(filepath.Join(forTug.dir, "x"))
}
