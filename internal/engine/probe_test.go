package engine

import (
	"bytes"
	"strings"
	"testing"
)

func TestOfACheckTheBeginningOfItsOutputIsKept(t *testing.T) {
	x := &excerpt{limit: 10}
	for _, part := range []string{"12345", "67890"} {
		x.Write([]byte(part))
	}
	if x.String() != "1234567890" {
		t.Error(x.String())
	}
	x.Write([]byte("1"))
	x.Write([]byte(strings.Repeat("2", 1000)))
	if x.String() != "1234567890..." {
		t.Error(x.String())
	}
}

func TestFramesAreTakenApartWhereverTheyAreCut(t *testing.T) {
	stream := []byte("\x01\x00\x00\x00\x00\x00\x00\x03out\x02\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x05error\x01\x00\x00\x00\x00\x00\x00\x01!")
	for size := 1; size <= len(stream); size++ {
		var got bytes.Buffer
		f := &frames{to: &got}
		for rest := stream; len(rest) > 0; {
			n, err := f.Write(rest[:min(size, len(rest))])
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
