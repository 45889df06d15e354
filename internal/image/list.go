package image

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
)

// ListOptions say which images are listed.
type ListOptions struct {
	All bool // also images that only serve others; tug has none, it is taken for Docker's sake

	// Filters are Docker's: before, since (an image), until (a time or a duration ago), label (NAME or NAME=VALUE), label!,
	// reference (a pattern), dangling (true or false). Values of one key are alternatives, except that labels must all be there.
	Filters map[string][]string
}

// List returns the images that are asked for, the newest first. It reads memory only. An image of several platforms is there once, as the one that
// its names mean.
// With a filter by reference an image's Names and Digests are those that match.
func (s *Images) List(ctx context.Context, o ListOptions) ([]Image, error) {
	x := s.index.Load()
	keep, err := x.filter(o.Filters, time.Now())
	if err != nil {
		return nil, err
	}
	list := []Image{}
	for _, e := range x.images {
		if img := e.image; !img.Removed && !img.Part && keep(&img) {
			list = append(list, img)
		}
	}
	slices.SortFunc(list, func(a, b Image) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return list, ctx.Err()
}

// filter returns what decides whether an image is listed, and narrows its names.
func (x *index) filter(filters map[string][]string, now time.Time) (func(*Image) bool, error) {
	var tests []func(*Image) bool
	for key, values := range filters {
		if len(values) == 0 {
			continue
		}
		var test func(*Image) bool
		var err error
		switch key {
		case "dangling":
			test, err = byDangling(values)
		case "label":
			test = byLabels(values, true)
		case "label!":
			test = byLabels(values, false)
		case "before", "since":
			test, err = x.byAge(key, values)
		case "until":
			test, err = byTime(values, now)
		case "reference":
			test, err = byReference(values)
		default:
			err = fmt.Errorf("invalid filter '%s': %w", key, errdefs.ErrInvalidArgument)
		}
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return func(img *Image) bool {
		for _, t := range tests {
			if !t(img) {
				return false
			}
		}
		return true
	}, nil
}

func byDangling(values []string) (func(*Image) bool, error) {
	want := map[bool]bool{}
	for _, v := range values {
		switch strings.ToLower(v) {
		case "1", "true", "t":
			want[true] = true
		case "0", "false", "f":
			want[false] = true
		default:
			return nil, fmt.Errorf("invalid filter 'dangling=%s': use true or false: %w", v, errdefs.ErrInvalidArgument)
		}
	}
	return func(img *Image) bool { return want[img.Dangling()] }, nil
}

func byLabels(values []string, have bool) func(*Image) bool {
	return func(img *Image) bool {
		for _, v := range values {
			name, value, exact := strings.Cut(v, "=")
			got, ok := img.Config.Labels[name]
			if (ok && (!exact || got == value)) != have {
				return false
			}
		}
		return true
	}
}

func (x *index) byAge(key string, values []string) (func(*Image) bool, error) {
	var limit time.Time
	for _, v := range values {
		e, err := x.find(v)
		if err != nil {
			return nil, err
		}
		created := e.image.Created
		if limit.IsZero() || (key == "before") == created.Before(limit) { // the narrowest of several
			limit = created
		}
	}
	return func(img *Image) bool {
		if key == "before" {
			return img.Created.Before(limit)
		}
		return img.Created.After(limit)
	}, nil
}

func byTime(values []string, now time.Time) (func(*Image) bool, error) {
	if len(values) > 1 {
		return nil, fmt.Errorf("more than one until filter specified: %w", errdefs.ErrInvalidArgument)
	}
	limit, err := parseUntil(values[0], now)
	if err != nil {
		return nil, err
	}
	return func(img *Image) bool { return img.Created.Before(limit) }, nil
}

// byReference keeps the names that match one of the patterns, and images that have such a name.
func byReference(patterns []string) (func(*Image) bool, error) {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("invalid filter 'reference=%s': %w: %w", p, err, errdefs.ErrInvalidArgument)
		}
	}
	matches := func(n string) bool {
		ref, err := reference.ParseNormalizedNamed(n)
		if err != nil {
			return false
		}
		return slices.ContainsFunc(patterns, func(p string) bool {
			ok, err := reference.FamiliarMatch(p, ref)
			return err == nil && ok
		})
	}
	return func(img *Image) bool {
		img.Names, img.Digests = selectNames(img.Names, matches), selectNames(img.Digests, matches)
		return len(img.Names)+len(img.Digests) > 0
	}, nil
}

func selectNames(names []string, keep func(string) bool) []string {
	var out []string
	for _, n := range names {
		if keep(n) {
			out = append(out, n)
		}
	}
	return out
}

// parseUntil reads a time as docker's filters take it: a duration before now, seconds since 1970, or a date.
func parseUntil(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	if sec, err := time.ParseDuration(s + "s"); err == nil {
		return time.Unix(0, sec.Nanoseconds()), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02T15", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("invalid filter 'until=%s': give a duration like 24h, a date, or seconds since 1970: %w", s, errdefs.ErrInvalidArgument)
}
