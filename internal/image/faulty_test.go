package image

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// faulty is a registry with one image, the layers of which each have one file "fN" of random bytes. What it does wrong with a request for a
// blob, fault does, which returns whether it has answered.
type faulty struct {
	*httptest.Server
	manifest []byte
	blobs    map[digest.Digest][]byte
	layers   []digest.Digest
	files    []string

	mu    sync.Mutex // guards all below
	fault func(w http.ResponseWriter, r *http.Request, d digest.Digest, blob []byte) bool
	gets  map[digest.Digest]int // requests for a blob
	from  []string              // their ranges
}

// newFaulty makes a registry with an image of so many layers of size bytes.
func newFaulty(t *testing.T, layers, size int) *faulty {
	t.Helper()
	f := &faulty{blobs: map[digest.Digest][]byte{}, gets: map[digest.Digest]int{}}
	var diffs []digest.Digest
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest}
	m.SchemaVersion = 2
	for i := range layers {
		body := random(t.Name()+strconv.Itoa(i), size)
		plain := layerTar(t, file{name: fmt.Sprintf("f%d", i), body: body})
		d := f.add(plain)
		diffs, f.layers, f.files = append(diffs, d), append(f.layers, d), append(f.files, body)
		m.Layers = append(m.Layers, ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: d, Size: int64(len(plain))})
	}
	config := asJSON(t, configBlob{OS: "linux", Architecture: "amd64", RootFS: rootFS{Type: "layers", DiffIDs: diffs}})
	m.Config = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: f.add(config), Size: int64(len(config))}
	f.manifest = asJSON(t, m)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *faulty) add(b []byte) digest.Digest {
	d := digest.FromBytes(b)
	f.blobs[d] = b
	return d
}

// ref is the image's name there.
func (f *faulty) ref() string { return strings.TrimPrefix(f.URL, "http://") + "/app:1" }

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "/manifests/") {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		w.Header().Set("Docker-Content-Digest", digest.FromBytes(f.manifest).String())
		w.Header().Set("Content-Length", strconv.Itoa(len(f.manifest)))
		if r.Method != http.MethodHead {
			w.Write(f.manifest)
		}
		return
	}
	d := digest.Digest(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
	blob, ok := f.blobs[d]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	f.mu.Lock()
	f.gets[d]++
	f.from = append(f.from, r.Header.Get("Range"))
	fault := f.fault
	f.mu.Unlock()
	if fault != nil && fault(w, r, d, blob) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
}

// goesWrong says what the registry does wrong from now on.
func (f *faulty) goesWrong(fault func(w http.ResponseWriter, r *http.Request, d digest.Digest, blob []byte) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// fetched is how often a layer was asked for.
func (f *faulty) fetched(layer int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gets[f.layers[layer]]
}

// whole checks that an image has all its files as they should be.
func (f *faulty) whole(t *testing.T, s *Images, img Image) {
	t.Helper()
	for i, want := range f.files {
		if got := read(t, s, img, fmt.Sprintf("f%d", i)); got != want {
			t.Errorf("file f%d differs", i)
		}
	}
}

func random(seed string, size int) string {
	r := rand.NewChaCha8(sha256.Sum256([]byte(seed)))
	b := make([]byte, size)
	_, _ = r.Read(b)
	return string(b)
}

// breakOff serves a blob from where it is asked for, n bytes of it, and then drops the connection.
func breakOff(w http.ResponseWriter, r *http.Request, blob []byte, n int) {
	at := 0
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		at, _ = strconv.Atoi(strings.TrimSuffix(from, "-"))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(blob)-1, len(blob)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(blob)-at))
	if at > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	w.Write(blob[at:min(at+n, len(blob))])
	if at+n < len(blob) {
		panic(http.ErrAbortHandler)
	}
}
