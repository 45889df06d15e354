package image

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestManyAtATime pulls, loads, tags, lists and removes the same few images from many goroutines. Whoever gets an image gets all of it.
func TestManyAtATime(t *testing.T) {
	leakFree(t)
	reg := serveRegistry(t, "")
	base := layer(t, file{name: "base", body: "b"})
	archives := map[int][]byte{}
	for i := range 3 {
		img := image(t, v1.Config{Labels: map[string]string{"n": fmt.Sprint(i)}}, base, layer(t, file{name: "f", body: fmt.Sprint(i)}))
		push(t, fmt.Sprintf("%s/app:%d", reg, i), img)
		archives[i] = dockerArchive(t, map[string]v1.Image{fmt.Sprintf("%s/app:%d", reg, i): img})
	}
	s := open(t)
	var all sync.WaitGroup
	for worker := range 12 {
		all.Go(func() {
			for round := range 6 {
				i := (worker + round) % 3
				ref := fmt.Sprintf("%s/app:%d", reg, i)
				var err error
				switch worker % 4 {
				case 0, 1:
					var img Image
					if img, err = s.Pull(t.Context(), ref, PullOptions{}); err == nil {
						if _, rerr := s.Rootfs(t.Context(), img); rerr == nil && img.Config.Labels["n"] != fmt.Sprint(i) {
							err = fmt.Errorf("%s is image %s", ref, img.Config.Labels["n"])
						}
					}
				case 2:
					_, err = s.Load(t.Context(), bytes.NewReader(archives[i]), LoadOptions{})
				case 3:
					s.Remove(t.Context(), ref, RemoveOptions{Force: true})
					s.store.CollectNow(t.Context())
					s.List(t.Context(), ListOptions{})
				}
				if err != nil {
					t.Errorf("worker %d, round %d: %v", worker, round, err)
				}
			}
		})
	}
	all.Wait()
	for i := range 3 {
		img, err := s.Pull(t.Context(), fmt.Sprintf("%s/app:%d", reg, i), PullOptions{})
		if err != nil || read(t, s, img, "f") != fmt.Sprint(i) || read(t, s, img, "base") != "b" {
			t.Errorf("at last: %v, %v", img.Names, err)
		}
	}
	list, err := s.List(t.Context(), ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range list {
		if _, err := s.Remove(t.Context(), img.ID.String(), RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	}
	nothingLeft(t, s)
}
