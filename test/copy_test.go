package test

import (
	"archive/tar"
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/websocket"
)

// tarOf is an archive of files by name.
func tarOf(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAContainerThatSwapsLinksReachesNothingOutside copies out of and into folders that a container swaps for links which lead to a
// folder of the host all the time: one of its own, and one that the host has shown it.
func TestAContainerThatSwapsLinksReachesNothingOutside(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	outside, shown := filepath.Join(d.dir, "outside"), filepath.Join(d.dir, "shown")
	for _, dir := range []string{outside, shown} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(outside, "f")
	if err := os.WriteFile(secret, []byte("secret of the host"), 0o644); err != nil {
		t.Fatal(err)
	}
	const swap = `swap() { mkdir -p $1/real; echo mine >$1/real/f; while :; do ln -s $2 $1/d; rm $1/d; mv $1/real $1/d; mv $1/d $1/real; done; }; swap /own $0 & swap /shown $0`
	output(t, d.tug("run", "-d", "--name", "swapper", "-v", shown+":/shown", "busybox", "sh", "-c", swap, strings.Repeat("../", 30)+outside[1:]))
	into := tarOf(t, map[string]string{"f": "overwritten", "new/f": "new"})
	answers := map[int]int{}
	for range 200 {
		for _, folder := range []string{"/own/d", "/shown/d"} {
			for _, path := range []string{folder, folder + "/", folder + "/f"} {
				status, answer := d.request(t, "GET", "/containers/swapper/archive?path="+path, "")
				if strings.Contains(answer, "secret of the host") {
					t.Fatalf("%s gave a file of the host", path)
				}
				answers[status]++
			}
			status, _ := d.request(t, "PUT", "/containers/swapper/archive?path="+folder, into)
			answers[status]++
		}
	}
	got, _ := os.ReadFile(secret)
	names, _ := filepath.Glob(outside + "/*")
	if string(got) != "secret of the host" || len(names) != 1 {
		t.Errorf("outside there is %v, with %q", names, got)
	}
	if answers[200] == 0 || answers[404] == 0 || answers[500] > 0 {
		t.Errorf("answers by status: %v", answers)
	}
}

// TestWhoDoesNotReadAnExportHoldsUpNobody begins to read the archives of containers, and leaves it at that.
func TestWhoDoesNotReadAnExportHoldsUpNobody(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	output(t, d.tug("run", "-d", "--name", "runs", "busybox", "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=20; exec sleep 1000"))
	output(t, d.tug("create", "--name", "created", "busybox", "true"))
	output(t, d.tug("run", "--name", "ended", "busybox", "dd", "if=/dev/zero", "of=/big", "bs=1M", "count=20"))
	for _, path := range []string{"/containers/runs/export", "/containers/runs/archive?path=/", "/containers/ended/export", "/containers/ended/archive?path=/"} {
		conn, err := net.Dial("unix", strings.TrimPrefix(d.host(), "unix://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: tug\r\n\r\n")
		if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	output(t, d.tug("start", "ended"))
	output(t, d.tug("rm", "-f", "runs", "created", "ended"))
}

// TestWebsocketsReachContainers types into a container over a web socket.
func TestWebsocketsReachContainers(t *testing.T) {
	t.Parallel()
	needsEngine(t)
	d := forDocker
	id := output(t, d.tug("run", "-d", "-i", "busybox", "sh", "-c", "echo before; read word; echo got $word; read word; echo oops >&2; read end"))
	t.Cleanup(func() { d.tug("rm", "-f", id).Run() })
	eventually(t, "the container prints", func() bool { return output(t, d.tug("logs", id)) != "" })
	config, err := websocket.NewConfig("ws://tug/v1.41/containers/"+id+"/attach/ws?logs=1&stream=1&stdin=1&stdout=1&stderr=1", "http://tug")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", strings.TrimPrefix(d.host(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ws, err := websocket.NewClient(config, conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range [][2]string{{"hello\n", "before\ngot hello\n"}, {"again\n", "oops\n"}} {
		io.WriteString(ws, said[0])
		want := said[1]
		got := make([]byte, len(want))
		if _, err := io.ReadFull(ws, got); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	io.WriteString(ws, "end\n")
	if rest, err := io.ReadAll(ws); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
}
