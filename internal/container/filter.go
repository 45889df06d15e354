package container

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
)

// Query is which containers somebody wants to see.
type Query struct {
	All   bool // those that do not run as well
	Limit int  // the newest so many of any state; 0: no limit
	// Filters have, under each key, values of which one must fit; of labels and annotations all must.
	Filters map[string][]string

	// FromImage tells which containers were made from an image or one that was made on top of it.
	FromImage func(ref string) (func(*Record) bool, error)
	// NetworkName gives the name of the network that a name or (short) id stands for; as it is if there is none.
	NetworkName func(ref string) string

	list  []*Record           // that is selected from
	names map[string][]string // of links, see LinkNames
}

// test tells whether a container fits one of the filters.
type test func(*Record) bool

// Select gives those of a list, newest first, that the query asks for, in the same order. It fails with InvalidArgument when a
// filter makes no sense, and with NotFound when it names a container (before, since) that is not there.
func (q Query) Select(list []*Record) ([]*Record, error) {
	q.list, q.names = list, LinkNames(list)
	tests, err := q.tests()
	if err != nil {
		return nil, err
	}
	if list, err = q.between(list); err != nil {
		return nil, err
	}
	all := q.All || q.Limit > 0 || q.has("status")
	out := []*Record{}
	for _, r := range list {
		if !all && !r.IsRunning() && r.State.Status != Restarting {
			continue
		}
		if slices.ContainsFunc(tests, func(t test) bool { return !t(r) }) {
			continue
		}
		if out = append(out, r); len(out) == q.Limit {
			break
		}
	}
	return out, nil
}

func (q Query) has(key string) bool { return len(q.Filters[key]) > 0 }

// between leaves of the list what is older than one container and newer than another.
func (q Query) between(list []*Record) ([]*Record, error) {
	for _, ref := range q.Filters["before"] {
		i, err := q.position(list, ref)
		if err != nil {
			return nil, err
		}
		list = list[i+1:]
	}
	for _, ref := range q.Filters["since"] {
		i, err := q.position(list, ref)
		if err != nil {
			return nil, err
		}
		list = list[:i]
	}
	return list, nil
}

// position finds a container by name, id, or the beginning of an id.
func (q Query) position(list []*Record, ref string) (int, error) {
	name := strings.TrimPrefix(ref, "/")
	i := slices.IndexFunc(list, func(r *Record) bool { return r.Name == name || r.ID == ref })
	if i < 0 {
		i = slices.IndexFunc(list, func(r *Record) bool { return slices.Contains(q.names[r.ID], name) })
	}
	if i < 0 && ref != "" {
		i = slices.IndexFunc(list, func(r *Record) bool { return strings.HasPrefix(r.ID, ref) })
	}
	if i < 0 {
		return 0, noSuch(ref)
	}
	return i, nil
}

// tests compiles the filters.
func (q Query) tests() ([]test, error) {
	var tests []test
	for key, values := range q.Filters {
		compile, known := compilers[key]
		if !known {
			return nil, fmt.Errorf("invalid filter '%s': %w", key, errdefs.ErrInvalidArgument)
		}
		if compile == nil || len(values) == 0 {
			continue
		}
		t, err := compile(q, values)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return tests, nil
}

// compilers make a test of the values of a filter. Those without one are looked at elsewhere, or are of other systems.
var compilers = map[string]func(q Query, values []string) (test, error){
	"before": nil, "since": nil, "isolation": nil,

	"id":         idTest,
	"name":       nameTest,
	"label":      labelTest,
	"annotation": annotationTest,
	"status":     statusTest,
	"exited":     exitedTest,
	"health":     healthTest,
	"ancestor":   ancestorTest,
	"expose":     portTest,
	"publish":    portTest,
	"network":    networkTest,
	"volume":     volumeTest,
	"is-task":    isTaskTest,
}

// matcher fits texts that are one of the values or in which one of them, as a regular expression, is found.
func matcher(values []string) func(string) bool {
	var patterns []*regexp.Regexp
	for _, v := range values {
		if p, err := regexp.Compile(v); err == nil {
			patterns = append(patterns, p)
		}
	}
	return func(s string) bool {
		return slices.Contains(values, s) || slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(s) })
	}
}

// idTest fits those whose IDs begin so, if no other's does.
func idTest(q Query, values []string) (test, error) {
	found := map[string]bool{}
	for _, v := range values {
		var ids []string
		for _, r := range q.list {
			if strings.HasPrefix(r.ID, v) {
				ids = append(ids, r.ID)
			}
		}
		if v != "" && len(ids) == 1 {
			found[ids[0]] = true
		}
	}
	return func(r *Record) bool { return found[r.ID] }, nil
}

