package container

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
)

// shelf has containers of all sorts, newest first.
func shelf() []*Record {
	ran := time.Unix(1, 0)
	return []*Record{
		{
			ID: "d4", Name: "db", ImageID: "sha256:b",
			Config:   Config{Labels: map[string]string{"tier": "data", "keep": ""}, ExposedPorts: map[string]struct{}{"5432/tcp": {}}},
			Host:     HostConfig{NetworkMode: "backend", Annotations: map[string]string{"owner": "ops"}},
			Networks: map[string]EndpointConfig{"backend": {}, "bridge": {}},
			Mounts:   []MountPoint{{Type: "volume", Name: "pgdata", Destination: "/var/lib/pg"}},
			State:    State{Status: Running, StartedAt: ran, Health: &Health{Status: "healthy"}, Live: &Live{}},
		},
		{
			ID: "c3", Name: "web", ImageID: "sha256:a",
			Config: Config{Labels: map[string]string{"tier": "front"}},
			Host:   HostConfig{Links: []string{"d4:store"}},
			Mounts: []MountPoint{{Type: "bind", Source: "/srv", Destination: "/www"}},
			State: State{Status: Paused, StartedAt: ran, Live: &Live{
				Ports: map[string][]PortBinding{"80/tcp": {{HostPort: "8080"}, {HostIP: "::", HostPort: "8080"}}, "53/udp": {{HostPort: "5353"}}},
			}},
		},
		{ID: "b2", Name: "job", ImageID: "sha256:a", State: State{Status: Exited, ExitCode: 3, StartedAt: ran}, Host: HostConfig{NetworkMode: "host"}},
		{
			ID: "a1", Name: "new-web", ImageID: "sha256:a", State: State{Status: Created},
			Host: HostConfig{NetworkMode: "none", PortBindings: map[string][]PortBinding{"80/tcp": {{HostPort: "8080"}}}},
		},
	}
}

