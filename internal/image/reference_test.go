package image

import (
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

func TestNamesAreRecordedInFullAndShownInShort(t *testing.T) {
	d := "sha256:" + strings.Repeat("ab", 32)
	for ref, want := range map[string]struct{ record, familiar, repository string }{
		"nginx":                       {"docker.io/library/nginx:latest", "nginx:latest", "docker.io/library/nginx"},
		"nginx:1.27":                  {"docker.io/library/nginx:1.27", "nginx:1.27", "docker.io/library/nginx"},
		"me/app":                      {"docker.io/me/app:latest", "me/app:latest", "docker.io/me/app"},
		"index.docker.io/me/app":      {"docker.io/me/app:latest", "me/app:latest", "docker.io/me/app"},
		"localhost:5000/a/b:c":        {"localhost:5000/a/b:c", "localhost:5000/a/b:c", "localhost:5000/a/b"},
		"nginx@" + d:                  {"docker.io/library/nginx@" + d, "nginx@" + d, "docker.io/library/nginx"},
		"localhost:5000/nginx:1@" + d: {"localhost:5000/nginx@" + d, "localhost:5000/nginx@" + d, "localhost:5000/nginx"},
	} {
		named, err := parseName(ref)
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		record := recordName(named)
		if record != want.record || familiar(record) != want.familiar || repository(record) != want.repository {
			t.Errorf("%s: recorded as %s, shown as %s, in %s; want %+v", ref, record, familiar(record), repository(record), want)
		}
	}
}

func TestTagsThatCannotBeGiven(t *testing.T) {
	for _, ref := range []string{"", "A", "a b", "a:", "-a", "a@sha256:" + strings.Repeat("0", 64), strings.Repeat("a", 64), "../a", "a/../b", "a\x00"} {
		if _, err := parseTag(ref); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"nginx", "a/b:c", "host:1/a@sha256:" + strings.Repeat("0", 64), "[::1]:5000/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		named, err := parseName(s)
		if err != nil {
			return
		}
		record := recordName(named)
		again, err := parseName(familiar(record))
		if err != nil || recordName(again) != record {
			t.Errorf("%q: recorded as %q, shown as %q, which is %v, %v", s, record, familiar(record), again, err)
		}
		if repository(record) != named.Name() {
			t.Errorf("%q: repository of %q is %q", s, record, repository(record))
		}
	})
}
