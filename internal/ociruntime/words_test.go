package ociruntime

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWordsOfRuntimes(t *testing.T) {
	for name, c := range map[string]struct{ log, want string }{
		"runc":               {`{"level":"error","msg":"runc create failed: exec: \"x\": not found","time":"2026-01-01T00:00:00Z"}` + "\n", `runc create failed: exec: "x": not found`},
		"crun":               {`{ "msg" : "cgroups in hybrid mode not supported", "level" : "error", "time" : "2026" }` + "\n", "cgroups in hybrid mode not supported"},
		"C's words":          {`{"msg":"executable file x not found in $PATH: No such file or directory","level":"error"}`, "executable file x not found in $PATH: no such file or directory"},
		"the last error":     {`{"level":"error","msg":"one"}` + "\n" + `{"level":"error","msg":"two"}` + "\n" + `{"level":"warning","msg":"three"}`, "two"},
		"no JSON":            {"usage: runc\n\nunknown flag\n", "unknown flag"},
		"the beginning lost": {`ror","msg":"one"}` + "\n" + `{"level":"error","msg":"two"}`, "two"},
		"no error":           {`{"level":"info","msg":"one"}`, ""},
		"nothing":            {"", ""},
		"no text":            {"\xff\xfe\n", "?"},
	} {
		if got := Words([]byte(c.log)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzWords holds that whatever a runtime writes is told as text of one length at most.
func FuzzWords(f *testing.F) {
	f.Add([]byte(`{"level":"error","msg":"one"}` + "\n{\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		if said := Words(log); !utf8.ValidString(said) || strings.TrimSpace(said) != said {
			t.Errorf("%q", said)
		}
	})
}
