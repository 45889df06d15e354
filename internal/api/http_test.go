package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/logs/logread"
)

// answer is what came back of a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// request sends a request to a fake engine on a unix socket. The path starts with "METHOD ".
func request(t *testing.T, socket, path, body string, header ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(path, " ")
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://tug"+path, r)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := client(socket).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(all)}
}

func TestVersions(t *testing.T) {
	socket := serve(t, newFake())
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/_ping":             {200, "OK"},
		"/v1.24/_ping":       {200, "OK"},
		"/v1.56/_ping":       {200, "OK"},
		"/v1.57/_ping":       {400, `{"message":"client version 1.57 is too new. Maximum supported API version is 1.56"}` + "\n"},
		"/v1.99/version":     {400, `{"message":"client version 1.99 is too new. Maximum supported API version is 1.56"}` + "\n"},
		"/v2.0/version":      {400, `{"message":"client version 2.0 is too new. Maximum supported API version is 1.56"}` + "\n"},
		"/v1.23/version":     {400, "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n"},
		"/v1/version":        {400, "client version 1 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n"},
		"/nothing":           {404, `{"message":"page not found"}` + "\n"},
		"/v1.50/nothing":     {404, `{"message":"page not found"}` + "\n"},
		"/vnext/_ping":       {404, `{"message":"page not found"}` + "\n"},
		"/containers/create": {404, `{"message":"page not found"}` + "\n"}, // with GET
	} {
		got := request(t, socket, "GET "+path, "")
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s: got %d %q, want %d %q", path, got.status, got.body, want.status, want.body)
		}
	}
}

func TestPingTellsClientsWhatToSpeak(t *testing.T) {
	socket := serve(t, newFake())
	for _, method := range []string{"GET", "HEAD"} {
		got := request(t, socket, method+" /_ping", "")
		for name, want := range map[string]string{
			"Api-Version": "1.56", "Builder-Version": "2", "Docker-Experimental": "false", "Ostype": "linux", "Server": "Tug/1.2.3 (linux)",
			"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Swarm": "inactive",
		} {
			if got.status != 200 || got.header.Get(name) != want {
				t.Errorf("%s: %d, %s: got %q, want %q", method, got.status, name, got.header.Get(name), want)
			}
		}
	}
	if got := request(t, socket, "HEAD /info", ""); got.status != 404 {
		t.Errorf("HEAD of what is only there to GET: %d", got.status)
	}
}

func TestErrorsHaveDockersStatuses(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		body   string
	}{
		{fmt.Errorf("no such container: web: %w", errdefs.ErrNotFound), 404, "no such container: web"},
		{fmt.Errorf("start: %w", fmt.Errorf("bad name: %w", errdefs.ErrInvalidArgument)), 400, "start: bad name"},
		{fmt.Errorf("in use: %w", errdefs.ErrConflict), 409, "in use"},
		{fmt.Errorf("in use: %w", errdefs.ErrAlreadyExists), 409, "in use"},
		{fmt.Errorf("is paused: %w", errdefs.ErrFailedPrecondition), 409, "is paused"},
		{fmt.Errorf("who: %w", errdefs.ErrUnauthenticated), 401, "who"},
		{fmt.Errorf("not you: %w", errdefs.ErrPermissionDenied), 403, "not you"},
		{fmt.Errorf("not here: %w", errdefs.ErrNotImplemented), 501, "not here"},
		{fmt.Errorf("registry: %w", errdefs.ErrUnavailable), 503, "registry"},
		{fmt.Errorf("running: %w", errdefs.ErrNotModified), 304, ""},
		{io.ErrUnexpectedEOF, 500, "unexpected EOF"},
	} {
		fake := newFake()
		fake.fail = tt.err
		got := request(t, serve(t, fake), "POST /v1.50/containers/web/start", "")
		want := ""
		if tt.body != "" {
			want = fmt.Sprintf("{\"message\":%q}\n", tt.body)
		}
		if got.status != tt.status || got.body != want {
			t.Errorf("%v: got %d %q, want %d %q", tt.err, got.status, got.body, tt.status, want)
		}
	}
}

