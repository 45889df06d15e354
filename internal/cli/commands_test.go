package cli_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestManyAreDoneAtOnceAndToldInOrder(t *testing.T) {
	d := newDaemon(t)
	second := make(chan struct{})
	d.on("POST /containers/a/stop", func(w http.ResponseWriter, _ *http.Request) {
		<-second // answered only because b is asked for at the same time
		w.WriteHeader(http.StatusNoContent)
	})
	d.on("POST /containers/b/stop", func(w http.ResponseWriter, _ *http.Request) {
		close(second)
		w.WriteHeader(http.StatusNoContent)
	})
	r := d.tug("stop", "-t", "3", "a", "b", "nosuch")
	if r.code != 1 || r.out != "a\nb\n" || r.err != "Error response from daemon: no such thing: /containers/nosuch/stop\n" {
		t.Fatal(r)
	}
	if !slices.Contains(d.log(), "POST /containers/a/stop?t=3") {
		t.Errorf("requests: %q", d.log())
	}
}

func TestForcedRemovalOfWhatIsGoneIsNoError(t *testing.T) {
	d := newDaemon(t)
	d.on("DELETE /containers/a", answer(204, nil))
	if r := d.tug("rm", "-fv", "a", "gone"); r.code != 0 || r.out != "a\n" || r.err != "" {
		t.Error(r)
	}
	if r := d.tug("rm", "gone"); r.code != 1 {
		t.Error(r)
	}
}

func TestWaitPrintsExitCodes(t *testing.T) {
	d := newDaemon(t)
	d.on("POST /containers/a/wait", answer(200, map[string]any{"StatusCode": 0}))
	d.on("POST /containers/b/wait", answer(200, map[string]any{"StatusCode": 137}))
	if r := d.tug("wait", "a", "b"); r.code != 0 || r.out != "0\n137\n" {
		t.Error(r)
	}
}

func TestPsLooksLikeDockers(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /containers/json", answer(200, []map[string]any{{
		"Id": strings.Repeat("c0ffee", 10), "Names": []string{"/web"}, "Image": "busybox", "Command": "sleep 1000 seconds and some more",
		"Created": time.Now().Add(-5 * time.Minute).Unix(), "Status": "Up 5 minutes", "State": "running", "SizeRw": 2, "SizeRootFs": 1000,
		"Ports": []map[string]any{{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}},
	}}))
	want := "CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS         PORTS                  NAMES\n" +
		`c0ffeec0ffee   busybox   "sleep 1000 seconds …"   5 minutes ago   Up 5 minutes   0.0.0.0:8080->80/tcp   web` + "\n"
	if r := d.tug("ps"); r.code != 0 || r.out != want {
		t.Errorf("got\n%s", r.out)
	}
	for _, c := range []struct{ args, out, query string }{
		{"ps -aq", "c0ffeec0ffee\n", "all=1&brief=1"},
		{"ps -q --no-trunc", strings.Repeat("c0ffee", 10) + "\n", "brief=1"},
		{"ps --format {{.Names}}:{{.Size}}", "web:2B (virtual 1kB)\n", "size=1"},
		{"ps -n 2 -f name=w -f status=running", want, "brief=1&filters=%7B%22name%22%3A%7B%22w%22%3Atrue%7D%2C%22status%22%3A%7B%22running%22%3Atrue%7D%7D&limit=2"},
		{"container ls -l --format {{.ID}}", "c0ffeec0ffee\n", "limit=1"},
	} {
		if r := d.tug(strings.Fields(c.args)...); r.code != 0 || r.out != c.out {
			t.Errorf("%s: %v", c.args, r)
		}
		if got := d.last("GET", "/containers/json").Query; got != c.query {
			t.Errorf("%s: asked %q", c.args, got)
		}
	}
}

