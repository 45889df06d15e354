package api

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tug/internal/build"
)

// takenOf reads a request for a build with the given parameters.
func takenOf(query string, header http.Header) (*build.Classic, error) {
	r := httptest.NewRequest(http.MethodPost, "/build?"+query, strings.NewReader("archive"))
	for k, v := range header {
		r.Header[k] = v
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	return (&call{r: r, query: values, version: 47}).takeBuild()
}

func TestBuildTakesEveryParameter(t *testing.T) {
	config := base64.URLEncoding.EncodeToString([]byte(`{"r.example":{"username":"u","password":"p"}}`))
	got, err := takenOf("dockerfile=df&t=a&t=b:2&t=a:latest&extrahosts=db:192.0.2.1&extrahosts=six=::1&nocache=1&pull=1&rm=1&forcerm=1&q=1&memory=1&memswap=-1&cpushares=2&cpusetcpus=0&cpuperiod=3&cpuquota=4"+
		"&shmsize=5&networkmode=none&platform=linux/arm64&target=t&isolation=default&cgroupparent=/p&buildid=x&version=1"+
		"&buildargs="+url.QueryEscape(`{"A":"b","unset":null}`)+"&labels="+url.QueryEscape(`{"l":"v"}`)+"&cachefrom="+url.QueryEscape(`["c"]`)+"&ulimits="+url.QueryEscape(`[{"Name":"nofile","Soft":1,"Hard":2}]`),
		http.Header{"X-Registry-Config": {config}})
	if err != nil {
		t.Fatal(err)
	}
	want := &build.Classic{
		Dockerfile: "df", Tags: []string{"docker.io/library/a:latest", "docker.io/library/b:2"}, Target: "t", Platform: "linux/arm64", Ref: "x", NoCache: true, Pull: true,
		CacheFrom: []string{"c"}, BuildArgs: map[string]string{"A": "b"}, Labels: map[string]string{"l": "v"}, Network: "none", CgroupParent: "/p",
		ExtraHosts: []string{"db:192.0.2.1", "six:::1"}, Ulimits: []build.Ulimit{{Name: "nofile", Soft: 1, Hard: 2}},
		Limits:      build.Limits{Memory: 1, MemorySwap: -1, CPUShares: 2, CPUPeriod: 3, CPUQuota: 4, CpusetCpus: "0", ShmSize: 5},
		Credentials: build.Credentials{"r.example": {Username: "u", Password: "p"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(build.Classic{}, "Context"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if got.Context == nil {
		t.Error("what is sent is not the context")
	}
}

func TestBuildKnowsWhereTheContextIs(t *testing.T) {
	for query, want := range map[string]build.Classic{
		"remote=https://a.example/x.git":               {Remote: "https://a.example/x.git"},
		"version=2&session=s&remote=client-session":    {Session: "s", Trace: true},
		"version=2&buildid=a&remote=upload-request":    {Trace: true, Upload: true},
		"version=2&session=s&remote=https://a.example": {Session: "s", Trace: true, Remote: "https://a.example"},
	} {
		got, err := takenOf(query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Context != nil || got.Remote != want.Remote || got.Session != want.Session || got.Trace != want.Trace || got.Upload != want.Upload {
			t.Errorf("%s: %+v", query, got)
		}
	}
}

func TestBuildRefusesInWords(t *testing.T) {
	for query, words := range map[string]string{
		"squash=1":                              "squash is not supported",
		"isolation=hyperv":                      "unsupported isolation",
		"securityopt=x":                         "security options are not supported",
		"version=3":                             "invalid version",
		"version=2&remote=client-session":       "no session is named",
		"version=2&remote=upload-request":       "come in another request",
		"buildid=a&remote=upload-request":       "come in another request",
		"t=A:b":                                 "invalid tag",
		"t=a@sha256:" + strings.Repeat("a", 64): "cannot contain a digest",
		"memory=x":                              "not a whole number",
		"shmsize=-1":                            "less than nothing",
		"buildargs=x":                           "error reading build args",
		"labels=[]":                             "error reading labels",
		"ulimits=[null]":                        "a limit is null",
		"platform=a/b/c/d":                      "invalid platform",
		"platform=linux/amd64,linux/arm64":      "name one platform",
		"outputs=" + url.QueryEscape(`[{"Type":"tar"}]`): "needs BuildKit",
	} {
		if _, err := takenOf(query, nil); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, which does not say %q", query, err, words)
		}
	}
}

// builtBy asks a server for a build, and gives the status and the answer.
func builtBy(t *testing.T, fake *fakeEngine, query string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	New(Options{Engine: fake, Log: quietLog()}).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/v1.47/build?"+query, strings.NewReader("archive")))
	return answer.Code, answer.Body.String()
}

func TestBuildAnswersAsDockerDoes(t *testing.T) {
	const id = `{"aux":{"ID":"sha256:abababababababababababababababababababababababababababababababab"}`
	for query, want := range map[string]string{
		"t=a":       `{"stream":"Step 1/1 : FROM scratch\n"}` + "\n" + `{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"layer"}` + "\n" + id + "}\n" + `{"stream":"Successfully built abababababab\n"}` + "\n" + `{"stream":"Successfully tagged a:latest\n"}` + "\n",
		"q=1":       `{"stream":"sha256:abababababababababababababababababababababababababababababababab\n"}` + "\n",
		"version=2": `{"id":"moby.buildkit.trace","aux":"dHJhY2U="}` + "\n" + `{"id":"moby.image.id",` + id[1:] + "}\n",
	} {
		status, got := builtBy(t, newFake(), query)
		if diff := cmp.Diff(want, got); status != http.StatusOK || diff != "" {
			t.Errorf("%s: status %d, %s", query, status, diff)
		}
	}
	failing := newFake()
	failing.buildFails = &build.Failed{Command: "/bin/sh -c false", Code: 3}
	status, got := builtBy(t, failing, "q=1")
	want := `{"stream":"Step 1/1 : RUN false\n"}` + "\n" + `{"errorDetail":{"code":3,"message":"The command '/bin/sh -c false' returned a non-zero code: 3"},"error":"The command '/bin/sh -c false' returned a non-zero code: 3"}` + "\n"
	if diff := cmp.Diff(want, got); status != http.StatusOK || diff != "" {
		t.Errorf("a build that fails: status %d, %s", status, diff)
	}
}

func TestWhatNamesABuildReachesIt(t *testing.T) {
	fake := newFake()
	for ask, want := range map[string]struct{ called, body string }{
		"POST /build?version=2&buildid=upload-request:a": {"upload a archive", ""},
		"POST /build/cancel?id=a":                        {"cancel a", ""},
		"POST /build/cancel":                             {"", "build ID not provided"},
	} {
		fake.called = nil
		got := request(t, serve(t, fake), ask, "archive")
		if status := map[bool]int{true: 200, false: 400}[want.body == ""]; got.status != status || !strings.Contains(got.body, want.body) || strings.Join(fake.called, " ") != want.called {
			t.Errorf("%s: %d %s, called %q", ask, got.status, got.body, fake.called)
		}
	}
}

// TestABuilderThatIsNotThereIsSaidBeforeAnUpgrade: after it no client could be told.
func TestABuilderThatIsNotThereIsSaidBeforeAnUpgrade(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
	}{{errdefs.ErrUnavailable, 503}, {errors.New("no room"), 500}} {
		f := newFake()
		f.buildFails = c.err
		url := serve(t, f)
		for _, path := range []string{"POST /grpc", "POST /session"} {
			got := request(t, url, path, "", "Connection: Upgrade", "Upgrade: h2c")
			if got.status != c.status || !strings.Contains(got.body, c.err.Error()) {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
	}
}
