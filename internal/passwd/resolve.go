package passwd

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
)

// maxGroups is how many the kernel lets a process be in (NGROUPS_MAX).
const maxGroups = 65536

var (
	errNoUser  = errors.New("no matching entries in passwd file")
	errNoGroup = errors.New("no matching entries in group file")
	errDamaged = errors.New("its entry has no valid ids")
)

// User is who a process runs as.
type User struct {
	UID, GID uint32
	Groups   []uint32 // all groups of the process, GID first, each once
	Home     string   // "/" if no entry says
	Name     string   // "" if there is no entry
}

// Resolve finds the user, the group and the supplementary groups of a process.
//
//   - user "" is user 0; a name must have an entry; a number need not, and is never looked up as a name.
//   - With a group ("user:group") that is the only one. Without, it is that of the user's entry, and the groups that list the user's
//     name as a member come on top, also for a user who was found by number.
//   - additional groups (--group-add) come on top in any case: names must have an entry, numbers need not.
//
// passwd and group are the files' contents, nil where the image has none. Only what is needed is read of them. All errors are InvalidArgument; they
// come from names without an entry, from ids that are out of range, and from files that are too large.
func Resolve(user string, passwd, group io.Reader, additional []string) (User, error) {
	u, err := resolve(user, passwd, group, additional)
	if err != nil {
		return User{}, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return u, nil
}

func resolve(spec string, passwd, group io.Reader, additional []string) (User, error) {
	userText, groupText, _ := strings.Cut(spec, ":")
	u, err := findUser(userText, passwd)
	if err != nil {
		return User{}, err
	}
	w := wanted{additional: make([]arg, len(additional)), extra: make([]uint32, len(additional))}
	if groupText != "" {
		if w.primary, err = parseArg(groupText); err != nil {
			return User{}, fmt.Errorf("unable to find group %w", err)
		}
	} else {
		w.member = u.Name
	}
	for i, text := range additional {
		if w.additional[i], err = parseArg(text); err != nil {
			return User{}, fmt.Errorf("unable to find group %w", err)
		}
	}
	if err := w.find(group); err != nil {
		return User{}, err
	}
	if groupText != "" {
		u.GID = w.gid
	}
	u.Groups, err = union([]uint32{u.GID}, w.memberOf, w.extra)
	return u, err
}

// findUser returns the user without supplementary groups.
func findUser(text string, passwd io.Reader) (User, error) {
	if text == "" {
		text = "0"
	}
	who, err := parseArg(text)
	if err != nil {
		return User{}, fmt.Errorf("unable to find user %w", err)
	}
	found, damaged := userEntry{}, false
	err = eachUser(passwd, func(e userEntry) bool {
		switch {
		case who.numeric && e.valid && e.uid == who.id, !who.numeric && e.valid && e.name == who.name:
			found = e
			return false // the first one counts
		case !who.numeric && e.name == who.name:
			damaged = true
			return false
		}
		return true
	})
	switch {
	case err != nil:
	case damaged:
		err = errDamaged
	case !found.valid && !who.numeric:
		err = errNoUser
	}
	if err != nil {
		return User{}, fmt.Errorf("unable to find user %s: %w", text, err)
	}
	u := User{UID: found.uid, GID: found.gid, Home: found.home, Name: found.name}
	if !found.valid {
		u.UID = who.id
	}
	if u.Home == "" {
		u.Home = "/"
	}
	return u, nil
}

// wanted is what is looked for in a group file, and what was found.
type wanted struct {
	primary    arg    // zero: not looked for
	member     string // whose groups; "": nobody's
	additional []arg

	gid      uint32   // of primary
	memberOf []uint32 // of member
	extra    []uint32 // of additional
}

// find reads the group file, if there is anything to find in it.
func (w *wanted) find(file io.Reader) error {
	pending := map[string][]*uint32{} // names whose ids are not known yet
	w.gid = w.primary.id
	if w.primary.name != "" && !w.primary.numeric {
		pending[w.primary.name] = append(pending[w.primary.name], &w.gid)
	}
	for i, a := range w.additional {
		w.extra[i] = a.id
		if !a.numeric {
			pending[a.name] = append(pending[a.name], &w.extra[i])
		}
	}
	if w.member == "" && len(pending) == 0 {
		return nil
	}
	var fault error
	err := eachGroup(file, func(e groupEntry) bool {
		if targets, ok := pending[e.name]; ok {
			if !e.valid {
				fault = fmt.Errorf("unable to find group %s: %w", e.name, errDamaged)
				return false
			}
			for _, target := range targets {
				*target = e.gid
			}
			delete(pending, e.name) // the first one counts
		}
		if w.member != "" && e.valid && e.has(w.member) {
			w.memberOf = append(w.memberOf, e.gid)
		}
		return w.member != "" || len(pending) > 0
	})
	switch {
	case fault != nil:
		return fault
	case err != nil && w.member != "":
		return fmt.Errorf("unable to find groups for user %s: %w", w.member, err)
	case err != nil:
		return fmt.Errorf("unable to find groups: %w", err)
	}
	for _, a := range append([]arg{w.primary}, w.additional...) { // in their order, so that the first is named
		if _, missing := pending[a.name]; missing {
			return fmt.Errorf("unable to find group %s: %w", a.name, errNoGroup)
		}
	}
	return nil
}

// union returns all ids, each once, in order.
func union(lists ...[]uint32) ([]uint32, error) {
	var all []uint32
	seen := map[uint32]bool{}
	for _, id := range slices.Concat(lists...) {
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	if len(all) > maxGroups {
		return nil, errors.New("the user is in more than " + strconv.Itoa(maxGroups) + " groups, which is what the kernel allows")
	}
	return all, nil
}
