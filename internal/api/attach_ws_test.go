package api

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/websocket"
)

// dialWebsocket attaches to a container over a web socket.
func dialWebsocket(t *testing.T, socket, path string) *websocket.Conn {
	t.Helper()
	config, err := websocket.NewConfig("ws://tug"+path, "http://tug")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ws, err := websocket.NewClient(config, conn)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func TestWebsocketsCarryPlainStreams(t *testing.T) {
	for _, tty := range []bool{false, true} {
		for version, kind := range map[string]byte{"/v1.50": websocket.BinaryFrame, "/v1.27": websocket.TextFrame} {
			fake := newFake()
			fake.runs(func(in io.Reader, out io.Writer) int {
				word := make([]byte, 5)
				io.ReadFull(in, word)
				out.Write([]byte(strings.ToUpper(string(word))))
				return 0
			})
			socket := serve(t, fake)
			request(t, socket, "POST /containers/create?name=web", fmt.Sprintf(`{"Image":"x","Tty":%t,"OpenStdin":true}`, tty))
			ws := dialWebsocket(t, socket, version+"/containers/web/attach/ws?stream=1&stdin=1&stdout=1")
			request(t, socket, "POST /containers/web/start", "")
			io.WriteString(ws, "hello")
			var got []byte
			frame, err := ws.NewFrameReader()
			if err != nil || frame.PayloadType() != kind {
				t.Fatalf("terminal %t, %s: frame %v, %v", tty, version, frame, err)
			}
			if got, err = io.ReadAll(frame); err != nil || string(got) != "HELLO" {
				t.Errorf("terminal %t, %s: %q, %v", tty, version, got, err)
			}
			if rest, err := io.ReadAll(ws); len(rest) > 0 || err != nil {
				t.Errorf("after the end: %q, %v", rest, err)
			}
		}
	}
}

func TestWhoSpeaksNoWebsocketIsRefused(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	if got := request(t, socket, "GET /containers/web/attach/ws?stream=1&stdout=1", ""); got.status != 400 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := request(t, socket, "GET /containers/none/attach/ws?stream=1&stdout=1", ""); got.status != 404 {
		t.Errorf("%d %s", got.status, got.body)
	}
}
