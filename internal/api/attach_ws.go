package api

import (
	"context"
	"net/http"

	"golang.org/x/net/websocket"

	"tug/internal/frame"
)

// containerAttachWebsocket joins a client to the standard streams of a container over a web socket. A web socket has frames of
// its own, so that output comes as it is, standard output and error mixed.
func containerAttachWebsocket(c *call) error {
	session, err := c.engine.Attach(c.ctx(), c.id(), c.attachOptions())
	if err != nil {
		return err
	}
	taken := false
	server := websocket.Server{Handler: func(conn *websocket.Conn) {
		taken = true
		c.serveWebsocket(conn, session)
	}}
	c.w.status = http.StatusSwitchingProtocols // or 400, which the server says to who speaks no web socket
	server.ServeHTTP(c.w.ResponseWriter, c.r)
	if !taken {
		session.Leave()
	}
	return nil
}

func (c *call) serveWebsocket(conn *websocket.Conn, session *Session) {
	conn.PayloadType = websocket.BinaryFrame
	if c.before(28) {
		conn.PayloadType = websocket.TextFrame
	}
	ctx, gone := context.WithCancel(c.ctx())
	defer gone()
	client := &webClient{Conn: conn, gone: gone, plain: session.TTY, output: frame.Contents{To: conn}}
	if err := session.Serve(ctx, client); err != nil {
		c.log.Debug("attached web socket ended", "path", c.r.URL.Path, "error", err)
	}
	conn.Close()
}

// webClient is a client's side of a session over a web socket, which cannot be closed on one side alone: who does not read any
// more has gone.
type webClient struct {
	*websocket.Conn
	gone   func()
	plain  bool // output has no frames that are to be taken away
	output frame.Contents
}

// Read gives what the client sends.
func (w *webClient) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err != nil {
		w.gone()
	}
	return n, err
}

// Write sends output without the frames that tell standard output from error.
func (w *webClient) Write(p []byte) (int, error) {
	if w.plain {
		return w.Conn.Write(p)
	}
	return w.output.Write(p)
}

// CloseWrite tells the client that nothing more will come, and with it that nothing more is taken.
func (w *webClient) CloseWrite() error { return w.Close() }
