package engine

import (
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