// nameTest fits names, those of links too, with and without the slash that Docker puts before them.
func nameTest(q Query, values []string) (test, error) {
	fits := matcher(values)
	either := func(name string) bool { return fits(name) || fits("/"+name) }
	return func(r *Record) bool { return either(r.Name) || slices.ContainsFunc(q.names[r.ID], either) }, nil
}

func labelTest(_ Query, values []string) (test, error) {
	return func(r *Record) bool { return HasLabels(r.Config.Labels, values) }, nil
}

func annotationTest(_ Query, values []string) (test, error) {
	return func(r *Record) bool { return HasLabels(r.Host.Annotations, values) }, nil
}

// HasLabels tells whether every one of the labels is there, each given as "key" or "key=value".
func HasLabels(have map[string]string, want []string) bool {
	for _, w := range want {
		key, value, exact := strings.Cut(w, "=")
		got, ok := have[key]
		if !ok || exact && got != value {
			return false
		}
	}
	return true
}

func statusTest(_ Query, values []string) (test, error) {
	for _, v := range values {
		switch Status(v) {
		case Created, Running, Paused, Restarting, Removing, Exited, Dead:
		default:
			return nil, fmt.Errorf("invalid filter 'status=%s': invalid value for state (%s): must be one of created, running, paused, restarting, removing, exited, dead: %w",
				v, v, errdefs.ErrInvalidArgument)
		}
	}
	return func(r *Record) bool { return slices.Contains(values, string(r.State.Status)) }, nil
}

func exitedTest(_ Query, values []string) (test, error) {
	var codes []int
	for _, v := range values {
		code, err := strconv.Atoi(v)
		if err != nil {
			return nil, fmt.Errorf("invalid filter 'exited=%s': %w: %w", v, err, errdefs.ErrInvalidArgument)
		}
		codes = append(codes, code)
	}
	return func(r *Record) bool {
		return !r.IsRunning() && !r.State.StartedAt.IsZero() && slices.Contains(codes, r.State.ExitCode)
	}, nil
}

func healthTest(_ Query, values []string) (test, error) {
	for _, v := range values {
		switch v {
		case "none", "starting", "healthy", "unhealthy":
		default:
			return nil, fmt.Errorf("invalid filter 'health=%s': invalid value for health (%s): must be one of none, starting, healthy, unhealthy: %w", v, v, errdefs.ErrInvalidArgument)
		}
	}
	return func(r *Record) bool {
		status := "none"
		if r.State.Health != nil {
			status = r.State.Health.Status
		}
		return slices.Contains(values, status)
	}, nil
}

func ancestorTest(q Query, values []string) (test, error) {
	var images []func(*Record) bool
	for _, v := range values {
		fits, err := q.FromImage(v)
		switch {
		case errdefs.IsNotFound(err): // no container can be of it
		case err != nil:
			return nil, err
		default:
			images = append(images, fits)
		}
	}
	return func(r *Record) bool {
		return slices.ContainsFunc(images, func(fits func(*Record) bool) bool { return fits(r) })
	}, nil
}

func networkTest(q Query, values []string) (test, error) {
	var names []string
	for _, v := range values {
		names = append(names, q.NetworkName(v))
	}
	return func(r *Record) bool {
		return slices.ContainsFunc(r.NetworkNames(), func(n string) bool { return slices.Contains(names, n) })
	}, nil
}

// NetworkNames are the networks that the container is, or will be, on.
func (r *Record) NetworkNames() []string {
	mode := r.Host.NetworkMode
	switch {
	case mode == "" || mode == "default":
		mode = "bridge"
	case strings.HasPrefix(mode, "container:"):
		return nil
	}
	names := []string{mode}
	for n := range r.Networks {
		if n != mode && n != "default" {
			names = append(names, n)
		}
	}
	slices.Sort(names[1:])
	return names
}

// volumeTest fits containers with a volume of that name, or a mount from or at that path.
func volumeTest(_ Query, values []string) (test, error) {
	return func(r *Record) bool {
		return slices.ContainsFunc(r.Mounts, func(m MountPoint) bool {
			name := m.Name
			if name == "" {
				name = m.Source
			}
			return slices.Contains(values, name) || slices.Contains(values, m.Destination)
		})
	}, nil
}

// isTaskTest: no container of this engine is a task of a swarm.
func isTaskTest(_ Query, values []string) (test, error) {
	wanted, err := strconv.ParseBool(values[0])
	if err != nil || len(values) > 1 {
		return nil, fmt.Errorf("invalid filter 'is-task=%s': must be true or false: %w", strings.Join(values, ","), errdefs.ErrInvalidArgument)
	}
	return func(*Record) bool { return !wanted }, nil
}
