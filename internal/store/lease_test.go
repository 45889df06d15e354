package store

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

// put writes a blob.
func put(ctx context.Context, t *testing.T, s *Store, body string) digest.Digest {
	t.Helper()
	d := digest.FromString(body)
	if err := content.WriteBlob(ctx, s.Content, body, bytes.NewReader([]byte(body)), ocispec.Descriptor{Digest: d, Size: int64(len(body))}); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestWhatIsLeftIsCollectedAfterARestart: what was to be collected when the process ended, at once, and what is kept for the next pull when its hour is over.
func TestWhatIsLeftIsCollectedAfterARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	synctest.Test(t, func(t *testing.T) {
		s := openAt(t, dir)
		left := put(s.Context(t.Context()), t, s, "left")
		ctx, _, err := s.LeaseToGoOn(t.Context(), digest.FromString("image")) // and is killed
		if err != nil {
			t.Fatal(err)
		}
		pulled := put(ctx, t, s, "pulled")
		has := func(d digest.Digest) bool {
			synctest.Wait()
			_, err := s.Content.Info(s.Context(t.Context()), d)
			if err != nil && !errdefs.IsNotFound(err) {
				t.Fatal(err)
			}
			return err == nil
		}
		again := func() {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openAt(t, dir)
		}
		again() // which drops the lease, and so collects
		if has(left) || !has(pulled) {
			t.Errorf("after the lease was dropped: left %t, pulled %t", has(left), has(pulled))
		}
		left = put(s.Context(t.Context()), t, s, "left too")
		s.Collect()
		again() // before the time of that has come
		if !has(left) {
			t.Error("it was collected before its time")
		}
		time.Sleep(2 * collectDelay)
		if has(left) || !has(pulled) {
			t.Errorf("after the restart: left %t, pulled %t", has(left), has(pulled))
		}
		time.Sleep(goOnTime + 2*afterGoOn)
		if has(pulled) {
			t.Error("what was kept for an hour is there after it")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// fullLeases are those of a disk on which nothing can be written.
type fullLeases struct{ leases.Manager }

func (fullLeases) Create(context.Context, ...leases.Opt) (leases.Lease, error) {
	return leases.Lease{}, unix.ENOSPC
}

func (fullLeases) Delete(context.Context, leases.Lease, ...leases.DeleteOpt) error {
	return unix.ENOSPC
}

func TestFullDiskKeepsNoStoreFromOpening(t *testing.T) {
	s := openStore(t)
	for _, lease := range []func() error{
		func() error { _, _, err := s.Lease(t.Context()); return err },
		func() error { _, _, err := s.LeaseToGoOn(t.Context(), digest.FromString("image")); return err },
	} {
		if err := lease(); err != nil {
			t.Fatal(err)
		}
	}
	whole := s.Leases
	s.Leases = fullLeases{whole}
	if err := s.dropTemporaryLeases(t.Context()); err != nil {
		t.Error(err)
	}
	s.Leases = whole
	if left, err := s.Leases.List(s.Context(t.Context())); err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
}
