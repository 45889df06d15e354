package test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// request sends a request to the daemon as no command line would, and gives the answer's status and body.
func (d *daemon) request(t *testing.T, method, path, body string) (status int, answer string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", strings.TrimPrefix(d.host(), "unix://"))
	}}}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://tug"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// upgrade sends a POST whose connection becomes a stream, and returns when it is one.
func (d *daemon) upgrade(t *testing.T, path, body string) *net.UnixConn {
	t.Helper()
	conn, err := net.Dial("unix", strings.TrimPrefix(d.host(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: tug\r\nUpgrade: tcp\r\nConnection: Upgrade\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%s: %v, %v", path, resp, err)
	}
	return conn.(*net.UnixConn)
}

// idIn gives the ID in an answer.
func idIn(t *testing.T, answer string) string {
	t.Helper()
	var made struct {
		ID string `json:"Id"`
	}
	if err := json.Unmarshal([]byte(answer), &made); err != nil || made.ID == "" {
		t.Fatalf("%s: %v", answer, err)
	}
	return made.ID
}

func TestAnExecInAPausedContainerIsRefusedAndCanBeStartedLater(t *testing.T) {
	needsEngine(t)
	d := forTug
	output(t, d.tug("run", "-d", "--name", "exec-paused", "busybox", "sleep", "1000"))
	defer func() { output(t, d.tug("rm", "-f", "exec-paused")) }()
	_, made := d.request(t, "POST", "/containers/exec-paused/exec", `{"Cmd":["true"]}`)
	start := "/exec/" + idIn(t, made) + "/start"
	output(t, d.tug("pause", "exec-paused"))
	if status, answer := d.request(t, "POST", start, `{"Detach":true}`); status != http.StatusConflict || !strings.Contains(answer, "is paused") {
		t.Errorf("%d: %s", status, answer)
	}
	output(t, d.tug("unpause", "exec-paused"))
	if status, answer := d.request(t, "POST", start, `{"Detach":true}`); status != http.StatusOK {
		t.Errorf("once it goes on: %d: %s", status, answer)
	}
}
