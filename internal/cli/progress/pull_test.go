package progress

import (
	"context"
	"strings"
	"testing"
	"time"
)

const messages = `{"status":"Pulling from library/app","id":"1"}
{"status":"Pulling fs layer","id":"aaa","progressDetail":{}}
{"status":"Already exists","id":"bbb"}
{"status":"Downloading","id":"aaa","progressDetail":{"current":25000000,"total":100000000}}
{"status":"Downloading","id":"aaa","progressDetail":{"current":50000000,"total":100000000}}
{"status":"Download complete","id":"aaa"}
{"status":"Extracting","id":"aaa","progressDetail":{"current":1,"total":100000000}}
{"status":"Pull complete","id":"aaa"}
{"status":"Digest: sha256:abc"}
{"status":"Status: Downloaded newer image for app:1"}
`

// show shows the messages with half a second between two looks at the clock.
func show(t *testing.T, width int, messages string) (string, error) {
	t.Helper()
	var out strings.Builder
	now := time.Unix(0, 0)
	p := &pulling{out: &out, width: width, began: now, layers: map[string]*pulledLayer{}, now: func() time.Time {
		now = now.Add(500 * time.Millisecond)
		return now
	}}
	err := p.run(context.Background(), strings.NewReader(messages))
	return out.String(), err
}

func TestPullOnATerminalIsOneLine(t *testing.T) {
	out, err := show(t, 200, messages)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"[======                  ] 25MB/100MB  25MB/s  3s left  1 of 2 layers\x1b[K",
		"[============            ] 50MB/100MB  33.3MB/s  2s left  1 of 2 layers\x1b[K",
		"[========================] 100MB/100MB  unpacking  1 of 2 layers\x1b[K",
		"\r\x1b[KDigest: sha256:abc\nStatus: Downloaded newer image for app:1\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
	if n := strings.Count(out, "\n"); n != 2 {
		t.Errorf("%d lines", n)
	}
	narrow, err := show(t, 20, messages)
	if err != nil || !strings.Contains(narrow, "\r[======            \x1b[K") {
		t.Errorf("%q, %v", narrow, err)
	}
}

func TestPullElsewhereSaysOneLineAtTheEnd(t *testing.T) {
	out, err := show(t, 0, messages)
	if err != nil || out != "Status: Downloaded newer image for app:1 (100MB in 4s)\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestPullThatFailsSaysWhy(t *testing.T) {
	for width, want := range map[int]string{0: "", 80: "\r\x1b[K"} {
		out, err := show(t, width, `{"status":"Pulling fs layer","id":"aaa"}`+"\n"+`{"errorDetail":{"message":"no such thing"},"error":"no such thing"}`)
		if err == nil || err.Error() != "no such thing" || !strings.HasSuffix(out, want) {
			t.Errorf("%q, %v", out, err)
		}
	}
}
