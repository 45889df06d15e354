package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tug/internal/cli"
	"tug/internal/cli/session"
)

// asTug makes a process of this test binary be tug: for tests that need a program of its own, with a
// terminal or signals.
const asTug = "TUG_TEST_BE_TUG"

func TestMain(m *testing.M) {
	if os.Getenv(asTug) != "" {
		os.Exit(cli.Main(append([]string{"tug"}, os.Args[1:]...), os.Stdin, os.Stdout, os.Stderr, os.Getenv, session.Version{Number: "test"}))
	}
	os.Exit(m.Run())
}

// daemon answers requests on a private socket as a test tells it to, and remembers them.
type daemon struct {
	t      *testing.T
	socket string

	mu       sync.Mutex
	handlers map[string]http.HandlerFunc // "POST /containers/create"
	requests []request
}

// request is one that arrived. The path is without the version.
type request struct {
	Method, Path, Query, Version string
	Body                         []byte
}

func (r request) String() string {
	text := r.Method + " " + r.Path
	if r.Query != "" {
		text += "?" + r.Query
	}
	return text
}

// newDaemon starts a daemon that lives as long as the test.
func newDaemon(t *testing.T) *daemon {
	t.Helper()
	folder, err := os.MkdirTemp("", "tug-cli") // t.TempDir's path can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	d := &daemon{t: t, socket: filepath.Join(folder, "d.sock"), handlers: map[string]http.HandlerFunc{}}
	listener, err := net.Listen("unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: d}}
	server.Start()
	t.Cleanup(server.Close)
	return d
}

// on says how requests are answered. A part {} of the path matches anything; the path with the fewest of
// them counts.
func (d *daemon) on(what string, handler http.HandlerFunc) *daemon {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handlers[what] = handler
	return d
}

// ServeHTTP implements http.Handler.
func (d *daemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, version := r.URL.Path, ""
	if strings.HasPrefix(path, "/v1.") {
		version, path, _ = strings.Cut(path[2:], "/")
		path = "/" + path
	}
	var body []byte
	if r.Header.Get("Upgrade") == "" || r.ContentLength > 0 {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	d.mu.Lock()
	d.requests = append(d.requests, request{r.Method, path, r.URL.Query().Encode(), version, body})
	handler := d.find(r.Method + " " + path)
	d.mu.Unlock()
	w.Header().Set("Api-Version", "1.56")
	w.Header().Set("Ostype", "linux")
	if handler == nil {
		refuse(w, http.StatusNotFound, "no such thing: "+path)
		return
	}
	handler(w, r)
}

func (d *daemon) find(what string) http.HandlerFunc {
	if handler := d.handlers[what]; handler != nil {
		return handler
	}
	asked := strings.Split(what, "/")
	var best http.HandlerFunc
	closest := -1
	for pattern, handler := range d.handlers {
		parts := strings.Split(pattern, "/")
		if len(parts) != len(asked) {
			continue
		}
		matches, literal := true, 0
		for i := range parts {
			matches = matches && (parts[i] == asked[i] || parts[i] == "{}")
			if parts[i] == asked[i] {
				literal++
			}
		}
		if matches && literal > closest {
			best, closest = handler, literal
		}
	}
	return best
}

// log lists the requests that arrived, in order.
func (d *daemon) log() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var lines []string
	for _, r := range d.requests {
		lines = append(lines, r.String())
	}
	return lines
}

// last gives the latest request to a path.
func (d *daemon) last(method, path string) request {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.requests) - 1; i >= 0; i-- {
		if d.requests[i].Method == method && d.requests[i].Path == path {
			return d.requests[i]
		}
	}
	d.t.Fatalf("no %s %s among %v", method, path, d.requests)
	return request{}
}

// answer gives a handler that answers with a value as JSON.
func answer(status int, value any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if value != nil {
			_ = json.NewEncoder(w).Encode(value)
		}
	}
}

// refuse answers as a daemon does that will not.
func refuse(w http.ResponseWriter, status int, message string) {
	answer(status, map[string]string{"message": message})(w, nil)
}

// refusal gives a handler that refuses.
func refusal(status int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { refuse(w, status, message) }
}

// result is how an invocation ended.
type result struct {
	code     int
	out, err string
}

// tug runs a command line in this process against the daemon, without a terminal.
func (d *daemon) tug(args ...string) result { return d.tugReading("", args...) }

// tugReading is tug with an input.
func (d *daemon) tugReading(input string, args ...string) result {
	d.t.Helper()
	home := d.t.TempDir()
	return tugIn(map[string]string{"TUG_HOST": "unix://" + d.socket, "TUG_CONFIG": home, "DOCKER_CONFIG": home}, input, args...)
}

// tugIn runs a command line in this process in an environment.
func tugIn(env map[string]string, input string, args ...string) result {
	getenv := func(name string) string { return env[name] }
	var out, errOut bytes.Buffer
	code := cli.Main(append([]string{"tug"}, args...), io.NopCloser(strings.NewReader(input)), &out, &errOut, getenv, session.Version{Number: "test"})
	return result{code, out.String(), errOut.String()}
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\n--- out\n%s--- err\n%s", r.code, r.out, r.err)
}
