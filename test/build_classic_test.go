package test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/moby/buildkit/frontend/dockerui"
	bksession "github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	"github.com/tonistiigi/fsutil"
)

// classic posts to /build as programs do that know nothing of BuildKit, and gives the status and the answer.
func (d *daemon) classic(t *testing.T, query, body string, header http.Header) (status int, answer string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", d.socket())
	}}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://tug/build?"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	answered, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answered.Body.Close()
	text, err := io.ReadAll(answered.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered.StatusCode, string(text)
}

// tarred is a context with one file.
func tarred(t *testing.T, dockerfile string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(dockerfile))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, dockerfile); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestClassicBuildsFetchTheirContexts has the daemon fetch a Dockerfile, an archive and a repository.
func TestClassicBuildsFetchTheirContexts(t *testing.T) {
	needsEngine(t)
	d := forDocker
	served := buildContext(t, map[string]string{
		"Dockerfile": "FROM busybox\nLABEL from=address\n", "repository.git/of/Other": "FROM busybox\nCOPY file /\nLABEL from=repository\n", "repository.git/of/file": "x",
		"folder/Dockerfile": "FROM busybox\nCOPY file /\nLABEL from=archive\n", "folder/file": "x",
	})
	git := "cd repository.git && git init -q -b side && git add . && git -c user.name=x -c user.email=x@y -c commit.gpgsign=false commit -q -m first"
	prepare := exec.Command("sh", "-c", "tar -C folder -czf archive.tar.gz . && "+git)
	prepare.Dir = served
	said(t, prepare)
	server := httptest.NewServer(filesAndRepositories(served))
	t.Cleanup(server.Close)
	for address, want := range map[string]string{"/Dockerfile": "address", "/archive.tar.gz": "archive", "/repository.git#side:of": "repository"} {
		query := "t=classic-remote&remote=" + url.QueryEscape(server.URL+address)
		if want == "repository" {
			query += "&dockerfile=Other"
		}
		if status, answer := d.classic(t, query, "", nil); status != http.StatusOK || !strings.Contains(answer, "Successfully tagged classic-remote:latest") {
			t.Errorf("%s: %d %s", address, status, answer)
			continue
		}
		if got := output(t, d.docker("image", "inspect", "-f", "{{.Config.Labels.from}}", "classic-remote")); got != want {
			t.Errorf("%s: made from %s", address, got)
		}
	}
	said(t, d.docker("rmi", "classic-remote"))
	for address, want := range map[string]int{server.URL + "/gone": http.StatusNotFound, "ftp://127.0.0.1/x": http.StatusBadRequest} {
		if status, answer := d.classic(t, "remote="+url.QueryEscape(address), "", nil); status != want || !strings.Contains(answer, address) {
			t.Errorf("%s: %d %s", address, status, answer)
		}
	}
}

// TestTheContextOfABuildComesInAnotherRequest, as Docker's first clients of BuildKit send it.
func TestTheContextOfABuildComesInAnotherRequest(t *testing.T) {
	needsEngine(t)
	d := forDocker
	var sending sync.WaitGroup
	sending.Go(func() {
		if status, answer := d.classic(t, "version=2&buildid=upload-request:mine", tarred(t, "FROM busybox\n"), nil); status != http.StatusOK || answer != "" {
			t.Errorf("the request with the context: %d %s", status, answer)
		}
	})
	status, answer := d.classic(t, "version=2&remote=upload-request&buildid=mine&t=classic-upload", "", nil)
	sending.Wait()
	if status != http.StatusOK || !strings.Contains(answer, "moby.image.id") {
		t.Fatalf("%d %s", status, answer)
	}
	said(t, d.docker("rmi", "classic-upload"))
}