func TestBodies(t *testing.T) {
	socket := serve(t, newFake())
	for name, tt := range map[string]struct {
		body, contentType string
		status            int
		words             string
	}{
		"good":            {`{"Image":"x"}`, "application/json", 201, ""},
		"with charset":    {`{"Image":"x"}`, "application/json; charset=utf-8", 201, ""},
		"none":            {"", "application/json", 400, "invalid JSON: got EOF while reading request body"},
		"empty config":    {"{}", "application/json", 400, "config cannot be empty in order to create a container"},
		"not JSON":        {"{", "application/json", 400, "invalid JSON: "},
		"wrong type":      {`{"Image":5}`, "application/json", 400, "invalid JSON: "},
		"more than one":   {`{"Image":"x"}{}`, "application/json", 400, "unexpected content after JSON"},
		"form":            {"a=b", "application/x-www-form-urlencoded", 400, "unsupported Content-Type header (application/x-www-form-urlencoded): must be 'application/json'"},
		"plain text":      {`{"Image":"x"}`, "text/plain", 400, "unsupported Content-Type header (text/plain)"},
		"malformed":       {`{"Image":"x"}`, ";", 400, "malformed Content-Type header (;)"},
		"bad port":        {`{"Image":"x","ExposedPorts":{"x/tcp":{}}}`, "application/json", 400, "invalid JSON: "},
		"too large":       {`{"Image":"` + strings.Repeat("x", maxBody) + `"}`, "application/json", 413, "larger than"},
		"foreign options": {`{"Image":"x","HostConfig":{"CpuCount":2}}`, "application/json", 400, "Windows"},
	} {
		got := request(t, socket, "POST /containers/create", tt.body, "Content-Type: "+tt.contentType)
		if got.status != tt.status || !strings.Contains(got.body, tt.words) {
			t.Errorf("%s: got %d %q, want %d and %q", name, got.status, got.body, tt.status, tt.words)
		}
	}
}

