package registry

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// taker is a registry that takes blobs. What it does wrong with a chunk, fault does, which returns whether it has answered.
type taker struct {
	*httptest.Server
	mu        sync.Mutex // guards all below
	got       []byte
	blobs     map[digest.Digest][]byte
	others    map[string]digest.Digest // what other repositories have
	asked     []string
	fault     func(w http.ResponseWriter, r *http.Request) bool
	elsewhere string // base URL of uploads, if it is another host's
}

func newTaker(t *testing.T) *taker {
	t.Helper()
	k := &taker{blobs: map[digest.Digest][]byte{}, others: map[string]digest.Digest{}}
	k.Server = httptest.NewServer(k)
	t.Cleanup(k.Close)
	return k
}

func (k *taker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, strings.TrimSpace(r.Method+" "+r.Header.Get("Content-Range")))
	if k.fault != nil && k.fault(w, r) {
		return
	}
	at := k.elsewhere + "/v2/app/blobs/uploads/1?state=x"
	switch {
	case r.Method == http.MethodHead:
		if k.blobs[digest.Digest(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])] == nil {
			w.WriteHeader(http.StatusNotFound)
		}
	case r.Method == http.MethodPost:
		if from := r.URL.Query().Get("from"); from != "" && k.others[from] == digest.Digest(r.URL.Query().Get("mount")) {
			w.WriteHeader(http.StatusCreated)
			return
		}
		k.got = nil
		w.Header().Set("Location", at)
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodGet:
		k.sayRange(w, at)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPatch:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		k.got = append(k.got, body...)
		k.sayRange(w, at)
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodPut:
		d := digest.Digest(r.URL.Query().Get("digest"))
		if digest.FromBytes(k.got) != d {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		k.blobs[d] = k.got
		w.Header().Set("Docker-Content-Digest", d.String())
		w.WriteHeader(http.StatusCreated)
	}
}

func (k *taker) sayRange(w http.ResponseWriter, at string) {
	w.Header().Set("Location", at)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(len(k.got)-1, 0)))
}

// breaks is a fault of the first so many chunks: the registry keeps so many bytes of each and the connection ends.
func (k *taker) breaks(times, keeps int) {
	k.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch || times == 0 {
			return false
		}
		times--
		body := make([]byte, keeps)
		n, _ := io.ReadFull(r.Body, body)
		k.got = append(k.got, body[:n]...)
		panic(http.ErrAbortHandler)
	}
}

func (k *taker) repository(t *testing.T) *Repository {
	t.Helper()
	var waits []time.Duration
	c, err := patient(&waits).Client(host(t, k.Server), Auth{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r, err := c.Repository("app")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// content is a blob to upload, and what was read of it.
func content(size int, from ...string) (blob []byte, u Upload, offsets *[]int64) {
	blob = make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(blob)
	offsets = &[]int64{}
	return blob, Upload{
		Digest: digest.FromBytes(blob), Size: int64(size), From: from,
		Open: func(at int64) (io.ReadCloser, error) {
			*offsets = append(*offsets, at)
			return io.NopCloser(bytes.NewReader(blob[at:])), nil
		},
	}, offsets
}

func TestBlobsAreSentOnceOnly(t *testing.T) {
	k := newTaker(t)
	blob, u, offsets := content(1<<20, "other", "third")
	r := k.repository(t)
	if got, err := r.Blob(t.Context(), u); err != nil || got != (Delivered{}) || !bytes.Equal(k.blobs[u.Digest], blob) {
		t.Errorf("first: %+v, %v", got, err)
	}
	if got, err := r.Blob(t.Context(), u); err != nil || !got.Existed {
		t.Errorf("again: %+v, %v", got, err)
	}
	delete(k.blobs, u.Digest)
	k.others["third"] = u.Digest
	if got, err := r.Blob(t.Context(), u); err != nil || got.From != "third" {
		t.Errorf("from another repository: %+v, %v", got, err)
	}
	if !slices.Equal(*offsets, []int64{0}) {
		t.Errorf("read from %v", *offsets)
	}
}

func TestBrokenUploadGoesOnWhereItBroke(t *testing.T) {
	k := newTaker(t)
	k.breaks(3, 100_000)
	blob, u, offsets := content(1 << 20)
	if _, err := k.repository(t).Blob(t.Context(), u); err != nil || !bytes.Equal(k.blobs[u.Digest], blob) {
		t.Error(err)
	}
	if !slices.Equal(*offsets, []int64{0, 100_000, 200_000, 300_000}) {
		t.Errorf("sent from %v", *offsets)
	}
	if !slices.Contains(k.asked, fmt.Sprintf("PATCH 300000-%d", 1<<20-1)) {
		t.Errorf("asked %v", k.asked)
	}
}

func TestUploadThatTheRegistryForgotBeginsAnew(t *testing.T) {
	k := newTaker(t)
	blob, u, offsets := content(1 << 20)
	k.breaks(1, 100_000)
	broken := k.fault
	k.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return broken(w, r)
	}
	if _, err := k.repository(t).Blob(t.Context(), u); err != nil || !bytes.Equal(k.blobs[u.Digest], blob) || !slices.Equal(*offsets, []int64{0, 0}) {
		t.Errorf("%v, sent from %v", err, *offsets)
	}
}

func TestUploadThatNeverGetsOnEnds(t *testing.T) {
	k := newTaker(t)
	k.breaks(1000, 0)
	_, u, offsets := content(1 << 20)
	if _, err := k.repository(t).Blob(t.Context(), u); err == nil || len(*offsets) > 2*maxBreaks {
		t.Errorf("%v after %v", err, *offsets)
	}
}

func TestLyingRegistryIsNotBelieved(t *testing.T) {
	_, u, _ := content(1000)
	for name, fault := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"another digest": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			w.Header().Set("Docker-Content-Digest", digest.FromString("other").String())
			w.WriteHeader(http.StatusCreated)
			return true
		},
		"more bytes than there are": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPatch {
				return false
			}
			w.Header().Set("Location", "/v2/app/blobs/uploads/1")
			w.Header().Set("Range", "0-99999999999")
			w.WriteHeader(http.StatusAccepted)
			return true
		},
		"no place": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				return false
			}
			w.WriteHeader(http.StatusAccepted)
			return true
		},
	} {
		k := newTaker(t)
		k.fault = fault
		if _, err := k.repository(t).Blob(t.Context(), u); !errdefs.IsUnavailable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUploadElsewhereTakesNoCredentialsAlong: a registry may have blobs sent to a store of another host, which is none of the user's business.
func TestUploadElsewhereTakesNoCredentialsAlong(t *testing.T) {
	var seen []string
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen = append(seen, r.Method+" "+r.Header.Get("Authorization"))
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusCreated)
			return
		}
		w.Header().Set("Location", "/x")
		w.WriteHeader(http.StatusAccepted)
	}))
	defer store.Close()
	k := newTaker(t)
	k.elsewhere = store.URL
	k.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if _, password, _ := r.BasicAuth(); password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	c, err := Config{}.Client(host(t, k.Server), Auth{Username: "user", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Repository("app")
	if err != nil {
		t.Fatal(err)
	}
	_, u, _ := content(1000)
	if _, err := r.Blob(t.Context(), u); err != nil {
		t.Error(err)
	}
	if !slices.Equal(seen, []string{"PATCH ", "PUT "}) {
		t.Errorf("the store saw %q", seen)
	}
}
