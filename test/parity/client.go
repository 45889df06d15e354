package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// client speaks the API of a world's engine, in a version that each knows: what is done between rows must not depend on a
// command line under test.
type client struct{ http http.Client }

// errNotServed is the fault of a request that the engine has no answer for at all.
var errNotServed = errors.New("the engine does not serve this")

const apiVersion = "/v1.44"

func newClient(w world) *client {
	socket := strings.TrimPrefix(w.host(), "unix://")
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &client{http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// get reads what is at the path into the value, if there is one.
func (c *client) get(ctx context.Context, path string, into any) error {
	answer, err := c.do(ctx, http.MethodGet, path)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

func (c *client) do(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://engine"+apiVersion+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode == http.StatusNotFound && bytes.Contains(body, []byte("page not found")) {
		return nil, fmt.Errorf("%s %s: %w", method, path, errNotServed)
	}
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(body))
	}
	return body, err
}
