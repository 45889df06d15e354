package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatDiffersFromRunToRunIsReplaced(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("0123456789abcdef", 4) + "\n":                "<id>",
		"0123456789ab   busybox   \"sleep\"  Up 2 seconds  \n":      "<id>  busybox  \"sleep\"  Up <a while>",
		"Exited (0) Less than a second ago\n":                       "Exited (0) <a while>",
		"Created 2026-01-02T03:04:05.678Z 0001-01-01T00:00:00Z\n":   "Created <time> 0001-01-01T00:00:00Z",
		"2026-01-02 03:04:05 +0000 UTC\n":                           "<time>",
		"172.17.0.2 on 02:42:ac:11:00:02, 10.0.0.2\n":               "<ip> on <mac>, 10.0.0.2",
		"0.0.0.0:32768->80/tcp, 0.0.0.0:8080->80/tcp\n":             "0.0.0.0:<port>->80/tcp, 0.0.0.0:8080->80/tcp",
		"sha256:" + strings.Repeat("0123456789abcdef", 4) + " ok\n": "<digest> ok",
		"no end": "no end<no newline>",
	} {
		if diff := cmp.Diff([]string{want}, newNormaliser(worlds[0], nil).lines(text)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAMaskHidesItsGroupOrAll(t *testing.T) {
	n := newNormaliser(worlds[0], []string{`pid (\d+)`, `[0-9.]+MB`})
	if got := n.word("pid 12 has 3.5MB of 10.5MB"); got != "pid <masked> has <masked> of <masked>" {
		t.Error(got)
	}
}

func TestTugSaysItsOwnName(t *testing.T) {
	for _, w := range worlds {
		if got := newNormaliser(w, nil).word("docker: Run '" + w.cli + " run --help'"); got != "docker: Run 'docker run --help'" {
			t.Errorf("%s: %s", w.name, got)
		}
	}
}
