package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// openAt opens a store; the test closes it.
func openAt(t *testing.T, dir string) *Store {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("layers with owners need root")
	}
	s, err := Open(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openStore(t *testing.T) *Store {
	t.Helper()
	s := openAt(t, filepath.Join(t.TempDir(), "store"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// commit makes a layer with one file.
func commit(t *testing.T, s *Store, name, parent string, opts ...snapshots.Opt) {
	t.Helper()
	ctx := s.Context(t.Context())
	mounts, err := s.Snapshots.Prepare(ctx, "work-"+name, parent, opts...)
	if err != nil {
		t.Fatal(err)
	}
	dir, _, err := target(mounts)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Snapshots.Commit(ctx, name, "work-"+name, opts...); err != nil {
		t.Fatal(err)
	}
}

// root keeps layers from collection.
func root(i *snapshots.Info) error {
	if i.Labels == nil {
		i.Labels = map[string]string{}
	}
	i.Labels["containerd.io/gc.root"] = "1"
	return nil
}

func TestLayersAreFoundFromTheTopDown(t *testing.T) {
	s := openStore(t)
	commit(t, s, "a", "")
	commit(t, s, "b", "a")
	commit(t, s, "c", "b")
	for chain, want := range map[string]string{"": "", "a": "a", "c": "cba"} {
		c, err := s.Layers(t.Context(), chain)
		if err != nil || len(c.Layers) != len(want) || len(c.Sizes) != len(want) {
			t.Fatalf("%s: %+v, %v", chain, c, err)
		}
		for i, l := range c.Layers {
			if _, err := os.Stat(filepath.Join(s.Base(), l, want[i:i+1])); err != nil || filepath.IsAbs(l) {
				t.Errorf("%s: layer %d is %s: %v", chain, i, l, err)
			}
		}
	}
	if _, err := s.Layers(t.Context(), "d"); !errdefs.IsNotFound(err) {
		t.Errorf("missing layer: %v", err)
	}
}

func TestNoLabelMovesALayer(t *testing.T) {
	s := openStore(t)
	commit(t, s, "secret", "")
	secret, err := s.Layers(t.Context(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, "evil", "", snapshots.WithLabels(map[string]string{upperdirLabel: filepath.Join(s.Base(), secret.Layers[0])}))
	evil, err := s.Layers(t.Context(), "evil")
	if err != nil || evil.Layers[0] == secret.Layers[0] {
		t.Errorf("the layer is at %v, another's is at %v: %v", evil.Layers, secret.Layers, err)
	}
}

func TestOneStoreHasOneProcess(t *testing.T) {
	s := openStore(t)
	_, err := Open(t.Context(), s.root, slog.New(slog.DiscardHandler))
	if !errdefs.IsFailedPrecondition(err) || !strings.Contains(err.Error(), "in use by another daemon") {
		t.Error(err)
	}
}

func TestLeasesOfADeadProcessHoldNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := openAt(t, dir)
	ctx, _, err := s.Lease(t.Context()) // and is killed
	if err != nil {
		t.Fatal(err)
	}
	blob := []byte("blob")
	desc := ocispec.Descriptor{Digest: digest.FromBytes(blob), Size: int64(len(blob))}
	if err := content.WriteBlob(ctx, s.Content, "ref", bytes.NewReader(blob), desc); err != nil {
		t.Fatal(err)
	}
	if err := s.CollectNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Content.Info(ctx, desc.Digest); err != nil {
		t.Fatalf("while it lives, the lease holds: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir)
	defer s.Close()
	if _, err := s.Content.Info(s.Context(t.Context()), desc.Digest); !errdefs.IsNotFound(err) {
		t.Errorf("after it: %v", err)
	}
}

func TestLayersThatAPowerLossMayHaveDamagedAreDropped(t *testing.T) {
	for _, c := range []struct {
		name, boot string
		since      time.Time
		left       string
	}{
		{"another boot", "before", time.Now().Add(-time.Minute), ""},
		{"another boot, later", "before", time.Now().Add(time.Hour), "ab"},
		{"the same boot", "", time.Now().Add(-time.Minute), "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			s := openAt(t, dir)
			commit(t, s, "a", "", root)
			commit(t, s, "b", "a", root)
			m := marker{Boot: c.boot, Since: c.since}
			if c.boot == "" {
				m.Boot = s.boot
			}
			blob, _ := json.Marshal(m)
			if err := os.WriteFile(filepath.Join(s.unsyncedDir(), "m"), blob, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openAt(t, dir)
			left := ""
			err := s.Snapshots.Walk(s.Context(t.Context()), func(_ context.Context, i snapshots.Info) error {
				left += i.Name
				return nil
			})
			if err != nil || left != c.left {
				t.Errorf("layers %q are left, want %q: %v", left, c.left, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if markers, _ := os.ReadDir(s.unsyncedDir()); len(markers) > 0 {
				t.Errorf("markers are left: %v", markers)
			}
		})
	}
}

func TestUnpackingLeavesNoMarkerOnceLayersAreOnDisk(t *testing.T) {
	s := openStore(t)
	done, err := s.Unpacking()
	if err != nil {
		t.Fatal(err)
	}
	if markers, _ := os.ReadDir(s.unsyncedDir()); len(markers) != 1 {
		t.Errorf("while unpacking: %v", markers)
	}
	done()
	s.syncs.Wait()
	if markers, _ := os.ReadDir(s.unsyncedDir()); len(markers) != 0 {
		t.Errorf("afterwards: %v", markers)
	}
}

func TestEveryCompressionIsReadInThisProcess(t *testing.T) {
	t.Setenv("PATH", "") // no helper can be found
	plain := bytes.Repeat([]byte("some text "), 1000)
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	g.Write(plain)
	g.Close()
	z, _ := zstd.NewWriter(&zs)
	z.Write(plain)
	z.Close()
	xz, err := os.ReadFile("testdata/text.xz") // xz -3 of the same text, in two streams
	if err != nil {
		t.Fatal(err)
	}
	skippable := append([]byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'}, zs.Bytes()...)
	for name, in := range map[string][]byte{"plain": plain, "gzip": gz.Bytes(), "two gzip members": append(gz.Bytes(), gz.Bytes()...), "zstd": zs.Bytes(), "zstd after a skippable frame": skippable, "two xz streams": xz} {
		r, err := Decompress(bytes.NewReader(in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, plain) && !bytes.Equal(got, append(plain[:len(plain):len(plain)], plain...)) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
	if r, err := Decompress(bytes.NewReader(nil)); err != nil {
		t.Error(err)
	} else if b, err := io.ReadAll(r); err != nil || len(b) > 0 {
		t.Errorf("nothing: %q, %v", b, err)
	}
}

func FuzzDecompress(f *testing.F) {
	for _, s := range []string{"", "x", "\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd\x04\x00", "BZh9", "\xfd7zXZ\x00", "\x50\x2a\x4d\x18\x00\x00\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := Decompress(bytes.NewReader(in))
		if err != nil {
			return
		}
		io.Copy(io.Discard, io.LimitReader(r, 1<<20))
		r.Close()
	})
}

func TestKeyLocks(t *testing.T) {
	k := newKeyLocks()
	if err := k.Lock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := k.Lock(t.Context(), "b"); err != nil { // another key is free
		t.Fatal(err)
	}
	k.Unlock("b")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Lock(ctx, "a"); err == nil {
		t.Error("locked twice")
	}
	in := make(chan error)
	go func() { in <- k.Lock(t.Context(), "a") }()
	k.Unlock("a")
	if err := <-in; err != nil {
		t.Error(err)
	}
	k.Unlock("a")
	if len(k.held) > 0 {
		t.Errorf("%d keys are remembered", len(k.held))
	}
}
