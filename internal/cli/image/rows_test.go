package image

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/image"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestTheTreeShowsEachPlatformOfAnImage(t *testing.T) {
	platform := func(arch, variant string, available bool, total, content int64, containers ...string) image.ManifestSummary {
		m := image.ManifestSummary{ID: "sha256:" + strings.Repeat(arch[:1], 64), Available: available, Kind: image.ManifestKindImage}
		m.Size.Total, m.Size.Content = total, content
		m.ImageData = &image.ImageProperties{Platform: ocispec.Platform{OS: "linux", Architecture: arch, Variant: variant}, Containers: containers}
		return m
	}
	attestation := image.ManifestSummary{Kind: image.ManifestKindAttestation}
	var out bytes.Buffer
	err := writeTree(&out, []image.Summary{
		{
			ID: "sha256:" + strings.Repeat("1", 64), RepoTags: []string{"app:1"}, Size: 5_000_000, Containers: 1,
			Manifests: []image.ManifestSummary{platform("amd64", "", true, 5_000_000, 2_000_000, "c"), attestation, platform("bm", "v7", false, 100, 0)},
		},
		{ID: "sha256:" + strings.Repeat("2", 64), Size: 1000},
	})
	const want = `IMAGE            ID             DISK USAGE   CONTENT SIZE   IN USE
app:1            111111111111   5MB          2MB            U
├─ linux/amd64   aaaaaaaaaaaa   5MB          2MB            U
└─ linux/bm/v7   bbbbbbbbbbbb   0B           0B             
<untagged>       222222222222   1kB          0B             
`
	if diff := cmp.Diff(want, out.String()); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestWhichImagesDangle(t *testing.T) {
	for _, c := range []struct {
		tags, digests []string
		want          bool
	}{
		{nil, nil, true},
		{nil, []string{"app@sha256:1"}, true},
		{[]string{"<none>:<none>"}, []string{"<none>@<none>"}, true},
		{[]string{"<none>:<none>"}, []string{"app@sha256:1"}, false},
		{[]string{"app:1"}, nil, false},
	} {
		if got := isDangling(image.Summary{RepoTags: c.tags, RepoDigests: c.digests}); got != c.want {
			t.Errorf("%v %v: %v", c.tags, c.digests, got)
		}
	}
}

func TestAStepOfAHistory(t *testing.T) {
	created := time.Now().Add(-2 * time.Hour).Unix()
	item := image.HistoryResponseItem{ID: "sha256:" + strings.Repeat("a", 64), Created: created, CreatedBy: "RUN\t" + strings.Repeat("x", 60), Size: 1500, Comment: "c"}
	short := &historyRow{item: item, trunc: true, human: true}
	if short.ID() != "aaaaaaaaaaaa" || short.CreatedSince() != "2 hours ago" || short.CreatedBy() != "RUN "+strings.Repeat("x", 40)+"…" || short.Size() != "1.5kB" {
		t.Errorf("%s, %s, %s, %s", short.ID(), short.CreatedSince(), short.CreatedBy(), short.Size())
	}
	full := &historyRow{item: item}
	if full.ID() != item.ID || full.CreatedSince() != time.Unix(created, 0).Format(time.RFC3339) || full.Size() != "1500" {
		t.Errorf("%s, %s, %s", full.ID(), full.CreatedSince(), full.Size())
	}
	hostile := &historyRow{item: image.HistoryResponseItem{CreatedBy: "RUN a\n\x1b[2Jb", Comment: "\u009b31mc\u202e"}}
	if hostile.CreatedBy() != "RUN a [2Jb" || hostile.Comment() != "31mc" {
		t.Errorf("%q, %q", hostile.CreatedBy(), hostile.Comment())
	}
	reproducible := &historyRow{human: true, item: image.HistoryResponseItem{Created: 0}}
	if reproducible.CreatedSince() != "N/A" {
		t.Error(reproducible.CreatedSince())
	}
}

func TestPlatformsAreParsed(t *testing.T) {
	got, err := parsePlatforms("", "linux/arm64", "linux/arm/v7")
	want := []ocispec.Platform{{OS: "linux", Architecture: "arm64"}, {OS: "linux", Architecture: "arm", Variant: "v7"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := parsePlatforms("a/b/c/d"); err == nil {
		t.Error("what is no platform is parsed")
	}
}