// TestTheContextOfABuildIsInASession, as programs have it that use BuildKit's sessions and Docker's requests.
func TestTheContextOfABuildIsInASession(t *testing.T) {
	needsEngine(t)
	d := forDocker
	files, err := fsutil.NewFS(buildContext(t, map[string]string{"Dockerfile": "FROM busybox\nCOPY Dockerfile /\n"}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := bksession.NewSession(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Allow(filesync.NewFSSyncProvider(filesync.StaticDirSource{dockerui.DefaultLocalNameContext: files, dockerui.DefaultLocalNameDockerfile: files}))
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(t.Context(), d.dialSession) })
	defer running.Wait()
	defer s.Close()
	status, answer := d.classic(t, "version=2&remote=client-session&session="+s.ID()+"&t=classic-session", "", nil)
	if status != http.StatusOK || !strings.Contains(answer, "moby.image.id") {
		t.Fatalf("%d %s", status, answer)
	}
	said(t, d.docker("rmi", "classic-session"))
}

// TestClassicBuildsShowCredentials to the registry of a base image, and not to everybody.
func TestClassicBuildsShowCredentials(t *testing.T) {
	needsEngine(t)
	d, address := forDocker, closedRegistry(t, false)
	base, err := name.ParseReference(address + "/base:1")
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH, RootFS: v1.RootFS{Type: "layers"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(base, image, remote.WithAuth(&authn.Basic{Username: "user", Password: "secret"})); err != nil {
		t.Fatal(err)
	}
	sent := tarred(t, "FROM "+base.String()+"\nLABEL of=base\n")
	if status, answer := d.classic(t, "t=classic-private", sent, nil); strings.Contains(answer, "Successfully built") {
		t.Errorf("without credentials: %d %s", status, answer)
	}
	known := `{"` + address + `":{"username":"user","password":"secret"}}`
	status, answer := d.classic(t, "t=classic-private", sent, http.Header{"X-Registry-Config": {base64.URLEncoding.EncodeToString([]byte(known))}})
	if status != http.StatusOK || !strings.Contains(answer, "Successfully tagged classic-private:latest") {
		t.Fatalf("%d %s", status, answer)
	}
	said(t, d.docker("rmi", "classic-private", base.String()))
}

// TestClassicBuildsTakeACacheAndNewerBases: a step does not run whose result is in an image that was pushed; a base is asked for anew with pull alone.
func TestClassicBuildsTakeACacheAndNewerBases(t *testing.T) {
	d := privateDaemon(t)
	registry := os.Getenv("TUG_TEST_REGISTRY")
	dir := buildContext(t, map[string]string{"Dockerfile": "FROM busybox\nRUN tee /once </proc/sys/kernel/random/uuid\n"})
	cached := registry + "/build-classic/cached"
	said(t, d.tug("build", "-q", "--push", "--cache-to", "type=inline", "-t", cached, dir))
	said(t, d.tug("builder", "prune", "-af"))
	text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	query := "t=classic-cached&cachefrom=" + url.QueryEscape(`["classic-none","`+cached+`"]`)
	if _, answer := d.classic(t, query, tarred(t, string(text)), nil); !strings.Contains(answer, "Using cache") || !strings.Contains(answer, "Successfully built") {
		t.Error(answer)
	}
	base := registry + "/build-classic/base"
	make := func(label string) {
		dir := buildContext(t, map[string]string{"Dockerfile": "FROM scratch\nLABEL of=" + label + "\n"})
		said(t, d.tug("build", "-q", "--push", "-t", base, dir))
	}
	make("old")
	said(t, d.docker("tag", base, "classic-old"))
	make("new")
	said(t, d.docker("tag", "classic-old", base))
	for _, c := range []struct{ tag, more, want string }{{"classic-base", "", "old"}, {"classic-pulled", "&pull=1", "new"}} {
		if _, answer := d.classic(t, "t="+c.tag+c.more, tarred(t, "FROM "+base+"\n"), nil); !strings.Contains(answer, "Successfully tagged") {
			t.Fatal(answer)
		}
		if got := output(t, d.docker("image", "inspect", "-f", "{{.Config.Labels.of}}", c.tag)); got != c.want {
			t.Errorf("%s: made from the %s base", c.tag, got)
		}
	}
}

// dialSession opens a connection that a session goes over.
func (d *daemon) dialSession(ctx context.Context, _ string, header map[string][]string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", d.socket())
	if err != nil {
		return nil, err
	}
	return upgradeH2C(conn, "/session", header)
}
