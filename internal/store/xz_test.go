package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

// vast is one byte, for which its stream wants a dictionary of a gigabyte.
const vast = "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x24\x00\x00\x00\x5e\x1f\xc7\xf9\x01\x00\x00\x78\x00\x00\x00\x00\x45\xae\xef\x83\xf8\xee\x16\x0a\x00\x01\x19\x01\xa5\x2c\x81\xcc\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"

func TestXzThatWantsMuchMemoryIsRefused(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Decompress(strings.NewReader(vast))
	if err == nil {
		_, err = io.ReadAll(r)
		r.Close()
	}
	runtime.ReadMemStats(&after)
	if !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), "64 MB") {
		t.Error(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > maxXzDictionary {
		t.Errorf("it took %d bytes", took)
	}
}

func TestXzThatIsCutOrDamagedIsNotWhole(t *testing.T) {
	whole, err := os.ReadFile("testdata/text.xz")
	if err != nil {
		t.Fatal(err)
	}
	all := func(in []byte) error {
		r, err := Decompress(bytes.NewReader(in))
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.Copy(io.Discard, r)
		return err
	}
	if err := all(whole[:len(whole)-9]); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %v", err)
	}
	for _, at := range []int{7, 40, len(whole)/2 - 40, len(whole)/2 - 20, len(whole) - 4} { // flags, content, check sum, index, footer
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x40
		if err := all(damaged); err == nil {
			t.Errorf("byte %d of %d is wrong, and nobody notices", at, len(whole))
		}
	}
}
