package image

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestSharedLayersAreCountedOnce(t *testing.T) {
	s := open(t)
	base := layer(t, file{name: "base", body: strings.Repeat("b", 100_000)})
	one := loaded(t, s, "one", image(t, v1.Config{}, base, layer(t, file{name: "1", body: strings.Repeat("1", 50_000)})))
	two := loaded(t, s, "two", image(t, v1.Config{}, base))
	u, err := s.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := u.Own[one.ID] + u.Kept[two.ID]
	if u.Blobs <= 0 || u.Blobs != all || u.Own[two.ID] >= u.Kept[two.ID] || len(one.Blobs) != 4 {
		t.Errorf("blobs of %d bytes: %+v", u.Blobs, u)
	}
	if u.Layers != one.Size || u.Shared[one.ID] != two.Size || u.Shared[two.ID] != two.Size {
		t.Errorf("usage %+v of images with %d and %d bytes", u, one.Size, two.Size)
	}
}

func TestHistoryShowsTheLastStepFirst(t *testing.T) {
	s := open(t)
	made := image(t, v1.Config{}, layer(t, file{name: "base", body: strings.Repeat("b", 100_000)}), layer(t, file{name: "1", body: "1"}))
	img := loaded(t, s, "app", made)
	child, err := s.Create(t.Context(), Parts{Parent: &img, Config: Config{Cmd: []string{"x"}}, CreatedBy: "CMD x", Ref: "child"})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := s.History(t.Context(), "child", "")
	if err != nil || len(steps) != 3 {
		t.Fatal(steps, err)
	}
	if steps[0].ID != child.ID || steps[0].CreatedBy != "CMD x" || steps[0].Size != 0 || len(steps[0].Names) != 1 || steps[1].ID != "" {
		t.Errorf("last step is %+v", steps[0])
	}
	if steps[2].Size < 100_000 || steps[1].Size >= 100_000 {
		t.Errorf("sizes are %d and %d", steps[2].Size, steps[1].Size)
	}
	if child.Size != img.Size || child.ChainID() != img.ChainID() {
		t.Errorf("child has other layers: %+v", child)
	}
}
