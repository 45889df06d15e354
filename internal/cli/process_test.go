package cli_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// process plays the process of a container: what arrives on its input, what it writes, how it ends.
type process struct {
	conn   *bufio.ReadWriter
	raw    net.Conn
	ended  chan struct{}
	once   sync.Once
	code   int
	starts chan struct{}
}

// container makes d play a container "c0ffee", whose process is play. It runs when the container is started,
// and its result is the exit code.
func (d *daemon) container(play func(p *process) int) *process {
	p := &process{ended: make(chan struct{}), starts: make(chan struct{})}
	d.on("POST /containers/create", answer(201, map[string]any{"Id": "c0ffee"}))
	d.on("POST /containers/{}/attach", p.attach)
	d.on("POST /containers/{}/wait", p.wait)
	d.on("POST /containers/{}/kill", answer(204, nil))
	d.on("POST /containers/{}/resize", answer(200, nil))
	d.on("POST /containers/{}/start", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		go p.run(play)
	})
	return p
}

// run plays the process to its end.
func (p *process) run(play func(*process) int) {
	close(p.starts)
	code := play(p)
	p.once.Do(func() {
		p.code = code
		close(p.ended)
	})
	if p.raw != nil {
		_ = p.raw.Close()
	}
}

// attach hands the connection over, as a daemon does.
func (p *process) attach(w http.ResponseWriter, _ *http.Request) {
	raw, conn, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	p.raw, p.conn = raw, conn
	_, _ = io.WriteString(raw, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
}

// wait answers with its header at once and with the exit code when there is one.
func (p *process) wait(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	select {
	case <-p.ended:
		_, _ = fmt.Fprintf(w, `{"StatusCode":%d}`, p.code)
	case <-r.Context().Done():
	}
}

// Write writes to the container's terminal.
func (p *process) Write(b []byte) (int, error) { return p.raw.Write(b) }

// stdout and stderr write to the streams of a container without a terminal.
func (p *process) stdout(text string) { p.frame(1, text) }
func (p *process) stderr(text string) { p.frame(2, text) }

func (p *process) frame(stream byte, text string) {
	header := []byte{stream, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	_, _ = p.raw.Write(append(header, text...))
}

// input reads all that arrives until the other side closes its half.
func (p *process) input() string {
	all, _ := io.ReadAll(p.conn)
	return string(all)
}

// line reads a line, with its end.
func (p *process) line() string {
	text, _ := p.conn.ReadString('\n')
	return text
}

// answerSignal sends the names of the signals that arrive to asked.
func answerSignal(asked chan<- string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		asked <- r.URL.Query().Get("signal")
	}
}

// streamForever answers with text, and does not end.
func streamForever(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, text)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}
