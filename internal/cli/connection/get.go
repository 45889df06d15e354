package connection

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// answer is a daemon's answer on a connection of its own.
type answer struct {
	*http.Response
	conn net.Conn
	stop func() bool
}

// get sends a request that is written by hand: on a connection of its own, without a goroutine and without asking for versions first. The
// connection is closed when ctx ends.
func (c *Client) get(ctx context.Context, path string, query url.Values) (*answer, error) {
	conn, err := c.dial(ctx, "", "")
	if err != nil {
		return nil, err
	}
	a := &answer{conn: conn, stop: context.AfterFunc(ctx, func() { conn.Close() })}
	if _, err = fmt.Fprintf(conn, "GET %s?%s HTTP/1.1\r\n%s\r\n", path, query.Encode(), c.requestHeaders()); err == nil {
		a.Response, err = http.ReadResponse(bufio.NewReaderSize(conn, 64<<10), nil)
	}
	if err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *answer) close() error {
	a.stop()
	return a.conn.Close()
}
