package idmap

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTakeGivesEachRangeOnce(t *testing.T) {
	p := NewPool("a")
	seen := map[uint32]bool{}
	for range 1000 {
		base, err := p.Take()
		if err != nil || seen[base] || base < First || (base-First)%Size != 0 {
			t.Fatalf("range %d, error %v", base, err)
		}
		seen[base] = true
	}
}

func TestPoolRunsOut(t *testing.T) {
	p := NewPool("a")
	n := 0
	for ; ; n++ {
		if _, err := p.Take(); err != nil {
			break
		}
	}
	if want := (last - First) / Size; n != want {
		t.Errorf("%d ranges, want %d", n, want)
	}
	p.Release(First)
	if base, err := p.Take(); err != nil || base != First {
		t.Errorf("after a release: %d, %v", base, err)
	}
}

func TestRangesOfPeopleAreLeftOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "subuid")
	if err := os.WriteFile(file, []byte("ann:3100000:65536\nbob:100000:65536\nbad line\nx:1:y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := NewPool("a", file)
	for {
		base, err := p.Take()
		if err != nil {
			return
		}
		if base < 3100000+65536 && base+Size > 3100000 {
			t.Fatalf("range from %d overlaps one of /etc/subuid", base)
		}
	}
}

func TestRangeIsFreeWithTheLastWhoHasIt(t *testing.T) {
	p := NewPool("a")
	base, err := p.Take()
	if err != nil {
		t.Fatal(err)
	}
	p.Share(base) // another container joins the first one's user namespace
	for err == nil {
		_, err = p.Take()
	}
	p.Release(base)
	if got, err := p.Take(); err == nil {
		t.Errorf("range %d is given out while somebody lives in it", got)
	}
	p.Release(base)
	if got, err := p.Take(); err != nil || got != base {
		t.Errorf("after the last release: %d, %v", got, err)
	}
}