func TestSelect(t *testing.T) {
	for name, tt := range map[string]struct {
		query Query
		want  string // names
	}{
		"only what runs":                {Query{}, "db web"},
		"all":                           {Query{All: true}, "db web job new-web"},
		"the newest, of any state":      {Query{Limit: 3}, "db web job"},
		"name is a regular expression":  {filtered("name", "^w.b$"), "web"},
		"name with Docker's slash":      {filtered("name", "^/web$"), "web"},
		"part of a name":                {filtered("name", "^[^/]*eb$"), "web new-web"},
		"name by another's link":        {filtered("name", "^web/store$"), "db"},
		"part of a name by a link":      {filtered("name", "eb"), "db web new-web"},
		"before a name by a link":       {filtered("before", "/web/store"), "web job new-web"},
		"one name or another":           {filtered("name", "^db$", "^job$"), "db job"},
		"name that is no expression":    {filtered("name", "("), ""},
		"id":                            {filtered("id", "c3"), "web"},
		"beginning of an id":            {filtered("id", "c", "a1"), "web new-web"},
		"id is no expression":           {filtered("id", "^c", "3", ""), ""},
		"before says nothing of states": {Query{Filters: map[string][]string{"before": {"db"}}}, "web"},
		"label":                         {filtered("label", "tier"), "db web"},
		"label with its value":          {filtered("label", "tier=data"), "db"},
		"all labels":                    {filtered("label", "tier", "keep"), "db"},
		"empty value of a label":        {filtered("label", "keep="), "db"},
		"annotation":                    {filtered("annotation", "owner=ops"), "db"},
		"status shows what is not up":   {Query{Filters: map[string][]string{"status": {"exited", "created"}}}, "job new-web"},
		"exit code":                     {filtered("exited", "3"), "job"},
		"never started is not exited 0": {filtered("exited", "0"), ""},
		"healthy":                       {filtered("health", "healthy"), "db"},
		"no health check":               {filtered("health", "none"), "web job new-web"},
		"image":                         {filtered("ancestor", "debian"), "web job new-web"},
		"image that is not there":       {filtered("ancestor", "nothing"), ""},
		"before":                        {filtered("before", "web"), "job new-web"},
		"since, by short id":            {filtered("since", "b"), "db web"},
		"between two":                   {Query{All: true, Filters: map[string][]string{"before": {"db"}, "since": {"new-web"}}}, "web job"},
		"exposed port":                  {filtered("expose", "5000-6000"), "db"},
		"exposed because published":     {filtered("expose", "80"), "web"},
		"port published on the host":    {filtered("publish", "8000-8080"), "web"},
		"published port, other proto":   {filtered("publish", "8080/udp"), ""},
		"published UDP port":            {filtered("publish", "5353/UDP"), "web"},
		"port of the container":         {filtered("publish", "80"), ""},
		"published or exposed":          {Query{Filters: map[string][]string{"publish": {"8080"}, "expose": {"5432"}}}, "db web"},
		"network":                       {filtered("network", "backend"), "db"},
		"network by id":                 {filtered("network", "0123"), "db"},
		"default network":               {filtered("network", "bridge"), "db web"},
		"host network":                  {filtered("network", "host"), "job"},
		"volume":                        {filtered("volume", "pgdata"), "db"},
		"where a volume is":             {filtered("volume", "/www"), "web"},
		"what a bind shows":             {filtered("volume", "/srv"), "web"},
		"tasks":                         {filtered("is-task", "true"), ""},
		"no tasks":                      {filtered("is-task", "0"), "db web job new-web"},
		"several filters":               {Query{All: true, Filters: map[string][]string{"name": {"web"}, "status": {"paused"}}}, "web"},
		"limit counts what fits":        {Query{Limit: 1, Filters: map[string][]string{"name": {"web"}, "status": {"created"}}}, "new-web"},
		"no values is no filter":        {Query{All: true, Filters: map[string][]string{"name": {}}}, "db web job new-web"},
		"isolation is Windows's":        {filtered("isolation", "hyperv"), "db web job new-web"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := withLookups(tt.query).Select(shelf())
			if err != nil {
				t.Fatal(err)
			}
			if names := namesOf(got); names != tt.want {
				t.Errorf("got %q, want %q", names, tt.want)
			}
		})
	}
}

func TestSelectRefuses(t *testing.T) {
	for _, f := range []string{
		"nonsense=1", "status=asleep", "exited=x", "health=fine", "expose=x", "publish=8080:80", "publish=90-80", "publish=80/icmp", "publish=",
		"is-task=maybe",
	} {
		key, value, _ := strings.Cut(f, "=")
		if _, err := withLookups(filtered(key, value)).Select(shelf()); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: got %v, want an invalid argument", f, err)
		}
	}
	for _, key := range []string{"before", "since"} {
		if _, err := filtered(key, "nobody").Select(shelf()); !errdefs.IsNotFound(err) {
			t.Errorf("%s=nobody: got %v, want not found", key, err)
		}
	}
}

func FuzzPortFilter(f *testing.F) {
	f.Add("80")
	f.Add("8000-8080/tcp")
	f.Add("/")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePortRange("publish", s)
		if err == nil && !p.holds(fmt.Sprintf("%d/%s", p.last, p.proto)) {
			t.Errorf("%q: a range that does not hold its own end", s)
		}
	})
}

func filtered(key string, values ...string) Query {
	return Query{All: true, Filters: map[string][]string{key: values}}
}

// withLookups has one image, debian, and one network with an id, backend.
func withLookups(q Query) Query {
	q.FromImage = func(ref string) (func(*Record) bool, error) {
		if ref != "debian" {
			return nil, fmt.Errorf("no such image: %w", errdefs.ErrNotFound)
		}
		return func(r *Record) bool { return r.ImageID == "sha256:a" }, nil
	}
	q.NetworkName = func(ref string) string {
		if ref == "0123" {
			return "backend"
		}
		return ref
	}
	return q
}

func namesOf(list []*Record) string {
	var names []string
	for _, r := range list {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}
