package connection

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/moby/moby/client"
)

// oldDaemon speaks API 1.41 and no newer one. It remembers what it was asked.
type oldDaemon struct {
	mu    sync.Mutex
	asked []string
}

func (d *oldDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked = append(d.asked, r.Method+" "+r.URL.Path)
	d.mu.Unlock()
	w.Header().Set("Api-Version", "1.41")
	if r.URL.Path == "/_ping" {
		_, _ = io.WriteString(w, "OK")
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/v1.41/") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"client version 1.56 is too new. Maximum supported API version is 1.41"}`)
		return
	}
	if r.Header.Get("Upgrade") != "" {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
			_ = conn.Close()
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"Id":"%d","stream":"read %d bytes"}`, len(body), len(body))
}

func (d *oldDaemon) log() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

// serve puts a handler on a socket and gives a client of it.
func serve(t *testing.T, handler http.Handler) *Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	api, err := Open(Options{Host: Host{URL: "unix://" + socket}})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func TestOldDaemonCostsOneRefusal(t *testing.T) {
	d := &oldDaemon{}
	api := serve(t, d)
	for range 2 {
		if _, err := api.ContainerRestart(context.Background(), "c", client.ContainerRestartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	attached, err := api.ContainerAttach(context.Background(), "c", client.ContainerAttachOptions{Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	attached.Close()
	want := []string{
		"POST /v" + client.MaxAPIVersion + "/containers/c/restart",
		"POST /v1.41/containers/c/restart",
		"POST /v1.41/containers/c/restart",
		"POST /v1.41/containers/c/attach",
	}
	if got := d.log(); !slices.Equal(got, want) {
		t.Errorf("asked %q", got)
	}
}

func TestARefusedBodyIsSentAgain(t *testing.T) {
	d := &oldDaemon{}
	created, err := serve(t, d).ContainerCreate(context.Background(), client.ContainerCreateOptions{Image: "image"})
	if err != nil || created.ID == "0" {
		t.Error(created, err)
	}
}

func TestAnUploadAsksForTheVersionFirst(t *testing.T) {
	d := &oldDaemon{}
	api := serve(t, d)
	loaded, err := api.ImageLoad(context.Background(), io.MultiReader(strings.NewReader("12345")))
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	if text, _ := io.ReadAll(loaded); !strings.Contains(string(text), "read 5 bytes") {
		t.Errorf("%s", text)
	}
	if got := d.log(); !slices.Equal(got, []string{"GET /_ping", "POST /v1.41/images/load"}) {
		t.Errorf("asked %q", got)
	}
}

func TestAnAnswerWithoutWordsRefusesToo(t *testing.T) {
	d := &oldDaemon{}
	_, _ = serve(t, d).ContainerStatPath(context.Background(), "c", client.ContainerStatPathOptions{Path: "/x"})
	if got := d.log(); len(got) != 2 || got[1] != "HEAD /v1.41/containers/c/archive" {
		t.Errorf("asked %q", got)
	}
}

func TestSettleMakesTheLibraryReadAnswersOfTheDaemonsVersion(t *testing.T) {
	api := serve(t, &oldDaemon{})
	if err := api.Settle(context.Background()); err != nil || api.ClientVersion() != "1.41" {
		t.Error(api.ClientVersion(), err)
	}
}

func TestOtherRefusalsAreNotTakenForTheVersion(t *testing.T) {
	asked := 0
	api := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"Maximum supported API version is 9.99, just kidding"}`)
	}))
	_, err := api.ContainerRestart(context.Background(), "c", client.ContainerRestartOptions{})
	if asked != 1 || err == nil || !strings.Contains(err.Error(), "just kidding") {
		t.Error(asked, err)
	}
}
