package image

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

func TestConnectionThatBreaksAgainAndAgainBringsTheLayer(t *testing.T) {
	f := newFaulty(t, 2, 1<<20)
	f.goesWrong(func(w http.ResponseWriter, r *http.Request, d digest.Digest, blob []byte) bool {
		if d != f.layers[1] {
			return false
		}
		breakOff(w, r, blob, 100_000)
		return true
	})
	s := open(t)
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.whole(t, s, img)
	if n := f.fetched(1); n != 11 {
		t.Errorf("%d requests for a layer of eleven pieces: %q", n, f.from)
	}
}

// TestRegistryWithoutRangesServesAll: what had come is passed over, and not taken twice.
func TestRegistryWithoutRangesServesAll(t *testing.T) {
	f := newFaulty(t, 1, 1<<20)
	broken := false
	f.goesWrong(func(w http.ResponseWriter, r *http.Request, d digest.Digest, blob []byte) bool {
		if d != f.layers[0] {
			return false
		}
		if !broken {
			broken = true
			breakOff(w, r, blob, 500_000)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(blob)))
		w.Write(blob)
		return true
	})
	s := open(t)
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
	if err != nil || !broken {
		t.Fatal(broken, err)
	}
	f.whole(t, s, img)
}

func TestRegistryThatIsBusyInBetweenIsWaitedFor(t *testing.T) {
	f := newFaulty(t, 3, 1000)
	var busy atomic.Int32
	f.goesWrong(func(w http.ResponseWriter, _ *http.Request, _ digest.Digest, _ []byte) bool {
		n := busy.Add(1)
		if n > 3 {
			return false
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader([]int{429, 500, 503}[n-1])
		return true
	})
	s := open(t)
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.whole(t, s, img)
}

// TestPasswordsGoWithNoBlobThatIsElsewhere: a registry that keeps its blobs on another host.
func TestPasswordsGoWithNoBlobThatIsElsewhere(t *testing.T) {
	f := newFaulty(t, 2, 1000)
	var leaked atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Store(true)
		}
		w.Write(f.blobs[digest.Digest(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])])
	}))
	defer elsewhere.Close()
	f.goesWrong(func(w http.ResponseWriter, r *http.Request, _ digest.Digest, _ []byte) bool {
		if user, _, _ := r.BasicAuth(); user != "u" {
			w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	})
	s := open(t)
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{Auth: Auth{Username: "u", Password: "p"}})
	if err != nil || leaked.Load() {
		t.Fatalf("leaked: %v, %v", leaked.Load(), err)
	}
	f.whole(t, s, img)
}

// TestHugeManifestsAreRefusedBeforeTheyAreRead is of manifests of ten gigabytes and of a thousand layers.
func TestHugeManifestsAreRefusedBeforeTheyAreRead(t *testing.T) {
	read := false
	huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read = read || r.Method != http.MethodHead
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		w.Header().Set("Docker-Content-Digest", digest.FromString("huge").String())
		w.Header().Set("Content-Length", strconv.Itoa(10<<30))
	}))
	defer huge.Close()
	s := open(t)
	if _, err := s.Pull(t.Context(), strings.TrimPrefix(huge.URL, "http://")+"/app:1", PullOptions{}); err == nil || read || !strings.Contains(err.Error(), "10737418240") {
		t.Errorf("read: %v, %v", read, err)
	}
	f := newFaulty(t, 1000, 1)
	if _, err := s.Pull(t.Context(), f.ref(), PullOptions{}); !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), "1000 layers") || f.fetched(0) > 0 {
		t.Error(err)
	}
	nothingLeft(t, s)
}

func TestPullThatFailedIsGoneOnWith(t *testing.T) {
	f := newFaulty(t, 2, 1<<20)
	var mends atomic.Bool
	f.goesWrong(func(w http.ResponseWriter, r *http.Request, d digest.Digest, blob []byte) bool {
		if d != f.layers[1] || mends.Load() {
			return false
		}
		await(t, "the first layer", func() bool { return f.fetched(0) > 0 }) // in any case
		if r.Header.Get("Range") != "" {
			panic(http.ErrAbortHandler)
		}
		breakOff(w, r, blob, 600_000)
		return true
	})
	s := open(t)
	if _, err := s.Pull(t.Context(), f.ref(), PullOptions{}); !errdefs.IsUnavailable(err) {
		t.Fatalf("with a registry that breaks off for good: %v", err)
	}
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	mends.Store(true)
	f.mu.Lock()
	first, before := f.gets[f.layers[0]], len(f.from)
	f.mu.Unlock()
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.whole(t, s, img)
	if f.fetched(0) != first || !slices.ContainsFunc(f.from[before:], func(r string) bool { return r != "" }) {
		t.Errorf("the first layer was asked for %d and %d times, the second from %q", first, f.fetched(0), f.from[before:])
	}
	if _, err := s.Remove(t.Context(), f.ref(), RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, s) // what was kept for the second pull is not kept on
}

