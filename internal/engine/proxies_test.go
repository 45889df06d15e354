package engine

import "testing"

func TestProxiesAreShownWithoutCredentials(t *testing.T) {
	for set, want := range map[string]string{
		"":                          "",
		"http://proxy:3128":         "http://proxy:3128",
		"proxy:3128":                "proxy:3128",
		"http://me:secret@proxy:1":  "http://xxxxx:xxxxx@proxy:1",
		"me:secret@proxy:1":         "xxxxx:xxxxx@proxy:1",
		"socks5://me@proxy":         "socks5://xxxxx:xxxxx@proxy",
		"http://me:sec%zzret@proxy": "(not an address)",
	} {
		if got := withoutCredentials(set); got != want {
			t.Errorf("%q: %q, want %q", set, got, want)
		}
	}
}
