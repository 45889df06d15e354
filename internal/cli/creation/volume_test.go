package creation

import (
	"strings"
	"testing"
)

func TestParseVolume(t *testing.T) {
	for value, want := range map[string]volume{
		"/data":            {target: "/data"},
		"/":                {target: "/"},
		"a:":               {target: "a:"}, // too short to be more than a path
		"name:/data":       {source: "name", target: "/data"},
		"/src:/dst:ro,z":   {source: "/src", target: "/dst", options: "ro,z"},
		`C:\src:D:\dst`:    {source: `C:\src`, target: `D:\dst`},
		`C:\src:D:\dst:ro`: {source: `C:\src`, target: `D:\dst`, options: "ro"},
		`C:\only`:          {target: `C:\only`},
	} {
		if got, err := parseVolume(value); err != nil || got != want {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
	}
	for value, why := range map[string]string{
		"":            "invalid empty volume spec",
		":/dst":       "empty section between colons",
		"/src::ro":    "empty section between colons",
		"/src:/dst:":  "empty section between colons",
		"aa:bb:cc:dd": "too many colons",
	} {
		if _, err := parseVolume(value); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestIsPath(t *testing.T) {
	for source, want := range map[string]bool{
		"./a": true, "..": true, "/a": true, "~/a": true, `C:\a`: true, `\\server\share`: true,
		"name": false, "n": false, "": false, "name.with.dots": false,
	} {
		if got := (volume{source: source}).isPath(); got != want {
			t.Errorf("%q: %v", source, got)
		}
	}
}