func TestConcurrentPullsFetchALayerOnce(t *testing.T) {
	f := newFaulty(t, 4, 200_000)
	s := open(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.Pull(t.Context(), f.ref(), PullOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range f.layers {
		if n := f.fetched(i); n != 1 {
			t.Errorf("layer %d was fetched %d times", i, n)
		}
	}
}

// TestPullThatIsKilledIsGoneOnWith kills a process of its own in the middle of a pull.
func TestPullThatIsKilledIsGoneOnWith(t *testing.T) {
	root := filepath.Join(t.TempDir(), "image")
	f := newFaulty(t, 3, 1<<20)
	halfway, killed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.goesWrong(func(w http.ResponseWriter, r *http.Request, d digest.Digest, blob []byte) bool {
		select {
		case <-killed:
			return false
		default:
		}
		if d != f.layers[2] {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(blob)))
		w.Write(blob[:len(blob)/2])
		w.(http.Flusher).Flush()
		await(t, "the other layers", func() bool { return committed(root, f.layers[0]) && committed(root, f.layers[1]) })
		once.Do(func() { close(halfway) })
		<-r.Context().Done()
		return true
	})
	child := exec.Command(os.Args[0], "-test.run", "^TestPullInAChild$")
	child.Env = append(os.Environ(), "TUG_TEST_PULL_ROOT="+root, "TUG_TEST_PULL_REF="+f.ref())
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	<-halfway
	child.Process.Kill()
	child.Wait()
	close(killed)

	s := open(t, func(c *Settings) { c.Root = root })
	if err := s.store.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	img, err := s.Pull(t.Context(), f.ref(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.whole(t, s, img)
	if f.fetched(0) != 1 || f.fetched(1) != 1 {
		t.Errorf("layers that were there were fetched %d and %d times", f.fetched(0), f.fetched(1))
	}
	if _, err := s.Remove(t.Context(), f.ref(), RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, s)
}

// committed says that a blob is whole in a store that another process has open.
func committed(root string, d digest.Digest) bool {
	_, err := os.Stat(filepath.Join(root, "content/blobs/sha256", d.Encoded()))
	return err == nil
}

// dropKept ends what broken-off pulls hold for an hour.
func dropKept(t *testing.T, s *Images) {
	t.Helper()
	ctx := s.store.Context(t.Context())
	held, err := s.store.Leases.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range held {
		if l.Labels["containerd.io/gc.expire"] == "" {
			t.Errorf("lease %s never ends", l.ID)
		}
		if err := s.store.Leases.Delete(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPullInAChild is the process that TestPullThatIsKilledIsGoneOnWith kills.
func TestPullInAChild(t *testing.T) {
	root := os.Getenv("TUG_TEST_PULL_ROOT")
	if root == "" {
		t.Skip("it is run by another test")
	}
	s, err := Open(context.Background(), Settings{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pull(context.Background(), os.Getenv("TUG_TEST_PULL_REF"), PullOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestFullDiskIsSaidAndHarmsNothing(t *testing.T) {
	disk := smallDisk(t, 64<<20)
	s := open(t, func(c *Settings) { c.Root = filepath.Join(disk, "image") })
	small, large := newFaulty(t, 2, 1<<20), newFaulty(t, 4, 30<<20)
	img, err := s.Pull(t.Context(), small.ref(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := freeOn(t, disk)
	for range 2 {
		_, err = s.Pull(t.Context(), large.ref(), PullOptions{})
		if err == nil || !strings.Contains(err.Error(), "no space left on the disk") {
			t.Fatal(err)
		}
		if left := freeOn(t, disk); left < before-(1<<20) {
			t.Errorf("%d bytes were free, and %d are when the error comes", before, left)
		}
	}
	small.whole(t, s, img)
	another := newFaulty(t, 1, 2<<20)
	another.add([]byte("another"))
	if img, err = s.Pull(t.Context(), another.ref(), PullOptions{}); err != nil {
		t.Fatalf("what would fit does not: %v", err)
	}
	another.whole(t, s, img)
}

// freeOn is how many bytes of a disk are free.
func freeOn(t *testing.T, dir string) int64 {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Bavail) * st.Bsize
}

// smallDisk mounts a file system of its own of so many bytes.
func smallDisk(t *testing.T, size int64) string {
	t.Helper()
	dir := t.TempDir()
	disk, at := filepath.Join(dir, "disk"), filepath.Join(dir, "at")
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(disk, size); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", disk).CombinedOutput(); err != nil {
		t.Skipf("cannot make a file system: %v: %s", err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", disk, at).CombinedOutput(); err != nil {
		t.Skipf("cannot mount a file: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", at).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return at
}
