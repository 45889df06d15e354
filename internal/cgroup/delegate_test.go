package cgroup

import "testing"

// A process that is started in a container that arranges its groups itself goes where the first one is.
func TestWhereAProcessIs(t *testing.T) {
	g := (&Host{V2: true, hierarchies: []hierarchy{{dir: "/sys/fs/cgroup"}}}).Open("/tug", "one")
	for table, want := range map[string]string{
		"0::/tug/one\n":                      "/sys/fs/cgroup/tug/one",
		"1:name=x:/\n0::/tug/one/a b/init\n": "/sys/fs/cgroup/tug/one/a b/init",
		"0::/tug/one/../two\n":               "/sys/fs/cgroup/tug/one",
		"0::/tug/oneself\n":                  "/sys/fs/cgroup/tug/one",
		"0::/other\n":                        "/sys/fs/cgroup/tug/one",
		"":                                   "/sys/fs/cgroup/tug/one",
	} {
		if got := g.dirBelow(table); got != want {
			t.Errorf("%q: %s, want %s", table, got, want)
		}
	}
}
