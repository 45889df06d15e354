package engine

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/containerd/errdefs"
)

func TestDetachKeys(t *testing.T) {
	for text, want := range map[string][]byte{
		"": {16, 17}, "ctrl-p,ctrl-q": {16, 17}, "a": {'a'}, "ctrl-a,d": {1, 'd'}, "ctrl-@": {0}, "ctrl-[,ctrl-_": {27, 31}, "ctrl-\\": {28},
		"ctrl-A": nil, "ctrl-1": nil, "ab": nil, "a,": nil, ",": nil, "ctrl-": nil,
	} {
		got, err := detachKeys(text)
		if want == nil {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("%q: %v, %v", text, got, err)
			}
		} else if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// TestCopyUntilTheKeys finds the keys however the input is cut into reads, and copies all else.
func TestCopyUntilTheKeys(t *testing.T) {
	keys := []byte{16, 17}
	for input, want := range map[string]struct {
		copied   string
		detached bool
	}{
		"":                       {"", false},
		"plain":                  {"plain", false},
		"ab\x10\x11cd":           {"ab", true},
		"\x10\x11":               {"", true},
		"a\x10b\x11c":            {"a\x10b\x11c", false},
		"\x10\x10\x11rest":       {"\x10", true},
		"\x11\x10":               {"\x11\x10", false},
		"ends with one\x10":      {"ends with one\x10", false},
		"\x10x\x10\x10x\x10\x11": {"\x10x\x10\x10x", true},
	} {
		for name, cut := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "in halves": iotest.HalfReader, "with its end": iotest.DataErrReader,
		} {
			var out bytes.Buffer
			err := copyUntil(&out, cut(bytes.NewReader([]byte(input))), keys)
			if out.String() != want.copied || errors.Is(err, ErrDetached) != want.detached || err != nil && !want.detached {
				t.Errorf("%q %s: copied %q, %v", input, name, out.String(), err)
			}
		}
	}
	if err := copyUntil(io.Discard, iotest.ErrReader(io.ErrClosedPipe), keys); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken client: %v", err)
	}
}

// FuzzCopyUntil holds that without the keys in it, what comes in goes out.
func FuzzCopyUntil(f *testing.F) {
	f.Add([]byte("a\x10b"), []byte{16, 17})
	f.Add([]byte("aab"), []byte("aa"))
	f.Fuzz(func(t *testing.T, input, keys []byte) {
		if len(keys) == 0 || bytes.Contains(input, keys) {
			return
		}
		var out bytes.Buffer
		if err := copyUntil(&out, iotest.OneByteReader(bytes.NewReader(input)), keys); err != nil || !bytes.Equal(out.Bytes(), input) {
			t.Errorf("%q with keys %q gives %q, %v", input, keys, out.Bytes(), err)
		}
	})
}
