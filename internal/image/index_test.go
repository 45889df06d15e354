package image

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

func id(prefix string) digest.Digest {
	return digest.Digest("sha256:" + prefix + strings.Repeat("0", 64-len(prefix)))
}

// indexOf is an index of images by ID with their record names.
func indexOf(images map[digest.Digest][]string) *index {
	return newIndex().with(func(x *index) {
		for d, names := range images {
			x.images[d] = &entry{image: Image{ID: d}}
			for _, n := range names {
				x.names[n] = name{id: d, tagged: time.Unix(1, 0)}
			}
		}
	})
}

func TestFindKnowsEveryWayToNameAnImage(t *testing.T) {
	d := string(id("dd"))
	x := indexOf(map[digest.Digest][]string{
		id("abc1"): {"docker.io/library/one:latest", "docker.io/library/one:1", "docker.io/library/one@" + d},
		id("abd2"): {"docker.io/library/abc:latest"},
		id("5678"): {"host:5000/a/b:c"},
	})
	for ref, want := range map[string]digest.Digest{
		"one": id("abc1"), "one:latest": id("abc1"), "one:1": id("abc1"), "docker.io/library/one:1": id("abc1"),
		"one@" + d: id("abc1"), "one:other@" + d: id("abc1"),
		string(id("abc1")): id("abc1"), id("abc1").Encoded(): id("abc1"), "abc1": id("abc1"), "sha256:abc1": id("abc1"),
		"abc": id("abd2"), // a name comes before an ID
		"abd": id("abd2"), "5": id("5678"), "host:5000/a/b:c": id("5678"),
	} {
		e, err := x.find(ref)
		if err != nil || e.image.ID != want {
			t.Errorf("%s: %v, %v; want %s", ref, e, err, want)
		}
	}
	for ref, class := range map[string]func(error) bool{
		"ab": errdefs.IsInvalidArgument, "sha256:ab": errdefs.IsInvalidArgument, "two": errdefs.IsNotFound, "one:2": errdefs.IsNotFound,
		"": errdefs.IsNotFound, "ABC1": errdefs.IsNotFound, "0": errdefs.IsNotFound, "sha256:": errdefs.IsNotFound, strings.Repeat("f", 64): errdefs.IsNotFound,
	} {
		if e, err := x.find(ref); err == nil || !class(err) {
			t.Errorf("%q: %v, %v", ref, e, err)
		}
	}
	if _, err := x.find("two"); err == nil || !strings.HasPrefix(err.Error(), "No such image: two:latest: ") {
		t.Errorf("missing image: %v", err)
	}
}

func TestNamesFollowTheIndex(t *testing.T) {
	x := indexOf(map[digest.Digest][]string{id("a"): {"docker.io/library/x:1", "docker.io/library/w:1"}, id("b"): nil})
	y := x.with(func(y *index) { y.names["docker.io/library/x:1"] = name{id: id("b"), tagged: time.Unix(9, 0)} })
	if got := x.images[id("a")].image.Names; !slices.Equal(got, []string{"w:1", "x:1"}) {
		t.Errorf("the former index changed: %v", got)
	}
	if a, b := y.images[id("a")].image, y.images[id("b")].image; !slices.Equal(a.Names, []string{"w:1"}) || !slices.Equal(b.Names, []string{"x:1"}) || b.Tagged.Unix() != 9 {
		t.Errorf("after the name moved: %v, %v", a.Names, b)
	}
}

func TestOneRepository(t *testing.T) {
	d := "@" + string(id("d"))
	for _, c := range []struct {
		names []string
		want  bool
	}{
		{nil, false},
		{[]string{"a:1"}, true},
		{[]string{"a:1", "a" + d}, true},
		{[]string{"a" + d}, true},
		{[]string{"a:1", "a:2"}, false},
		{[]string{"a:1", "b" + d}, false},
		{[]string{"a" + d, "b" + d}, false},
	} {
		if got := oneRepository(c.names); got != c.want {
			t.Errorf("%v: %v", c.names, got)
		}
	}
}