func TestLogsKeepTheStreamsApart(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /containers/c/json", answer(200, map[string]any{"Id": "c0ffee", "Config": map[string]any{"Tty": false}}))
	d.on("GET /containers/c0ffee/logs", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "\x01\x00\x00\x00\x00\x00\x00\x03out\x02\x00\x00\x00\x00\x00\x00\x03err")
	})
	if r := d.tug("logs", "-t", "-n", "5", "c"); r.code != 0 || r.out != "out" || r.err != "err" {
		t.Error(r)
	}
	if got := d.last("GET", "/containers/c0ffee/logs").Query; got != "stderr=1&stdout=1&tail=5&timestamps=1" {
		t.Errorf("asked %q", got)
	}
}

func TestInspectTriesEachKindAndShowsWhatTheDaemonSaid(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /volumes/v", answer(200, map[string]any{"Name": "v", "Extra": "<kept>"}))
	r := d.tug("inspect", "v")
	if r.code != 0 || r.out != "[\n    {\n        \"Extra\": \"\\u003ckept\\u003e\",\n        \"Name\": \"v\"\n    }\n]\n" {
		t.Error(r)
	}
	for format, want := range map[string]string{"{{.Name}}": "v\n", "{{.Extra}}": "<kept>\n", "json": `[{"Extra":"\u003ckept\u003e","Name":"v"}]` + "\n"} {
		if r := d.tug("inspect", "-f", format, "v"); r.code != 0 || r.out != want {
			t.Errorf("%s: %v", format, r)
		}
	}
	if r := d.tug("inspect", "v", "nosuch"); r.code != 1 || !strings.Contains(r.out, `"Name": "v"`) || r.err != "error: no such object: nosuch\n" {
		t.Error(r)
	}
	if r := d.tug("inspect", "-f", "{{", "v"); r.code != 64 {
		t.Error(r)
	}
}

func TestPullAsksWithThePersonsLogin(t *testing.T) {
	d := newDaemon(t)
	sent := make(chan string, 1)
	d.on("POST /images/create", func(w http.ResponseWriter, r *http.Request) {
		sent <- r.Header.Get("X-Registry-Auth")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"abc"}`+"\n"+`{"status":"Pull complete","id":"abc"}`+"\n")
	})
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(`{"auths":{"reg.example.com":{"auth":"bWU6c2VjcmV0"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := d.tug("--config", folder, "pull", "reg.example.com/app")
	if r.code != 0 || r.out != "Using default tag: latest\nreg.example.com/app:latest\n" {
		t.Error(r)
	}
	auth, err := base64.URLEncoding.DecodeString(<-sent)
	if err != nil || !strings.Contains(string(auth), `"username":"me","password":"secret"`) {
		t.Errorf("%s, %v", auth, err)
	}
	if r := d.tug("pull", "-q", "reg.example.com/app:1"); r.code != 0 || r.out != "reg.example.com/app:1\n" {
		t.Error(r)
	}
	<-sent
}

func TestRmiSaysWhatWentAway(t *testing.T) {
	d := newDaemon(t)
	d.on("DELETE /images/a", answer(200, []map[string]string{{"Untagged": "a:latest"}, {"Deleted": "sha256:1"}}))
	if r := d.tug("rmi", "a", "gone"); r.code != 1 || r.out != "Untagged: a:latest\nDeleted: sha256:1\n" {
		t.Error(r)
	}
	if r := d.tug("rmi", "-f", "gone"); r.code != 0 || !strings.Contains(r.err, "no such thing") {
		t.Error(r)
	}
}

func TestSaveLeavesNoHalfFile(t *testing.T) {
	d := newDaemon(t)
	path := filepath.Join(t.TempDir(), "image.tar")
	d.on("GET /images/get", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "broken off")
	})
	if r := d.tug("save", "-o", path, "a", "b"); r.code != 1 {
		t.Error(r)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("half a file is there: %v", err)
	}
	d.on("GET /images/get", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "whole") })
	if r := d.tug("save", "-o", path, "a", "b"); r.code != 0 {
		t.Error(r)
	}
	if data, _ := os.ReadFile(path); string(data) != "whole" {
		t.Errorf("%q", data)
	}
	if got := d.last("GET", "/images/get").Query; got != "names=a&names=b" {
		t.Errorf("asked %q", got)
	}
}

