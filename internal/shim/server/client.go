package server

import (
	"errors"
	"os"
	"sync"
	"time"

	"tug/internal/frame"
	"tug/internal/shim"
)

// client is an attached connection.
type client struct {
	conn *conn
	want shim.Attach
	tty  bool
	gone chan struct{} // closed once nothing more is written to it
	once sync.Once

	writes sync.Mutex // guards late and rest
	late   bool       // the process has ended and the client does not read: what is left is kept for it
	rest   []byte
}

func (c *client) leave() { c.once.Do(func() { close(c.gone) }) }

// maxRest bounds in bytes what is kept for a client that does not read.
const maxRest = 1 << 20

// give writes a piece of output to the client, framed unless there is a terminal.
func (c *client) give(stream byte, p []byte) error {
	if !c.tty {
		p = frame.Append(make([]byte, 0, frame.HeadSize+len(p)), stream, p)
	}
	c.writes.Lock()
	defer c.writes.Unlock()
	if !c.late {
		n, err := c.conn.Write(p)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		c.late, p = true, p[n:]
	}
	if len(c.rest)+len(p) > maxRest {
		return errors.New("the client reads too slowly")
	}
	c.rest = append(c.rest, p...)
	return nil
}

// finish gives the client what is kept for it, and lets it go.
func (c *client) finish() {
	defer c.leave()
	c.writes.Lock()
	defer c.writes.Unlock()
	if len(c.rest) > 0 {
		c.conn.SetWriteDeadline(time.Time{})
		c.conn.Write(c.rest)
		c.rest = nil
	}
}
