package passwd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	maxFile = 10 << 20 // bytes of a file: real ones have a few KB
	maxLine = 1 << 20  // bytes of a line: a group of 65,536 members is below it
)

// userEntry is a line of /etc/passwd, see passwd(5).
type userEntry struct {
	name, home string
	uid, gid   uint32
	valid      bool // has both ids
}

// groupEntry is a line of /etc/group, see group(5).
type groupEntry struct {
	name    string
	gid     uint32
	members string // separated by commas
	valid   bool   // has an id
}

func (g groupEntry) has(user string) bool {
	for member := range strings.SplitSeq(g.members, ",") {
		if member == user {
			return true
		}
	}
	return false
}

// eachUser calls fn for the entries of a passwd file until it returns false. A nil file is empty.
func eachUser(file io.Reader, fn func(userEntry) bool) error {
	return eachLine(file, "passwd", func(line string) bool {
		fields := strings.SplitN(line, ":", 8) // name:password:uid:gid:comment:home:shell
		e := userEntry{name: fields[0]}
		if len(fields) > 3 {
			var uidOK, gidOK bool
			e.uid, uidOK = parseID(fields[2])
			e.gid, gidOK = parseID(fields[3])
			e.valid = uidOK && gidOK
		}
		if len(fields) > 5 {
			e.home = fields[5]
		}
		return fn(e)
	})
}

// eachGroup calls fn for the entries of a group file until it returns false. A nil file is empty.
func eachGroup(file io.Reader, fn func(groupEntry) bool) error {
	return eachLine(file, "group", func(line string) bool {
		fields := strings.SplitN(line, ":", 5) // name:password:gid:members
		e := groupEntry{name: fields[0]}
		if len(fields) > 2 {
			e.gid, e.valid = parseID(fields[2])
		}
		if len(fields) > 3 {
			e.members = fields[3]
		}
		return fn(e)
	})
}

// eachLine passes over empty lines, comments, the "+" and "-" lines of NIS, and lines with a zero byte, which no name or path can hold.
func eachLine(file io.Reader, what string, fn func(line string) bool) error {
	if file == nil {
		return nil
	}
	limited := &io.LimitedReader{R: file, N: maxFile + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if limited.N == 0 {
			break
		}
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.ContainsRune("#+-:", rune(line[0])) || strings.ContainsRune(line, 0) {
			continue
		}
		if !fn(line) {
			return nil
		}
	}
	switch err := lines.Err(); {
	case limited.N == 0:
		return fmt.Errorf("the %s file is larger than %d bytes", what, maxFile)
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("the %s file has a line of more than %d bytes", what, maxLine)
	case err != nil:
		return fmt.Errorf("read the %s file: %w", what, err)
	}
	return nil
}

// UserNames gives the names of the users in a passwd file by their ids, the first of those that share one. A nil file is empty.
func UserNames(file io.Reader) (map[uint32]string, error) {
	names := map[uint32]string{}
	err := eachUser(file, func(e userEntry) bool {
		if _, known := names[e.uid]; e.valid && !known {
			names[e.uid] = e.name
		}
		return true
	})
	return names, err
}

// GroupNames gives the names of the groups in a group file by their ids, the first of those that share one. A nil file is empty.
func GroupNames(file io.Reader) (map[uint32]string, error) {
	names := map[uint32]string{}
	err := eachGroup(file, func(e groupEntry) bool {
		if _, known := names[e.gid]; e.valid && !known {
			names[e.gid] = e.name
		}
		return true
	})
	return names, err
}
