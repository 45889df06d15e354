package image

import (
	"bytes"
	"io"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestSavedArchiveLoadsElsewhereUnderItsNames(t *testing.T) {
	s := open(t)
	one := loaded(t, s, "one:1", image(t, v1.Config{Cmd: []string{"a"}}, layer(t, file{name: "f", body: "1"})))
	two := loaded(t, s, "two:1", image(t, v1.Config{Cmd: []string{"b"}}, layer(t, file{name: "f", body: "1"}), layer(t, file{name: "g", body: "2"})))
	if err := s.Tag(t.Context(), "one:1", "one:2"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		refs  []string
		names []string
	}{
		{[]string{"one:1", "two:1"}, []string{"one:1", "two:1"}},
		{[]string{"one"}, []string{"one:1", "one:2"}},
		{[]string{"one:2", one.ShortID()}, []string{"one:2"}},
		{[]string{two.ID.String()}, nil},
	} {
		var b bytes.Buffer
		if err := s.Save(t.Context(), &b, SaveOptions{Refs: c.refs}); err != nil {
			t.Fatal(err)
		}
		other := open(t)
		list, err := other.Load(t.Context(), &b, LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, l := range list {
			if l.Name != "" {
				names = append(names, l.Name)
			}
			if img, err := other.Get(t.Context(), l.ID.String()); err != nil || read(t, other, img, "f") != "1" {
				t.Errorf("%v: %v, %v", c.refs, l, err)
			}
		}
		slices.Sort(names)
		if !slices.Equal(names, c.names) {
			t.Errorf("save %v, then load: %v, want %v", c.refs, names, c.names)
		}
	}
}

func TestSavedArchiveIsReadByOtherTools(t *testing.T) {
	s := open(t)
	got := loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "1"})))
	var b bytes.Buffer
	if err := s.Save(t.Context(), &b, SaveOptions{Refs: []string{"app:1"}}); err != nil {
		t.Fatal(err)
	}
	img, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := img.ConfigName(); name.String() != got.ID.String() {
		t.Errorf("read back as %s, want %s", name, got.ID)
	}
	if layers, err := img.Layers(); err != nil || len(layers) != 1 {
		t.Errorf("layers: %v, %v", layers, err)
	}
}

func TestSaveTwiceGivesTheSameBytes(t *testing.T) {
	s := open(t)
	loaded(t, s, "app:1", image(t, v1.Config{}, layer(t, file{name: "f", body: "1"})))
	var a, b bytes.Buffer
	for _, w := range []io.Writer{&a, &b} {
		if err := s.Save(t.Context(), w, SaveOptions{Refs: []string{"app:1"}}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("archives differ")
	}
}
