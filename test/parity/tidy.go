package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// tidier takes away what a row leaves, so that each row begins in the same world: no container, no volume, no network but
// the engine's own, nothing that builds keep, and the base images.
type tidier struct {
	client *client
	base   []string // names of the images that are to be there
}

// baseImages are in each world when a row begins.
var baseImages = []string{"busybox:latest", "debian:latest"}

func newTidier(ctx context.Context, w world) (*tidier, error) {
	t := &tidier{newClient(w), baseImages}
	for _, name := range t.base {
		if err := t.pull(ctx, name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *tidier) pull(ctx context.Context, name string) error {
	_, err := t.client.do(ctx, http.MethodPost, "/images/create?fromImage="+url.QueryEscape(name))
	return err
}

// up takes away what is there and tells what could not be.
func (t *tidier) up(ctx context.Context) (left []string) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	left = t.containers(ctx)
	for _, path := range []string{"/networks/prune", "/volumes/prune?filters=" + url.QueryEscape(`{"all":["true"]}`)} {
		if _, err := t.client.do(ctx, http.MethodPost, path); err != nil && !errors.Is(err, errNotServed) {
			left = append(left, err.Error())
		}
	}
	left = append(left, t.images(ctx)...)
	for _, path := range []string{"/images/prune", "/build/prune?all=1"} {
		if _, err := t.client.do(ctx, http.MethodPost, path); err != nil {
			left = append(left, err.Error())
		}
	}
	return left
}

func (t *tidier) containers(ctx context.Context) (left []string) {
	var all []struct{ Id string }
	if err := t.client.get(ctx, "/containers/json?all=1", &all); err != nil {
		return []string{err.Error()}
	}
	faults := make([]error, len(all))
	var removals sync.WaitGroup
	for i, c := range all {
		removals.Go(func() { _, faults[i] = t.client.do(ctx, http.MethodDelete, "/containers/"+c.Id+"?force=1&v=1") })
	}
	removals.Wait()
	for _, err := range faults {
		if err != nil {
			left = append(left, err.Error())
		}
	}
	return left
}

// images removes those that a row made, and pulls those that it removed.
func (t *tidier) images(ctx context.Context) (left []string) {
	var all []struct {
		Id       string
		RepoTags []string
	}
	if err := t.client.get(ctx, "/images/json", &all); err != nil {
		return []string{err.Error()}
	}
	missing := slices.Clone(t.base)
	var extra []string
	for _, image := range all {
		names := slices.DeleteFunc(image.RepoTags, func(name string) bool { return name == "<none>:<none>" })
		if len(names) == 0 {
			extra = append(extra, image.Id)
		}
		for _, name := range names {
			if i := slices.Index(missing, name); i >= 0 {
				missing = slices.Delete(missing, i, i+1)
			} else {
				extra = append(extra, name)
			}
		}
	}
	for _, name := range extra {
		if _, err := t.client.do(ctx, http.MethodDelete, "/images/"+url.PathEscape(name)+"?force=1"); err != nil {
			left = append(left, err.Error())
		}
	}
	for _, name := range missing {
		if err := t.pull(ctx, name); err != nil {
			left = append(left, fmt.Sprintf("pull %s: %v", name, err))
		}
	}
	return left
}
