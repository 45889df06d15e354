package connection

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errhttp"
	"github.com/moby/moby/api/types/common"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"tug/internal/frame"
)

// ErrNoRun says that the daemon cannot run a container in one call: it is Docker's, or an older one.
var ErrNoRun = errors.New("the daemon cannot run a container in one call")

// Run is what a container is run from in one call.
type Run struct {
	Name, Platform        string
	Body                  any  // of a create request
	Detach                bool // start it and stay not with it
	Stdin, Stdout, Stderr bool // the streams to be attached to
}

// Running is a container that runs, with the connection that carries its streams.
type Running struct {
	ID       string
	Warnings []string
	conn     net.Conn
	from     *bufio.Reader
}

// Run creates a container and starts it in one round trip, on a connection of its own and without a goroutine: POST
// /tug/run, which is tug's own. If the container was made but not started, both a Running (with its ID) and the error are
// given. Errors: ErrNoRun, NotFound (no such image), and those of the daemon.
func (c *Client) Run(ctx context.Context, r Run) (*Running, error) {
	body, err := json.Marshal(r.Body)
	if err != nil {
		return nil, err
	}
	conn, err := c.dial(ctx, "", "")
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	if _, err := conn.Write(c.runRequest(r, body)); err != nil {
		conn.Close()
		return nil, err
	}
	from := bufio.NewReaderSize(conn, 32<<10)
	resp, err := http.ReadResponse(from, nil)
	if !stop() && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	run := &Running{ID: resp.Header.Get("Tug-Container"), conn: conn, from: from}
	switch resp.StatusCode {
	case http.StatusSwitchingProtocols:
		run.Warnings = warnings(resp.Header.Get("Tug-Warnings"))
		return run, nil
	case http.StatusCreated:
		defer conn.Close()
		var created container.CreateResponse
		err := json.NewDecoder(resp.Body).Decode(&created)
		run.Warnings = created.Warnings
		return run, err
	}
	defer conn.Close()
	err = refusal(resp, ErrNoRun)
	if run.ID == "" {
		return nil, err
	}
	return run, err
}

// runRequest is the whole request, to be written at once.
func (c *Client) runRequest(r Run, body []byte) []byte {
	query := url.Values{}
	for key, value := range map[string]string{"name": r.Name, "platform": r.Platform} {
		if value != "" {
			query.Set(key, value)
		}
	}
	for key, on := range map[string]bool{"detach": r.Detach, "stdin": r.Stdin, "stdout": r.Stdout, "stderr": r.Stderr} {
		if on {
			query.Set(key, "1")
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /v%s/tug/run?%s HTTP/1.1\r\n%s", client.MaxAPIVersion, query.Encode(), c.requestHeaders())
	fmt.Fprintf(&b, "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
	b.Write(body)
	return b.Bytes()
}

// requestHeaders are the lines that every request written by hand has.
func (c *Client) requestHeaders() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Host: %s\r\nUser-Agent: %s\r\n", c.hostHeader(), c.options.UserAgent)
	for name, value := range c.options.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", name, strings.Map(printable, value))
	}
	return b.String()
}

// hostHeader names the daemon by its address, where it has one that a name can stand for.
func (c *Client) hostHeader() string {
	if address, ok := strings.CutPrefix(c.options.Host.URL, "tcp://"); ok {
		host, _, _ := strings.Cut(address, "/")
		return host
	}
	return client.DummyHost
}

// printable drops the characters that would end a header.
func printable(r rune) rune {
	if r < ' ' {
		return -1
	}
	return r
}

func warnings(header string) (list []string) {
	if data, err := base64.StdEncoding.DecodeString(header); err == nil {
		_ = json.Unmarshal(data, &list) // what cannot be read is no warning
	}
	return list
}

// refusal is the daemon's error as the client library gives it, or unknown if the daemon does not know the call.
func refusal(resp *http.Response, unknown error) error {
	err := daemonError(resp)
	if !strings.HasPrefix(resp.Header.Get("Server"), "Tug/") || isPageNotFound(err) {
		return unknown
	}
	return err
}

// isPageNotFound tells whether the daemon does not know the call.
func isPageNotFound(err error) bool { return strings.HasSuffix(err.Error(), ": page not found") }

// daemonError is what the daemon refuses with, with its class.
func daemonError(resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	var message common.ErrorResponse
	if json.Unmarshal(data, &message) != nil || message.Message == "" {
		message.Message = strings.TrimSpace(string(data))
	}
	text := fmt.Errorf("Error response from daemon: %s", message.Message) //nolint:staticcheck // docker's words
	if class := errhttp.ToNative(resp.StatusCode); class != nil && !errors.Is(class, errdefs.ErrUnknown) {
		return classed{text, class}
	}
	return text
}

// classed is an error of a class that its words do not name.
type classed struct{ words, class error }

func (c classed) Error() string { return c.words.Error() }
func (c classed) Unwrap() error { return c.class }

// CloseWrite ends the container's standard input.
func (r *Running) CloseWrite() error {
	if half, ok := r.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Write gives the container input.
func (r *Running) Write(p []byte) (int, error) { return r.conn.Write(p) }

// Close lets go of the container.
func (r *Running) Close() error { return r.conn.Close() }

// Output copies the container's output until its end and gives its exit code.
func (r *Running) Output(out, errs io.Writer) (code int, err error) {
	var head [frame.HeadSize]byte
	for {
		if _, err := io.ReadFull(r.from, head[:]); err != nil {
			return 0, lost(err)
		}
		size := int64(frame.Size(head[:]))
		to := out
		switch head[0] {
		case frame.Stderr:
			to = errs
		case frame.Stdout:
		case frame.Exit:
			var code [4]byte
			_, err := io.ReadFull(r.from, code[:])
			return int(int32(binary.BigEndian.Uint32(code[:]))), lost(err)
		default:
			return 0, fmt.Errorf("the daemon sent a frame of the unknown stream %d", head[0])
		}
		if _, err := io.CopyN(to, r.from, size); err != nil {
			return 0, lost(err)
		}
	}
}

// lost says what the end of a connection before its last frame means.
func lost(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrGone
	}
	return err
}