func TestPruneAsksUnlessForced(t *testing.T) {
	d := newDaemon(t)
	d.on("POST /volumes/prune", answer(200, map[string]any{"VolumesDeleted": []string{"v1"}, "SpaceReclaimed": 2000}))
	const question = "WARNING! This will remove anonymous local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] "
	for input, answered := range map[string]bool{"y\n": true, "Y\n": true, "n\n": false, "": false, "yes\n": false} {
		before := len(d.log())
		r := d.tugReading(input, "volume", "prune")
		if r.code != 0 || !strings.HasPrefix(r.out, question) {
			t.Errorf("%q: %v", input, r)
		}
		if asked := len(d.log()) > before; asked != answered {
			t.Errorf("%q: pruned: %v", input, asked)
		}
	}
	if r := d.tug("volume", "prune", "-f"); r.out != "Deleted Volumes:\nv1\n\nTotal reclaimed space: 2kB\n" {
		t.Error(r)
	}
}

func TestLoginKeepsWhatTheRegistryAccepts(t *testing.T) {
	d := newDaemon(t)
	d.on("POST /auth", answer(200, map[string]any{"Status": "Login Succeeded"}))
	folder := t.TempDir()
	r := d.tugReading("secret\n", "--config", folder, "login", "-u", "me", "--password-stdin", "https://reg.example.com/v2/")
	if r.code != 0 || r.out != "Login Succeeded\n" {
		t.Fatal(r)
	}
	if body := string(d.last("POST", "/auth").Body); !strings.Contains(body, `"password":"secret","serveraddress":"reg.example.com"`) {
		t.Error(body)
	}
	data, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil || !strings.Contains(string(data), base64.StdEncoding.EncodeToString([]byte("me:secret"))) {
		t.Errorf("%s, %v", data, err)
	}
	if r := d.tug("--config", folder, "logout", "reg.example.com"); r.code != 0 || r.out != "Removing login credentials for reg.example.com\n" {
		t.Error(r)
	}
	if data, _ := os.ReadFile(filepath.Join(folder, "config.json")); strings.Contains(string(data), "reg.example.com") {
		t.Errorf("%s", data)
	}
}

func TestUnreachableDaemonIsSaidOnce(t *testing.T) {
	for _, args := range [][]string{{"ps"}, {"rm", "a", "b"}, {"run", "image"}, {"inspect", "x"}} {
		d := newDaemon(t)
		d.socket += ".gone"
		r := d.tug(args...)
		want := "tug: cannot reach the daemon at unix://" + d.socket + ": there is no such socket.\nCheck the address (-H, TUG_HOST, DOCKER_HOST) and that its daemon runs.\n"
		if r.err != want || (args[0] == "run") != (r.code == 125) {
			t.Errorf("%q: %v", args, r)
		}
	}
}

func TestClearingALogShowsNothing(t *testing.T) {
	d := newDaemon(t)
	d.on("POST /tug/containers/web/logs/clear", answer(204, nil))
	if r := d.tug("logs", "--clear", "web"); r.code != 0 || r.out+r.err != "" {
		t.Error(r)
	}
	if r := d.tug("logs", "--clear", "--tail", "3", "web"); r.code != 1 || !strings.Contains(r.err, "--tail has no meaning with it") {
		t.Error(r)
	}
	d.on("POST /tug/containers/nosuch/logs/clear", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "Tug/1.0 (linux)")
		refusal(404, "No such container: nosuch")(w, r)
	})
	if r := d.tug("logs", "--clear", "nosuch"); r.code != 1 || r.err != "Error response from daemon: No such container: nosuch\n" {
		t.Error(r)
	}
	d.on("POST /tug/containers/old/logs/clear", refusal(404, "page not found"))
	if r := d.tug("logs", "--clear", "old"); r.code != 1 || !strings.Contains(r.err, "cannot empty a log") {
		t.Error(r)
	}
}
