package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
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

func TestNonsensePlatformsAreRefused(t *testing.T) {
	socket := serve(t, newFake())
	for path, words := range map[string]string{
		"DELETE /images/a?platforms=nonsense":                            `failed to parse platform "nonsense": give JSON such as {"os":"linux","architecture":"arm64"}: `,
		"DELETE /images/a?platforms=":                                    `failed to parse platform ""`,
		`DELETE /images/a?platforms={"os":7}`:                            "failed to parse platform",
		"DELETE /images/a?platforms={}":                                  "both OS and Architecture must be provided",
		`DELETE /images/a?platforms={"os":"linux","architecture":"a!"}`:  `invalid platform "linux/a!": give OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64`,
		`GET /images/a/json?platform={"os":"linux","architecture":"a!"}`: `invalid platform "linux/a!"`,
		`GET /images/a/get?platform={"os":"linux"}`:                      "both OS and Architecture must be provided",
		`POST /images/load?platform=linux`:                               "failed to parse platform",
		`POST /build?platform=a!`:                                        `invalid platform "a!"`,
	} {
		var doc struct{ Message string }
		got := request(t, socket, path, "")
		if err := json.Unmarshal([]byte(got.body), &doc); err != nil || got.status != 400 || !strings.HasPrefix(doc.Message, words) {
			t.Errorf("%s: got %d %s, want 400 and %q", path, got.status, got.body, words)
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

// TestNamesByLinks: a name that another's link gives has a slash in it.
func TestNamesByLinks(t *testing.T) {
	socket := serve(t, newFake())
	for path, want := range map[string]string{
		"GET /v1.50/containers/web/db/json":  "No such container: web/db",
		"GET /containers//web/json/json":     "No such container: web/json",
		"GET /containers/web%2Fdb/json":      "No such container: web/db",
		"DELETE /containers//web/db?link=1":  `container web has no link "db"`,
		"DELETE /containers//web/json?link=": "No such container: web/json",
	} {
		if got := request(t, socket, path, ""); got.status != 404 || !strings.Contains(got.body, strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := request(t, socket, "DELETE /containers/web?link=1", ""); got.status != 400 || !strings.Contains(got.body, "/web/db") {
		t.Errorf("a link without an alias: %d %s", got.status, got.body)
	}
	for path, want := range map[string]string{
		"GET /containers/json":                  "/containers/json",
		"GET /containers/web/json":              "/containers/web/json",
		"GET /containers/web/attach/ws":         "/containers/web/attach/ws",
		"GET /containers/web/db/attach/ws":      "/containers/web%2Fdb/attach/ws",
		"POST /containers/web/attach/attach":    "/containers/web%2Fattach/attach",
		"POST /tug/containers/web/logs/clear":   "/tug/containers/web/logs/clear",
		"POST /tug/containers/w/db/logs/clear":  "/tug/containers/w%2Fdb/logs/clear",
		"GET /images/containers/web/db/history": "/images/containers/web/db/history",
	} {
		method, path, _ := strings.Cut(path, " ")
		if got := escapeLinkName(method, path); got != want {
			t.Errorf("%s %s: %s", method, path, got)
		}
	}
}

func TestParametersReachTheEngine(t *testing.T) {
	for path, want := range map[string]string{
		"POST /containers/web/stop":                  "stop web signal= t=-",
		"POST /containers/web/stop?t=0&signal=INT":   "stop web signal=INT t=0",
		"POST /v1.41/containers/web/stop?signal=INT": "stop web signal= t=-",
		"POST /containers/web/kill?signal=9":         "kill web 9",
		"POST /containers/web/rename?name=new":       "rename web new",
		"POST /containers/web/resize?h=24&w=80":      "resize web 24 80",
		"POST /exec/0/resize?h=24&w=80":              "exec resize 0 24 80",
		"DELETE /containers/web?v=1&force=false":     "remove force=false volumes=true",
		"GET /containers/web/top?ps_args=aux":        "top web aux",
		"DELETE /images/a/b/c:1?noprune=1":           "remove image a/b/c:1 force=false noprune=true",
		`DELETE /images/a?force=1&platforms={"os":"linux","architecture":"arm64"}&platforms={"os":"linux","architecture":"amd64"}`: "remove image a force=true noprune=falselinux/arm64 linux/amd64",
		`GET /images/a/b/get?platform={"os":"linux","architecture":"arm64"}`:                                                       "save [a/b]linux/arm64",
		`GET /images/nginx/attestations?type=a&platform={"os":"linux","architecture":"arm64"}`:                                     "attestations nginx linux/arm64 map[a:true]",
		"POST /images/nginx/tag?repo=x&tag=2":                                                                                      "tag nginx docker.io/library/x:2",
		"GET /images/get?names=a&names=b":                                                                                          "save [a b]",
		"GET /images/a/b/get":                                                                                                      "save [a/b]",
		"POST /images/nginx/push?tag=1":                                                                                            "push docker.io/library/nginx:1 ",
		"POST /images/nginx/push":                                                                                                  "tags of docker.io/library/nginx",
		"POST /images/create?fromSrc=http://x/y&repo=a&tag=1":                                                                      `import from http://x/y docker.io/library/a:1 ""`,
		"POST /images/create?fromImage=nginx&tag=1":                                                                                "pull docker.io/library/nginx:1  ",
		"POST /images/create?fromImage=a/b:2&platform=x/y":                                                                         "pull docker.io/a/b:2 x/y ",
		"POST /images/create?fromImage=a/b&platform=x/y":                                                                           "pull all of docker.io/a/b x/y",
		"GET /images/search?term=web":                                                                                              "search web 25 map[]",
		`GET /images/search?term=web&limit=3&filters={"stars":["2"]}`:                                                              "search web 3 map[stars:[2]]",
		"GET /distribution/reg.test:5000/a/b:1/json":                                                                               "distribution reg.test:5000/a/b:1",
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
		"POST /images/create":                        "neither fromImage nor fromSrc",
		"POST /containers/web/start?checkpoint=x":    "checkpoints",
		"POST /images/nginx/tag?repo=x&tag=not%20ok": "invalid tag",
	} {
		if got := request(t, serve(t, newFake()), path, ""); got.status != 400 || !strings.Contains(got.body, words) {
			t.Errorf("%s: got %d %s, want 400 and %s", path, got.status, got.body, words)
		}
	}
}
