package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestWaitIsAcknowledgedBeforeItIsOver(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	fake.runs(func(io.Reader, io.Writer) int { return 42 })
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	resp, err := client(socket).Post("http://tug/containers/web/wait?condition=next-exit", "", nil)
	if err != nil {
		t.Fatal(err) // the head would not have come before the container ended, which is not even started
	}
	defer resp.Body.Close()
	request(t, socket, "POST /containers/web/start", "")
	var got struct{ StatusCode int }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.StatusCode != 42 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAttachSpeaksOldAndNew(t *testing.T) {
	for name, tt := range map[string]struct {
		version, upgrade string
		tty              bool
		first, kind      string
	}{
		"new":          {"/v1.50", "Upgrade: tcp\r\nConnection: Upgrade\r\n", false, "HTTP/1.1 101 UPGRADED", multiplexedStream},
		"terminal":     {"/v1.50", "Upgrade: tcp\r\nConnection: Upgrade\r\n", true, "HTTP/1.1 101 UPGRADED", rawStream},
		"before 1.42":  {"/v1.41", "Upgrade: tcp\r\nConnection: Upgrade\r\n", false, "HTTP/1.1 101 UPGRADED", rawStream},
		"no upgrading": {"/v1.50", "", false, "HTTP/1.1 200 OK", rawStream},
		"with a body":  {"/v1.50", "Upgrade: tcp\r\nConnection: Upgrade\r\nContent-Length: 15\r\n", false, "HTTP/1.1 101 UPGRADED", multiplexedStream},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newFake()
			fake.runs(func(in io.Reader, out io.Writer) int {
				all, _ := io.ReadAll(in)
				out.Write(all)
				return 0
			})
			socket := serve(t, fake)
			request(t, socket, "POST /containers/create?name=web", fmt.Sprintf(`{"Image":"x","Tty":%t,"OpenStdin":true}`, tt.tty))
			conn, err := net.Dial("unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			body := ""
			if strings.Contains(tt.upgrade, "Content-Length") {
				body = `{"stream":true}` // which dockerode sends, and nobody reads
			}
			// The first bytes of input come in the same packet as the request.
			fmt.Fprintf(conn, "POST %s/containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: tug\r\n%s\r\n%searly ", tt.version, tt.upgrade, body)
			r := bufio.NewReader(conn)
			first, _ := r.ReadString('\n')
			head := map[string]string{}
			for {
				line, err := r.ReadString('\n')
				if err != nil || line == "\r\n" {
					break
				}
				key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				head[key] = value
			}
			if strings.TrimSpace(first) != tt.first || head["Content-Type"] != tt.kind || head["Api-Version"] != MaxVersion {
				t.Errorf("answer: %q %v", first, head)
			}
			request(t, socket, "POST /containers/web/start", "")
			io.WriteString(conn, "late")
			conn.(*net.UnixConn).CloseWrite()
			got, _ := io.ReadAll(r)
			want := "early late"
			if !tt.tty {
				want = "\x01\x00\x00\x00\x00\x00\x00\x0a" + want
			}
			if string(got) != want {
				t.Errorf("stream: got %q, want %q", got, want)
			}
		})
	}
}

func TestNothingFollowsTheHeadBeforeThatIsRead(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s := &conversation{Conn: server, ended: make(chan struct{})}
	written := make(chan error, 1)
	go func() {
		_, err := s.Write([]byte("head"))
		s.awaitHead()
		_, _ = s.Write([]byte("output"))
		written <- err
	}()
	got := make([]byte, 100)
	if n, err := client.Read(got); err != nil || string(got[:n]) != "head" {
		t.Errorf("first comes %q, %v", got[:n], err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(got); err != nil || string(got[:n]) != "output" {
		t.Errorf("then comes %q, %v", got[:n], err)
	}
}
