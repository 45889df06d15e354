package connection

import "testing"

func TestResolveTakesTheFlagThenTheEnvironmentThenTheDefault(t *testing.T) {
	for _, c := range []struct {
		flag, tug, docker string
		want              Host
	}{
		{"", "", "", Host{URL: "unix:///run/tug/tugd.sock", Default: true}},
		{"", "", "unix:///d", Host{URL: "unix:///d"}},
		{"", "unix:///t", "unix:///d", Host{URL: "unix:///t"}},
		{"unix:///f", "unix:///t", "unix:///d", Host{URL: "unix:///f"}},
		{"/f", "", "", Host{URL: "unix:///f"}},
		{"unix://", "", "", Host{URL: "unix:///run/tug/tugd.sock"}},
		{"tcp://h", "", "", Host{URL: "tcp://h:2375"}},
		{"tcp://h:1/base", "", "", Host{URL: "tcp://h:1/base"}},
		{"tcp://[::1]", "", "", Host{URL: "tcp://[::1]:2375"}},
		{"h:99", "", "", Host{URL: "tcp://h:99"}},
		{":99", "", "", Host{URL: "tcp://:99"}},
		{"https://h", "", "", Host{URL: "tcp://h:2376"}},
		{"npipe:////./pipe/x", "", "", Host{URL: "npipe:////./pipe/x"}},
		{"ssh://me@h", "", "", Host{URL: "ssh://me@h"}},
	} {
		env := func(name string) string { return map[string]string{"TUG_HOST": c.tug, "DOCKER_HOST": c.docker}[name] }
		got, err := Resolve(c.flag, env, false)
		if err != nil || got != c.want {
			t.Errorf("Resolve(%q, %q, %q) = %v, %v; want %v", c.flag, c.tug, c.docker, got, err, c.want)
		}
	}
}

func TestResolveNamesWhereABadAddressCameFrom(t *testing.T) {
	_, err := Resolve("", func(name string) string { return map[string]string{"DOCKER_HOST": "gopher://h"}[name] }, false)
	const want = `DOCKER_HOST: "gopher://h" is no address of a daemon: use unix://PATH, tcp://HOST:PORT, npipe://NAME or ssh://USER@HOST`
	if err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestSSHRunsDialStdioOnTheOtherMachine(t *testing.T) {
	got, err := sshArguments("ssh://me@host:22")
	want := []string{"-o", "ConnectTimeout=30", "-T", "-l", "me", "-p", "22", "--", "host", "tug", "system", "dial-stdio"}
	if err != nil || len(got) != len(want) {
		t.Fatal(got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%q", got)
		}
	}
	for _, bad := range []string{"ssh://", "ssh://me:secret@h", "ssh://h/path", "ssh://h?x=y"} {
		if _, err := sshArguments(bad); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
