package crash

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// upgrade sends a request after whose answer the connection carries streams, and gives the connection, of which nothing has
// been read but the answer's head.
func (d *daemon) upgrade(path string, body any) (net.Conn, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	c, err := net.Dial("unix", d.socket())
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\nConnection: Upgrade\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(text), text)
	answer, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
	if err == nil && answer.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("%s: %s", path, answer.Status)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// TestClientsThatNeverReadCostNothing attaches, and executes what says more than any buffer takes, again and again, by
// clients that read nothing of it and go.
func TestClientsThatNeverReadCostNothing(t *testing.T) {
	d := newDaemon(t, "busybox")
	d.must("run", "-d", "--name", "talks", "busybox", "sh", "-c", "while :; do head -c 4000 /dev/zero | tr '\\0' x; echo; sleep 0.1; done")
	d.run("other")
	round := func(i int) {
		var made struct{ ID string }
		err := d.ask("POST", "/containers/talks/exec", map[string]any{"Cmd": []string{"head", "-c", "4000000", "/dev/zero"}, "AttachStdout": true}, &made)
		if err != nil {
			t.Error(err)
			return
		}
		for path, body := range map[string]any{
			"/exec/" + made.ID + "/start":                map[string]any{},
			"/containers/talks/attach?stream=1&stdout=1": nil,
		} {
			c, err := d.upgrade(path, body)
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		}
	}
	count := int(setting(t, "TUG_LOAD_ROUNDS", rounds))
	times(count/2, round) // the first ones fill what is kept for who asks: ended execs, events
	shim := d.shim("talks")
	quiet := func() bool { return !strings.Contains(d.must("top", "talks"), "head -c 4000000") }
	d.eventually("the commands have ended", quiet)
	before, memory, shimMemory, shimFiles := d.usage(), resident(d.cmd.Process.Pid), resident(shim), len(descriptorsOf(shim))
	times(count, round)
	d.eventually("the commands have ended", quiet)
	var now usage
	const slack = 16 << 10 // KiB
	if !await(func() bool {
		now = d.usage()
		return now.descriptors <= before.descriptors+spare && now.goroutines <= before.goroutines+spare && len(descriptorsOf(shim)) <= shimFiles+spare &&
			resident(d.cmd.Process.Pid) < memory+slack && resident(shim) < shimMemory+slack
	}) {
		t.Errorf("the daemon had %+v and %d KiB, and has %+v and %d KiB; the shim %d descriptors and %d KiB, now %d and %d KiB", before, memory,
			now, resident(d.cmd.Process.Pid), shimFiles, shimMemory, len(descriptorsOf(shim)), resident(shim))
	}
	d.goesOn("other", 1)
	t.Logf("after %d rounds: %+v, was %+v; the daemon has %d KiB, had %d; the shim %d, had %d", count, now, before,
		resident(d.cmd.Process.Pid), memory, resident(shim), shimMemory)
}

// TestClientsThatStayAndNeverReadHurtNobody keeps many such clients: what they were sent is bounded, and others are served.
func TestClientsThatStayAndNeverReadHurtNobody(t *testing.T) {
	d := newDaemon(t, "busybox")
	d.must("run", "-d", "--name", "talks", "busybox", "sleep", "100000")
	d.run("other")
	shim := d.shim("talks")
	memory, shimMemory := resident(d.cmd.Process.Pid), resident(shim)
	const clients = 50
	for range clients {
		var made struct{ ID string }
		if err := d.ask("POST", "/containers/talks/exec", map[string]any{"Cmd": []string{"cat", "/dev/zero"}, "AttachStdout": true}, &made); err != nil {
			t.Fatal(err)
		}
		c, err := d.upgrade("/exec/"+made.ID+"/start", map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	d.goesOn("other", 1)
	if text, code, err := d.exec("talks", false, "echo", "hello"); text != "hello\n" || code != 0 {
		t.Errorf("an exec beside them says %q, %d, %v", text, code, err)
	}
	const each = 1 << 10 // KiB
	if now, then := resident(d.cmd.Process.Pid)-memory, resident(shim)-shimMemory; now > clients*each || then > clients*each {
		t.Errorf("%d clients cost the daemon %d KiB and the shim %d KiB", clients, now, then)
	}
	d.must("stop", "-t", "0", "talks")
	d.goesOn("other", 1)
}
