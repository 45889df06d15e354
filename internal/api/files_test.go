package api

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestFilesReachTheEngine(t *testing.T) {
	for path, want := range map[string]string{
		"GET /containers/web/archive?path=/a/.":                           "copy out of web /a/.",
		"PUT /containers/web/archive?path=d":                              `copy into web d "{}" kind=false user=false`,
		"PUT /containers/web/archive?path=d&noOverwriteDirNonDir=true":    `copy into web d "{}" kind=true user=false`,
		"PUT /containers/web/archive?path=d&copyUIDGID=1":                 `copy into web d "{}" kind=false user=true`,
		"GET /containers/web/changes":                                     "changes web",
		"GET /containers/web/export":                                      "export web",
		"POST /commit?container=web":                                      `commit web as "" author= comment= pause=true changes=[] cmd=[]`,
		"POST /commit?container=web&repo=a/b&pause=0&changes=X&changes=Y": `commit web as "docker.io/a/b:latest" author= comment= pause=false changes=["X" "Y"] cmd=[]`,
		"POST /commit?container=web&repo=b&tag=2&author=me&comment=c":     `commit web as "docker.io/library/b:2" author=me comment=c pause=true changes=[] cmd=[]`,
	} {
		fake := newFake()
		request(t, serve(t, fake), path, "{}")
		if len(fake.called) == 0 || fake.called[0] != want {
			t.Errorf("%s: the engine was asked to %q, want %q", path, fake.called, want)
		}
	}
	fake := newFake()
	request(t, serve(t, fake), "POST /commit?container=web", `{"Cmd":["a","b"]}`)
	if want := `cmd=["a" "b"]`; len(fake.called) == 0 || !strings.HasSuffix(fake.called[0], want) {
		t.Errorf("the engine was asked to %q, want %s", fake.called, want)
	}
}

func TestFilesAsClientsSeeThem(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	const stat = `{"name":"f","size":3,"mode":134218148,"mtime":"2001-09-09T01:46:40Z","linkTarget":"/to"}`
	for _, path := range []string{"HEAD /containers/web/archive?path=/f", "GET /containers/web/archive?path=/f"} {
		got := request(t, socket, path, "")
		text, err := base64.StdEncoding.DecodeString(got.header.Get("X-Docker-Container-Path-Stat"))
		if err != nil || got.status != 200 || string(text) != stat {
			t.Errorf("%s: %d %s", path, got.status, text)
		}
	}
	for path, want := range map[string]string{
		"GET /containers/web/archive?path=/f":    "an archive",
		"GET /containers/web/export":             "all files",
		"GET /containers/web/changes":            `[{"Kind":1,"Path":"/a"},{"Kind":2,"Path":"/b"}]`,
		"GET /containers/unchanged/changes":      "null",
		"POST /commit?container=web":             `{"Id":"sha256:1"}`,
		"GET /containers/web/json?size=1":        `"SizeRw":7,"SizeRootFs":1007`,
		"GET /containers/json?size=1&all=1":      `"SizeRw":7,"SizeRootFs":1007`,
		"GET /containers/web/archive":            "'path' cannot be empty",
		"HEAD /containers/web/archive":           "",
		"POST /commit?container=web&repo=UPPER":  "invalid reference format",
		"POST /commit?container=web&repo=a&tag=": `{"Id":"sha256:1"}`,
	} {
		if got := request(t, socket, path, ""); !strings.Contains(got.body, want) {
			t.Errorf("%s: got %s, want %s", path, got.body, want)
		}
	}
	if got := request(t, socket, "GET /containers/web/json", ""); strings.Contains(got.body, "SizeRw") {
		t.Error("sizes that nobody asked for")
	}
}

// TestContainersThatCannotBeMeasuredAreListed holds that only those that are gone are left out of lists with sizes.
func TestContainersThatCannotBeMeasuredAreListed(t *testing.T) {
	socket := serve(t, newFake())
	for _, name := range []string{"web", "unmeasurable", "removed"} {
		request(t, socket, "POST /containers/create?name="+name, `{"Image":"x"}`)
	}
	for _, path := range []string{"/containers/json?size=1&all=1", "/v1.51/system/df", "/v1.52/system/df?verbose=1"} {
		got := request(t, socket, "GET "+path, "")
		if got.status != 200 || !strings.Contains(got.body, `/unmeasurable"`) || !strings.Contains(got.body, `/web"`) || strings.Contains(got.body, `/removed"`) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
		if n := strings.Count(got.body, `"SizeRw":7`); n != 1 {
			t.Errorf("%s: %d containers have a size: %s", path, n, got.body)
		}
	}
}
