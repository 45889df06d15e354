package archive

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// maxLinks bounds the links of one lookup, as the kernel does.
const maxLinks = 40

// Follow gives the path, without links, of what a path in the tree leads to, as far as that is there. It is for people and
// clients to read: whoever goes there has it looked up again.
func (t Tree) Follow(name string) string {
	at, rest := "/", strings.Split(path.Clean("/" + name)[1:], "/")
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, part)
		to, isLink := t.readLink(next)
		if !isLink {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return path.Join(append([]string{next}, rest...)...)
		}
		if path.IsAbs(to) {
			at = "/"
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	return at
}

// readLink reads the link at a path that is known to have no link before its last part.
func (t Tree) readLink(name string) (to string, isLink bool) {
	fd, err := beneath.Open(t.Root, name, unix.O_PATH|unix.O_NOFOLLOW, 0, beneath.Direct)
	if err != nil {
		return "", false
	}
	defer unix.Close(fd)
	to, err = linkOf(fd)
	return to, err == nil
}

// linkOf reads the link that a descriptor holds.
func linkOf(fd int) (string, error) {
	var buf [unix.PathMax]byte
	n, err := unix.Readlinkat(fd, "", buf[:])
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}