func TestPathsAsClientsWriteThem(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	for _, path := range []string{
		"GET /containers/web/json", "GET /v1.30/containers//web/json", "GET /containers/%2Fweb/json", "GET /images/nginx/json",
		"GET /images/docker.io/library/nginx:latest/json", "GET /images/docker.io%2Flibrary%2Fnginx:latest/json", "GET /images/nginx/history",
	} {
		if got := request(t, socket, path, ""); got.status != 200 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"GET /images/nginx/unknown", "GET /images/nginx", "GET /containers/web/../web/json/x", "POST /images/nginx"} {
		if got := request(t, socket, path, ""); got.status != 404 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestParametersReachTheEngine(t *testing.T) {
	for path, want := range map[string]string{
		"POST /containers/web/stop":                      "stop web signal= t=-",
		"POST /containers/web/stop?t=0&signal=INT":       "stop web signal=INT t=0",
		"POST /v1.41/containers/web/stop?signal=INT":     "stop web signal= t=-",
		"POST /containers/web/kill?signal=9":             "kill web 9",
		"POST /containers/web/rename?name=new":           "rename web new",
		"POST /containers/web/resize?h=24&w=80":          "resize web 24 80",
		"POST /exec/0/resize?h=24&w=80":                  "exec resize 0 24 80",
		"DELETE /containers/web?v=1&force=false":         "remove force=false volumes=true",
		"GET /containers/web/top?ps_args=aux":            "top web aux",
		"DELETE /images/a/b/c:1?noprune=1":               "remove image a/b/c:1 force=false noprune=true",
		"POST /images/nginx/tag?repo=x&tag=2":            "tag nginx docker.io/library/x:2",
		"GET /images/get?names=a&names=b":                "save [a b]",
		"GET /images/a/b/get":                            "save [a/b]",
		"POST /images/create?fromImage=nginx&tag=1":      "pull docker.io/library/nginx:1  ",
		"POST /images/create?fromImage=a/b&platform=x/y": "pull docker.io/a/b:latest x/y ",
	} {
		fake := newFake()
		request(t, serve(t, fake), path, "")
		if len(fake.called) == 0 || fake.called[0] != want {
			t.Errorf("%s: the engine was asked to %q, want %q", path, fake.called, want)
		}
	}
	for path, words := range map[string]string{
		"POST /containers/web/stop?t=soon":           "soon",
		"POST /containers/web/resize?h=x&w=80":       "invalid resize height",
		"POST /containers/web/resize?h=1&w=70000":    "value out of range",
		"POST /containers/web/wait?condition=dawn":   "invalid condition: \\\"dawn\\\"",
		"GET /containers/json?limit=few":             "few",
		"GET /containers/json?filters=%7B":           "invalid filter",
		"GET /containers/web/logs":                   "you must choose at least one stream",
		"GET /containers/web/logs?stdout=1&since=x":  "invalid value",
		"POST /images/create?fromImage=UPPER":        "invalid reference format",
		"POST /images/create?fromSrc=http://x":       "fetch",
		"POST /containers/web/start?checkpoint=x":    "checkpoints",
		"POST /images/nginx/tag?repo=x&tag=not%20ok": "invalid tag",
	} {
		if got := request(t, serve(t, newFake()), path, ""); got.status != 400 || !strings.Contains(got.body, words) {
			t.Errorf("%s: got %d %s, want 400 and %s", path, got.status, got.body, words)
		}
	}
}

func TestWaitIsAcknowledgedBeforeItIsOver(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	fake.runs(func(io.Reader, io.Writer) int { return 42 })
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	resp, err := client(socket).Post("http://tug/containers/web/wait?condition=next-exit", "", nil)
	if err != nil {
		t.Fatal(err) // the head would not have come before the container ended, which is not even started
	}
	defer resp.Body.Close()
	request(t, socket, "POST /containers/web/start", "")
	var got struct{ StatusCode int }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.StatusCode != 42 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAttachSpeaksOldAndNew(t *testing.T) {
	for name, tt := range map[string]struct {
		version, upgrade string
		tty              bool
		first, kind      string
	}{
		"new":          {"/v1.50", "Upgrade: tcp\r\nConnection: Upgrade\r\n", false, "HTTP/1.1 101 UPGRADED", multiplexedStream},
		"terminal":     {"/v1.50", "Upgrade: tcp\r\nConnection: Upgrade\r\n", true, "HTTP/1.1 101 UPGRADED", rawStream},
		"before 1.42":  {"/v1.41", "Upgrade: tcp\r\nConnection: Upgrade\r\n", false, "HTTP/1.1 101 UPGRADED", rawStream},
		"no upgrading": {"/v1.50", "", false, "HTTP/1.1 200 OK", rawStream},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newFake()
			fake.runs(func(in io.Reader, out io.Writer) int {
				all, _ := io.ReadAll(in)
				out.Write(all)
				return 0
			})
			socket := serve(t, fake)
			request(t, socket, "POST /containers/create?name=web", fmt.Sprintf(`{"Image":"x","Tty":%t,"OpenStdin":true}`, tt.tty))
			conn, err := net.Dial("unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			// The first bytes of input come in the same packet as the request.
			fmt.Fprintf(conn, "POST %s/containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: tug\r\n%s\r\nearly ", tt.version, tt.upgrade)
			r := bufio.NewReader(conn)
			first, _ := r.ReadString('\n')
			head := map[string]string{}
			for {
				line, err := r.ReadString('\n')
				if err != nil || line == "\r\n" {
					break
				}
				key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				head[key] = value
			}
			if strings.TrimSpace(first) != tt.first || head["Content-Type"] != tt.kind || head["Api-Version"] != MaxVersion {
				t.Errorf("answer: %q %v", first, head)
			}
			request(t, socket, "POST /containers/web/start", "")
			io.WriteString(conn, "late")
			conn.(*net.UnixConn).CloseWrite()
			got, _ := io.ReadAll(r)
			want := "early late"
			if !tt.tty {
				want = "\x01\x00\x00\x00\x00\x00\x00\x0a" + want
			}
			if string(got) != want {
				t.Errorf("stream: got %q, want %q", got, want)
			}
		})
	}
}

func TestLogs(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 60, time.UTC)
	fake := newFake()
	fake.entries = []logread.Entry{
		{Stream: "stdout", Time: at, Line: []byte("one\n")},
		{Stream: "stderr", Time: at, Line: []byte("two\n"), Attrs: map[string]string{"b": "2", "a": "1&"}},
	}
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	request(t, socket, "POST /containers/create?name=term", `{"Image":"x","Tty":true}`)
	for path, want := range map[string]string{
		"/containers/web/logs?stdout=1&stderr=1":                "\x01\x00\x00\x00\x00\x00\x00\x04one\n\x02\x00\x00\x00\x00\x00\x00\x04two\n",
		"/containers/web/logs?stdout=1":                         "\x01\x00\x00\x00\x00\x00\x00\x04one\n",
		"/containers/web/logs?stderr=1&details=1":               "\x02\x00\x00\x00\x00\x00\x00\x0fa=1%26,b=2 two\n",
		"/containers/web/logs?stdout=1&timestamps=1":            "\x01\x00\x00\x00\x00\x00\x00\x232026-01-02T03:04:05.000000060Z one\n",
		"/containers/term/logs?stdout=1&stderr=1":               "one\ntwo\n",
		"/containers/term/logs?stdout=1&follow=1&timestamps=1":  "2026-01-02T03:04:05.000000060Z one\n",
		"/v1.41/containers/web/logs?stdout=1&tail=all&follow=1": "\x01\x00\x00\x00\x00\x00\x00\x04one\n",
	} {
		if got := request(t, socket, "GET "+path, ""); got.status != 200 || got.body != want {
			t.Errorf("%s: got %d %q, want %q", path, got.status, got.body, want)
		}
	}
	request(t, socket, "GET /containers/web/logs?stdout=1&tail=7&since=100&until=200.5", "")
	if got := fake.called[len(fake.called)-1]; got != "logs tail=7 follow=false since=100 until=200" {
		t.Errorf("the engine was asked for %s", got)
	}
}

func TestFollowedLogsComeAsTheyAreWritten(t *testing.T) {
	fake := newFake()
	fake.entries = []logread.Entry{{Stream: "stdout", Line: []byte("now\n")}}
	gone := make(chan struct{})
	fake.logsEnd = func(ctx context.Context) error {
		<-ctx.Done()
		close(gone)
		return ctx.Err()
	}
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x","Tty":true}`)
	resp, err := client(socket).Get("http://tug/containers/web/logs?stdout=1&follow=1")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "now\n" {
		t.Errorf("got %q, %v", got, err)
	}
	resp.Body.Close()
	<-gone // the engine's reader ends with the client
}

func TestFollowedLogsOfNothingAnswerAtOnce(t *testing.T) {
	fake := newFake()
	fake.logsEnd = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	resp, err := client(socket).Get("http://tug/containers/web/logs?stdout=1&follow=1")
	if err != nil {
		t.Fatal(err) // the head has to come although there is no entry
	}
	resp.Body.Close()
}

func TestLogErrors(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	fake.logsEnd = func(context.Context) error {
		return fmt.Errorf("configured logging driver does not support reading: %w", errdefs.ErrNotImplemented)
	}
	for _, follow := range []string{"0", "1"} {
		if got := request(t, socket, "GET /containers/web/logs?stdout=1&follow="+follow, ""); got.status != 501 {
			t.Errorf("before the first entry, follow=%s: %d %q", follow, got.status, got.body)
		}
	}
	fake.entries = []logread.Entry{{Stream: "stdout", Line: []byte("one\n")}}
	got := request(t, socket, "GET /containers/web/logs?stdout=1", "")
	if got.status != 200 || !strings.Contains(got.body, "\x03\x00\x00\x00") || !strings.Contains(got.body, "Error grabbing logs: configured") {
		t.Errorf("after it: %d %q", got.status, got.body)
	}
}

func TestWebPagesAreKeptOut(t *testing.T) {
	srv := httptest.NewServer(New(Options{Engine: newFake(), Log: quietLog(), Hosts: []string{"build.example"}}))
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	for _, tt := range []struct {
		host, header string
		status       int
	}{
		{addr, "", 200},
		{"localhost:" + port, "", 200},
		{"LOCALHOST", "", 200},
		{"[::1]:" + port, "", 200},
		{"[::1]", "", 200},
		{"build.example:" + port, "", 200},
		{"evil.example:" + port, "", 403},
		{"", "", 403},
		{addr, "Origin: http://evil.example", 403},
		{addr, "Origin: null", 403},
		{addr, "Origin: http://" + addr, 200},
		{addr, "Sec-Fetch-Site: cross-site", 403},
		{addr, "Sec-Fetch-Site: none", 200},
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		header := ""
		if tt.header != "" {
			header = tt.header + "\r\n"
		}
		fmt.Fprintf(conn, "GET /_ping HTTP/1.1\r\nHost: %s\r\n%s\r\n", tt.host, header)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("Host %q, %q: got %d, want %d", tt.host, tt.header, resp.StatusCode, tt.status)
		}
	}
}

