package stdio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"tug/internal/frame"
)

func framed(stream byte, text string) []byte { return frame.Append(nil, stream, []byte(text)) }

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
	all := slices.Concat(framed(1, "a\n"), framed(1, "b\n"), framed(2, "c\n"), framed(2, "d\n"), framed(1, "e\n"))
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
		w.Write(framed(1, text))
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
	all := slices.Concat(framed(1, "a\n"), framed(1, long), framed(1, "b\n"))
	if err := Demux(&out, io.Discard, iotest.OneByteReader(bytes.NewReader(all))); err != nil || out.String() != "a\n"+long+"b\n" {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}

func TestAnOutputThatFailsEndsTheStream(t *testing.T) {
	full := errors.New("no space left")
	r, w := io.Pipe()
	go w.Write(framed(1, "a\n"))
	if err := Demux(failing{full}, io.Discard, r); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if err := Demux(failing{full}, io.Discard, bytes.NewReader(framed(1, "a\n"))); !errors.Is(err, full) {
		t.Errorf("at the end: %v", err)
	}
	r.Close()
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestTheEnginesWordsAreAnError(t *testing.T) {
	var out bytes.Buffer
	stream := slices.Concat(framed(1, "a\n"), framed(frame.Error, "the log is gone"))
	err := Demux(&out, io.Discard, iotest.OneByteReader(bytes.NewReader(stream)))
	if err == nil || err.Error() != "error from daemon in stream: the log is gone" || out.String() != "a\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestWhatIsNoStreamOfFramesIsRefused(t *testing.T) {
	if err := Demux(io.Discard, io.Discard, strings.NewReader("HTTP/1.1 502 Bad Gateway")); err == nil {
		t.Error("taken for frames")
	}
}

// However a stream is cut, the outputs get the same, and what is refused is refused the same.
func FuzzDemux(f *testing.F) {
	f.Add(slices.Concat(framed(1, "a\n"), framed(2, "b\n"), framed(3, "words")), uint8(1))
	f.Add([]byte("\x01\x00\x00\x00\xff\xff\xff\xffshort"), uint8(3))
	f.Fuzz(func(t *testing.T, stream []byte, size uint8) {
		var whole, cut [2]bytes.Buffer
		atOnce := Demux(&whole[0], &whole[1], bytes.NewReader(stream))
		inPieces := Demux(&cut[0], &cut[1], pieces{bytes.NewReader(stream), 1 + int(size)})
		if fmt.Sprint(atOnce) != fmt.Sprint(inPieces) {
			t.Errorf("%v, in pieces %v", atOnce, inPieces)
		}
		for i := range whole {
			if !bytes.Equal(whole[i].Bytes(), cut[i].Bytes()) {
				t.Errorf("output %d: %q, in pieces %q", i, whole[i].Bytes(), cut[i].Bytes())
			}
		}
	})
}

// pieces reads at most so many bytes at a time.
type pieces struct {
	from io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.from.Read(b[:min(p.size, len(b))]) }
