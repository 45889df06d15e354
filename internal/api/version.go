package api

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
)

// The versions of the Engine API that are spoken.
const (
	MinVersion = "1.24"
	MaxVersion = "1.56"

	minVersion version = 24
	maxVersion version = 56
)

// version is a version of the Engine API: the second number of "1.56".
type version int

// negotiate reads the version that a client asked for, and refuses those that are not spoken in Docker's words, which
// clients look for to find a version they share with us.
func negotiate(s string) (version, error) {
	major, rest, _ := strings.Cut(s, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	if errB != nil {
		b = 0
	}
	switch {
	case errA != nil, a < 1, a == 1 && version(b) < minVersion:
		return 0, fmt.Errorf("client version %s is too old. Minimum supported API version is %s, please upgrade your client to a newer version: %w",
			s, MinVersion, errdefs.ErrInvalidArgument)
	case a > 1, version(b) > maxVersion:
		return 0, fmt.Errorf("client version %s is too new. Maximum supported API version is %s: %w", s, MaxVersion, errdefs.ErrInvalidArgument)
	}
	return version(b), nil
}

// cutVersion splits "/v1.50/containers/json" into its version and the rest of the path.
func cutVersion(path string) (rest, version string, ok bool) {
	after, found := strings.CutPrefix(path, "/v")
	if !found {
		return path, "", false
	}
	i := strings.IndexByte(after, '/')
	if i <= 0 || strings.Trim(after[:i], "0123456789.") != "" {
		return path, "", false
	}
	return after[i:], after[:i], true
}

// unescape decodes a path; one that cannot be decoded stays as it is, and no route will match it.
func unescape(path string) string {
	if s, err := url.PathUnescape(path); err == nil {
		return s
	}
	return path
}
