package api

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A TCP connection that is closed over input which nobody has read takes what was sent along.
func TestRunOverTCPLosesNothingThoughInputWasNotRead(t *testing.T) {
	fake := newFake()
	fake.runs(func(_ io.Reader, out io.Writer) int {
		io.WriteString(out, "done\n")
		return 7
	})
	srv := httptest.NewServer(New(Options{Engine: fake, Log: quietLog(), Version: "1.2.3"}))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"Image":"x","OpenStdin":true}`
	fmt.Fprintf(conn, "POST /tug/run?stdin=1&stdout=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: tcp\r\nConnection: Upgrade\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := conn.Write(bytes.Repeat([]byte("x"), 16<<20)); err != nil {
		t.Errorf("send input: %v", err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", resp, err)
	}
	got, err := io.ReadAll(r)
	if want := "\x01\x00\x00\x00\x00\x00\x00\x05done\n\x05\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x07"; string(got) != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
