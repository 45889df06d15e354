package frame

import (
	"bytes"
	"errors"
	"testing"
)

func TestFramesAreThoseOfDocker(t *testing.T) {
	got := Append(Append([]byte("before"), Stderr, []byte("er"), nil, []byte("ror")), Of("stdout"))
	if want := "before\x02\x00\x00\x00\x00\x00\x00\x05error\x01\x00\x00\x00\x00\x00\x00\x00"; string(got) != want {
		t.Errorf("%q", got)
	}
	long := Append(nil, Of("stderr"), make([]byte, 0x010203))
	if head := "\x02\x00\x00\x00\x00\x01\x02\x03"; string(long[:HeadSize]) != head || Size(long) != 0x010203 {
		t.Errorf("%q is of %d bytes", long[:HeadSize], Size(long))
	}
}

func TestContentsAreTakenOutWhereverTheStreamIsCut(t *testing.T) {
	stream := Append(Append(Append(Append(nil, Stdout, []byte("out")), Stderr), Stderr, []byte("error")), Stdout, []byte("!"))
	for size := 1; size <= len(stream); size++ {
		var got bytes.Buffer
		c := &Contents{To: &got}
		for rest := stream; len(rest) > 0; {
			n, err := c.Write(rest[:min(size, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if got.String() != "outerror!" {
			t.Errorf("in pieces of %d bytes: %q", size, got.String())
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestAFailureSaysHowMuchWasTaken(t *testing.T) {
	n, err := (&Contents{To: full{}}).Write(Append(nil, Stdout, []byte("out")))
	if n != HeadSize || err == nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestStreamsAreToldApart(t *testing.T) {
	var out, errs bytes.Buffer
	c := &Contents{To: &out, Errors: &errs}
	stream := Append(Append(Append(nil, Stdout, []byte("out")), Stderr, []byte("error")), Stdout, []byte("!"))
	for _, b := range stream {
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "out!" || errs.String() != "error" {
		t.Errorf("%q and %q", out.String(), errs.String())
	}
}