func TestPlanIsText(t *testing.T) {
	got := request(t, serve(t, newFake()), "POST /tug/plan?name=web", `{"Image":"nginx"}`)
	if got.status != 200 || got.body != "plan of nginx\n" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %d %q %v", got.status, got.body, got.header)
	}
}

func TestUpdateTellsNoneFromAsBefore(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/web/update", `{"PidsLimit":-1,"BlkioDeviceReadBps":[],"RestartPolicy":{"Name":"always"}}`)
	if u := fake.updated; u.PidsLimit == nil || *u.PidsLimit != 0 || u.BlkioDeviceReadBps == nil || u.BlkioDeviceWriteBps != nil {
		t.Errorf("got %+v", u)
	}
	if got := fake.called[0]; got != "update web policy=&{always 0}" {
		t.Errorf("got %s", got)
	}
	if got := request(t, socket, "POST /containers/web/update", `{"RestartPolicy":{"Name":"sometimes"}}`); got.status != 400 {
		t.Errorf("policy that is none: %d %s", got.status, got.body)
	}
}

func TestPruneLeavesWhatRuns(t *testing.T) {
	fake := newFake()
	hold := make(chan struct{})
	defer close(hold)
	fake.runs(func(io.Reader, io.Writer) int { <-hold; return 0 })
	socket := serve(t, fake)
	for name, label := range map[string]string{"up": "a", "keep": "keep", "go": "a"} {
		request(t, socket, "POST /containers/create?name="+name, `{"Image":"x","Labels":{"`+label+`":""}}`)
	}
	request(t, socket, "POST /containers/up/start", "")
	got := request(t, socket, `POST /containers/prune?filters={"label!":["keep"]}`, "")
	if got.status != 200 || strings.Count(got.body, "000") == 0 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	var left []string
	for _, r := range fake.List() {
		left = append(left, r.Name)
	}
	if len(left) != 2 || fmt.Sprint(left) != "[up keep]" && fmt.Sprint(left) != "[keep up]" {
		t.Errorf("left are %v", left)
	}
	if got := request(t, socket, `POST /containers/prune?filters={"until":["1h"]}`, ""); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := request(t, socket, `POST /containers/prune?filters={"name":["x"]}`, ""); got.status != 400 {
		t.Errorf("filter that it does not have: %d %s", got.status, got.body)
	}
}

func FuzzFilters(f *testing.F) {
	f.Add(`{"status":{"exited":true}}`)
	f.Add(`{"status":["exited"]}`)
	f.Add(`[]`)
	f.Fuzz(func(_ *testing.T, s string) {
		filters, err := parseFilters(s)
		if err == nil {
			_, _ = container.Query{
				Filters:     filters,
				FromImage:   func(string) (func(*container.Record) bool, error) { return nil, errdefs.ErrNotFound },
				NetworkName: func(s string) string { return s },
			}.Select(nil)
		}
	})
}

func FuzzCreate(f *testing.F) {
	f.Add(`{"Image":"x","Cmd":"sh","HostConfig":{"PortBindings":{"80/tcp":null},"Mounts":[{"Type":"tmpfs","Target":"/x"}]}}`, 24)
	f.Add(`{"MacAddress":"02:42:ac:11:00:02","NetworkingConfig":{"EndpointsConfig":{"default":null}}}`, 43)
	f.Fuzz(func(_ *testing.T, body string, minor int) {
		r := httptest.NewRequest(http.MethodPost, "/containers/create", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		c := &call{r: r, version: version(minor)}
		c.w.ResponseWriter = httptest.NewRecorder()
		_, _, _ = c.takeCreate()
	})
}
