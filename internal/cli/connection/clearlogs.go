package connection

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/moby/moby/client"
)

var errNoClear = errors.New("this daemon cannot empty a log: it is not tugd, or an older one")

// ClearLogs empties the log of a container, which is tug's own: POST /tug/containers/ID/logs/clear.
func (c *Client) ClearLogs(ctx context.Context, container string) error {
	address := url.URL{Scheme: "http", Host: client.DummyHost}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address.JoinPath("tug", "containers", container, "logs", "clear").String(), http.NoBody)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: c.dial}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		if err := daemonError(resp); !isPageNotFound(err) {
			return err
		}
		return errNoClear
	}
	return nil
}
