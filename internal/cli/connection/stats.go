package connection

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// ErrNoStats says that the daemon gives the figures of one container at a time only: it is Docker's, or an older one.
var ErrNoStats = errors.New("the daemon gives the figures of one container at a time only")

// StatsOptions say which containers' figures are wanted.
type StatsOptions struct {
	Containers []string // as people call them; none: those that run
	All        bool     // without names: those that do not run as well
	Stream     bool     // once a second
}

// Stats is what a container uses.
type Stats struct {
	Ref string `json:"ref"` // as it was asked for
	container.StatsResponse
}

// StatsStream gives the figures of many containers.
type StatsStream struct {
	conn    net.Conn
	decoder *json.Decoder
	stop    func() bool
}

// Stats asks for the figures of many containers in one call: GET /tug/stats, which is tug's own. The stream ends with ctx. Errors: ErrNoStats,
// NotFound, and those of the daemon.
func (c *Client) Stats(ctx context.Context, o StatsOptions) (*StatsStream, error) {
	query := url.Values{"container": o.Containers}
	for key, on := range map[string]bool{"all": o.All, "stream": o.Stream} {
		if on {
			query.Set(key, "1")
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "GET /v%s/tug/stats?%s HTTP/1.1\r\n%s\r\n", client.MaxAPIVersion, query.Encode(), c.requestHeaders())
	conn, err := c.dial(ctx, "", "")
	if err != nil {
		return nil, err
	}
	s := &StatsStream{conn: conn, stop: context.AfterFunc(ctx, func() { conn.Close() })}
	resp, err := s.ask(b.String())
	if err != nil {
		s.Close()
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer s.Close()
		return nil, refusal(resp, ErrNoStats)
	}
	s.decoder = json.NewDecoder(resp.Body)
	return s, nil
}

func (s *StatsStream) ask(request string) (*http.Response, error) {
	if _, err := s.conn.Write([]byte(request)); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReaderSize(s.conn, 64<<10), nil)
}

// Next waits for the next figures of all containers. io.EOF says that there are no more.
func (s *StatsStream) Next() (all []Stats, err error) {
	err = s.decoder.Decode(&all)
	return all, err
}

// Close ends the stream.
func (s *StatsStream) Close() error {
	s.stop()
	return s.conn.Close()
}
