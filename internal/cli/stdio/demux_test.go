package stdio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func frame(stream byte, text string) []byte {
	head := make([]byte, 8)
	head[0] = stream
	binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
	return append(head, text...)
}

// calls notes each write that comes to one of two outputs.
type calls struct{ list []string }

func (c *calls) as(name string) io.Writer { return named{c, name} }

type named struct {
	*calls
	name string
}

func (n named) Write(p []byte) (int, error) {
	n.list = append(n.list, n.name+" "+string(p))
	return len(p), nil
}

func TestFramesThatAreThereAreWrittenAtOnceAndInOrder(t *testing.T) {
	var c calls
	all := slices.Concat(frame(1, "a\n"), frame(1, "b\n"), frame(2, "c\n"), frame(2, "d\n"), frame(1, "e\n"))
	if err := Demux(c.as("out"), c.as("err"), bytes.NewReader(all)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"out a\nb\n", "err c\nd\n", "out e\n"}; !slices.Equal(c.list, want) {
		t.Errorf("written: %q, not %q", c.list, want)
	}
}

func TestNoFrameWaitsForTheNext(t *testing.T) {
	r, w := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Demux(outW, io.Discard, r) }()
	for _, text := range []string{"first\n", "second\n"} {
		w.Write(frame(1, text))
		got := make([]byte, len(text))
		if _, err := io.ReadFull(outR, got); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	w.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFramesInPiecesComeWhole(t *testing.T) {
	var out strings.Builder
	long := strings.Repeat("x", 100_000) + "\n"
	all := slices.Concat(frame(1, "a\n"), frame(1, long), frame(1, "b\n"))
	if err := Demux(&out, io.Discard, iotest.OneByteReader(bytes.NewReader(all))); err != nil || out.String() != "a\n"+long+"b\n" {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}

func TestAnOutputThatFailsEndsTheStream(t *testing.T) {
	full := errors.New("no space left")
	r, w := io.Pipe()
	go w.Write(frame(1, "a\n"))
	if err := Demux(failing{full}, io.Discard, r); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if err := Demux(failing{full}, io.Discard, bytes.NewReader(frame(1, "a\n"))); !errors.Is(err, full) {
		t.Errorf("at the end: %v", err)
	}
	r.Close()
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
