package image

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

func TestListFilters(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	x := indexOf(map[digest.Digest][]string{
		id("a"): {"docker.io/library/nginx:1", "docker.io/library/nginx:2"}, id("b"): {"docker.io/me/app:1"}, id("c"): nil,
	})
	x = x.with(func(x *index) {
		for i, d := range []digest.Digest{id("a"), id("b"), id("c")} {
			e := *x.images[d]
			e.image.Created = now.Add(time.Duration(i-10) * time.Hour)
			e.image.Config.Labels = map[string]string{"n": string(rune('0' + i)), "all": ""}
			x.images[d] = &e
		}
	})
	for _, c := range []struct {
		filter string
		want   string // first digits of those that stay
	}{
		{"", "abc"},
		{"dangling=true", "c"},
		{"dangling=false", "ab"},
		{"dangling=0", "ab"},
		{"label=n", "abc"},
		{"label=n=1", "b"},
		{"label=no", ""},
		{"label!=n=1", "ac"},
		{"label=all=", "abc"},
		{"before=c", "ab"},
		{"since=nginx:1", "bc"},
		{"before=b", "a"},
		{"until=9h30m", "a"},
		{"until=1h", "abc"},
		{"until=965000", "a"},
		{"reference=nginx", "a"},
		{"reference=me/*", "b"},
		{"reference=*:1", "a"},
		{"reference=*/*:1", "b"},
		{"reference=no", ""},
	} {
		filters := map[string][]string{}
		if c.filter != "" {
			k, v, _ := strings.Cut(c.filter, "=")
			filters[k] = []string{v}
		}
		keep, err := x.filter(filters, now)
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		var got []string
		for d, e := range x.images {
			if img := e.image; keep(&img) {
				got = append(got, d.Encoded()[:1])
			}
		}
		slices.Sort(got)
		if strings.Join(got, "") != c.want {
			t.Errorf("%s: %v, want %s", c.filter, got, c.want)
		}
	}
	for _, f := range []map[string][]string{{"no": {"x"}}, {"dangling": {"maybe"}}, {"until": {"soon"}}, {"until": {"1h", "2h"}}, {"reference": {"["}}} {
		if _, err := x.filter(f, now); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%v: %v", f, err)
		}
	}
	if _, err := x.filter(map[string][]string{"before": {"none"}}, now); !errdefs.IsNotFound(err) {
		t.Errorf("before an image that is not there: %v", err)
	}
}

func TestReferenceFilterNarrowsNames(t *testing.T) {
	x := indexOf(map[digest.Digest][]string{id("a"): {"docker.io/library/nginx:1", "docker.io/library/nginx:2"}})
	keep, err := x.filter(map[string][]string{"reference": {"nginx:2"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	img := x.images[id("a")].image
	if !keep(&img) || !slices.Equal(img.Names, []string{"nginx:2"}) {
		t.Errorf("names %v", img.Names)
	}
	if whole := x.images[id("a")].image.Names; len(whole) != 2 {
		t.Errorf("the index changed: %v", whole)
	}
}
