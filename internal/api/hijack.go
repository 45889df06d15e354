package api

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Media types of the streams that a hijacked connection or a log carries.
const (
	rawStream         = "application/vnd.docker.raw-stream"
	multiplexedStream = "application/vnd.docker.multiplexed-stream"
)

// streamType is the content type of a container's output: multiplexed frames, or bytes as they come from a terminal.
// Before 1.42 both were called raw.
func (c *call) streamType(tty bool) string {
	if tty || c.before(42) {
		return rawStream
	}
	return multiplexedStream
}

// conversation is a connection taken over from HTTP: bytes both ways, each of which can be closed by itself.
type conversation struct {
	net.Conn

	ended   chan struct{} // closed once all that the client has sent is read
	endOnce sync.Once

	mu    sync.Mutex // guards what follows
	early []byte     // what came together with the request and was not read yet
	begun bool       // somebody reads
}

// Read gives what came with the request first.
func (s *conversation) Read(p []byte) (int, error) {
	s.mu.Lock()
	s.begun = true
	n := copy(p, s.early)
	s.early = s.early[n:]
	s.mu.Unlock()
	if n > 0 {
		return n, nil
	}
	n, err := s.Conn.Read(p)
	if err != nil {
		s.endOnce.Do(func() { close(s.ended) })
	}
	return n, err
}

// CloseWrite tells the client that nothing more will come, while it may still send.
func (s *conversation) CloseWrite() error {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return s.Conn.Close()
}

// lingering is how long a client may go on sending after the end of what it is attached to.
const lingering = 10 * time.Second

// linger ends the conversation without losing its last bytes: a socket closed over input that nobody read would reset the
// connection. The client is told that nothing more will come, and closes its side.
func (s *conversation) linger() {
	defer s.Close()
	if s.CloseWrite() != nil || s.SetReadDeadline(time.Now().Add(lingering)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, s)
}

// serve takes the connection over, answers, and runs the session on it until its end. After that no error can be sent any more.
func (c *call) serve(session *Session) error {
	stream, err := c.hijack(session.TTY)
	if err != nil {
		session.Leave()
		return err
	}
	ctx, cancel := stream.whileThere(c.ctx())
	defer cancel()
	stream.awaitHead()
	if err := session.Serve(ctx, stream); err != nil {
		c.log.Debug("attached stream ended", "path", c.r.URL.Path, "error", err)
	}
	stream.linger()
	return nil
}

// hijack takes the connection over and sends the head of the answer: 101 to a client that asked to upgrade, or the 200 that older
// clients, which take the connection over without asking, expect.
func (c *call) hijack(tty bool) (*conversation, error) {
	if err := c.dropBody(); err != nil {
		return nil, err
	}
	var head strings.Builder
	status := http.StatusOK
	if c.r.Header.Get("Upgrade") != "" {
		status = http.StatusSwitchingProtocols
		head.WriteString("HTTP/1.1 101 UPGRADED\r\nContent-Type: " + c.streamType(tty) + "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n")
	} else {
		head.WriteString("HTTP/1.1 200 OK\r\nContent-Type: " + rawStream + "\r\n")
	}
	_ = c.w.Header().Write(&head) // a strings.Builder takes everything
	head.WriteString("\r\n")
	return c.takeOver(status, head.String())
}

// takeOver takes the connection over and sends the head of the answer.
func (c *call) takeOver(status int, head string) (*conversation, error) {
	conn, buf, err := http.NewResponseController(c.w.ResponseWriter).Hijack()
	if err != nil {
		return nil, err
	}
	c.w.status = status
	if _, err := conn.Write([]byte(head)); err != nil {
		conn.Close()
		return nil, err
	}
	early, _ := buf.Peek(buf.Reader.Buffered()) // cannot fail: it is there
	return &conversation{Conn: conn, early: early, ended: make(chan struct{})}, nil
}
