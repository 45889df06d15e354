package connection

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

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
	answer  *answer
	decoder *json.Decoder
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
	got, err := c.get(ctx, "/v"+client.MaxAPIVersion+"/tug/stats", query)
	if err != nil {
		return nil, err
	}
	if got.StatusCode != http.StatusOK {
		defer got.close()
		return nil, refusal(got.Response, ErrNoStats)
	}
	return &StatsStream{got, json.NewDecoder(got.Body)}, nil
}

// Next waits for the next figures of all containers. io.EOF says that there are no more.
func (s *StatsStream) Next() (all []Stats, err error) {
	err = s.decoder.Decode(&all)
	return all, err
}

// Close ends the stream.
func (s *StatsStream) Close() error { return s.answer.close() }
