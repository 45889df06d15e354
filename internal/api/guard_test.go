package api

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestWebPagesAreKeptOut(t *testing.T) {
	srv := httptest.NewServer(New(Options{Engine: newFake(), Log: quietLog(), Hosts: []string{"build.example"}}))
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	for _, tt := range []struct {
		host, header string
		status       int
	}{
		{addr, "", 200},
		{"localhost:" + port, "", 200},
		{"LOCALHOST", "", 200},
		{"[::1]:" + port, "", 200},
		{"[::1]", "", 200},
		{"build.example:" + port, "", 200},
		{"evil.example:" + port, "", 403},
		{"", "", 403},
		{addr, "Origin: http://evil.example", 403},
		{addr, "Origin: null", 403},
		{addr, "Origin: http://" + addr, 200},
		{addr, "Sec-Fetch-Site: cross-site", 403},
		{addr, "Sec-Fetch-Site: none", 200},
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		header := ""
		if tt.header != "" {
			header = tt.header + "\r\n"
		}
		fmt.Fprintf(conn, "GET /_ping HTTP/1.1\r\nHost: %s\r\n%s\r\n", tt.host, header)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("Host %q, %q: got %d, want %d", tt.host, tt.header, resp.StatusCode, tt.status)
		}
	}
}
