package image

import (
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// parseName reads a reference as people write it, "nginx", "host:5000/a/b:tag", "nginx@sha256:...", and adds the tag
// latest where neither tag nor digest is given.
func parseName(ref string) (reference.Named, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return nil, fmt.Errorf("%q: %w: %w", ref, err, errdefs.ErrInvalidArgument)
	}
	return reference.TagNameOnly(named), nil
}

// parseTag reads a reference that a new name can be: with a tag, without a digest, and not looking like an ID.
func parseTag(ref string) (reference.NamedTagged, error) {
	if hexID(ref) {
		return nil, fmt.Errorf("%q cannot be a name, it looks like an image ID: %w", ref, errdefs.ErrInvalidArgument)
	}
	named, err := parseName(ref)
	if err != nil {
		return nil, err
	}
	if _, ok := named.(reference.Digested); ok {
		return nil, fmt.Errorf("%q: refusing to create a tag with a digest reference: %w", ref, errdefs.ErrInvalidArgument)
	}
	tagged, ok := named.(reference.NamedTagged)
	if !ok {
		return nil, fmt.Errorf("%q has no tag: %w", ref, errdefs.ErrInvalidArgument)
	}
	return tagged, nil
}

// recordName is the name under which a reference is recorded: the digest decides where there are both a tag and a digest.
func recordName(named reference.Named) string {
	if d, ok := named.(reference.Digested); ok {
		return named.Name() + "@" + d.Digest().String()
	}
	return named.String()
}

// digestName is the record of a repository digest.
func digestName(named reference.Named, d digest.Digest) string {
	return named.Name() + "@" + d.String()
}

// familiar is a record's name as people see it. An ID's record has none ("").
func familiar(record string) string {
	named, err := reference.ParseNormalizedNamed(record)
	if err != nil {
		return ""
	}
	return reference.FamiliarString(named)
}

// isDigestName says that a record's name is a repository digest rather than a tag.
func isDigestName(record string) bool { return strings.Contains(record, "@") }

// repository is the part of a record's name before the tag or the digest.
func repository(record string) string {
	if name, _, found := strings.Cut(record, "@"); found {
		return name
	}
	if i := strings.LastIndexByte(record, ':'); i > strings.LastIndexByte(record, '/') {
		return record[:i]
	}
	return record
}

// hexID says that ref is a full ID without its algorithm.
func hexID(ref string) bool { return len(ref) == 64 && isHex(ref) }

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef") == ""
}

// fullName says that an archive's ref.name is a whole name, "nginx:1.27" or "host/nginx", rather than a mere tag.
func fullName(s string) bool {
	if !strings.ContainsAny(s, ":/") {
		return false
	}
	_, err := parseTag(s)
	return err == nil
}
