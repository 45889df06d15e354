package connection

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/moby/moby/api/types/common"
	"github.com/moby/moby/client"
)

// Plan asks tugd by which system calls it would start the container that request describes, and
// copies the answer, a text for people, to out. It is tug's own call, which the client library does
// not have: POST /tug/plan with the body of a create request.
func (c *Client) Plan(ctx context.Context, name string, request any, out io.Writer) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	query := url.Values{}
	if name != "" {
		query.Set("name", name)
	}
	address := url.URL{Scheme: "http", Host: client.DummyHost, Path: "/tug/plan", RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")

	transport := &http.Transport{DialContext: c.dial}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return planError(resp)
	}
	_, err = io.Copy(out, resp.Body)
	return err
}

// planError reads the daemon's refusal.
func planError(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	var message common.ErrorResponse
	if json.Unmarshal(body, &message) == nil && message.Message != "" {
		return fmt.Errorf("Error response from daemon: %s", message.Message) //nolint:staticcheck // docker's words
	}
	if resp.StatusCode == http.StatusNotFound {
		return fmt.Errorf("this daemon cannot show plans: it is not tugd, or an older one")
	}
	return fmt.Errorf("Error response from daemon: %s", strings.TrimSpace(string(body)))
}
