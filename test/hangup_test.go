package test

import (
	"io"
	"net"
	"os"
	"strconv"
	"testing"
)

// descriptors tells how many the daemon has open.
func (d *daemon) descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/" + strconv.Itoa(d.cmd.Process.Pid) + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A client that goes, without a word from the container that would be sent to it in vain, leaves nothing open in the daemon.
func TestClientsThatGoLeaveNoDescriptors(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t, "--warm-slots", "0")
	const each = 10
	const silent = `{"Image":"busybox","Cmd":["sleep","1000"],"OpenStdin":true,"StdinOnce":true}`
	output(t, d.tug("run", "-d", "--name", "silent", "busybox", "sleep", "1000"))
	output(t, d.tug("create", "-i", "--name", "created", "busybox", "sleep", "1000"))
	before := d.descriptors(t)
	for range each {
		if status, answer := d.request(t, "POST", "/tug/run?detach=1", silent); status != 201 {
			t.Fatalf("%d: %s", status, answer)
		}
	}
	running := max(d.descriptors(t)-before, 0) // is what as many more running containers take

	before = d.descriptors(t)
	var clients []*net.UnixConn
	for range each {
		_, exec := d.request(t, "POST", "/containers/silent/exec", `{"Cmd":["sleep","1000"],"AttachStdin":true,"AttachStdout":true}`)
		for path, body := range map[string]string{
			"/containers/silent/attach?stream=1&stdout=1&stdin=1":  "",
			"/containers/created/attach?stream=1&stdout=1&stdin=1": "",
			"/tug/run?stdin=1&stdout=1":                            silent,
			"/exec/" + idIn(t, exec) + "/start":                    "{}",
		} {
			clients = append(clients, d.upgrade(t, path, body))
		}
	}
	if got := d.descriptors(t); got < before+len(clients) {
		t.Errorf("with %d clients the daemon has %d descriptors, and had %d: they are not counted", len(clients), got, before)
	}
	for i, c := range clients {
		if i%2 == 0 {
			c.Write([]byte("a last word")) // which the one that waits for the start does not read
		}
		c.Close()
	}
	// Each exec that goes on is waited for.
	most := before + running + each + 3
	var got int
	eventually(t, "the daemon closes what it has for clients that are gone", func() bool {
		got = d.descriptors(t)
		return got <= most
	})
	t.Logf("descriptors: %d, then %d; %d for %d more containers", before, got, running, each)
}

// A client that is done with sending is not gone.
func TestAClientThatOnlyEndsItsInputIsServedOn(t *testing.T) {
	needsEngine(t)
	d := forTug
	output(t, d.tug("create", "-i", "--name", "half-closed", "busybox", "sh", "-c", "cat; sleep 0.2; echo over"))
	defer func() { output(t, d.tug("rm", "-f", "half-closed")) }()
	conn := d.upgrade(t, "/containers/half-closed/attach?stream=1&stdout=1&stdin=1", "")
	defer conn.Close()
	conn.Write([]byte("in"))
	conn.CloseWrite()
	output(t, d.tug("start", "half-closed"))
	got := make([]byte, len("\x01\x00\x00\x00\x00\x00\x00\x02in")+len("\x01\x00\x00\x00\x00\x00\x00\x05over\n"))
	if _, err := io.ReadFull(conn, got); err != nil || string(got[8:10]) != "in" || string(got[18:]) != "over\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
