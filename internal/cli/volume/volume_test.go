package volume

import (
	"testing"

	"github.com/moby/moby/client"
	"github.com/spf13/pflag"
)

func TestWhatIsForASwarmsVolumesIsRefusedByName(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"--group", "g"}, `"--group" is for the volumes of a swarm, and tug runs none`},
		{[]string{"--limit-bytes", "1g"}, `"--limit-bytes" is for the volumes of a swarm, and tug runs none`},
		{[]string{"--topology-required", "a=b"}, `"--topology-required" is for the volumes of a swarm, and tug runs none`},
	} {
		flags := pflag.NewFlagSet("create", pflag.ContinueOnError)
		clusterFlags(flags)
		if err := flags.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := refuseCluster(flags); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: %s", c.args, got)
		}
	}
}

func TestPruneSaysWhichVolumesWillGo(t *testing.T) {
	allByFilter := client.Filters{"all": {"1": true}}
	for _, c := range []struct {
		all   bool
		given client.Filters
		want  string
		fails bool
	}{
		{false, nil, "WARNING! This will remove anonymous local volumes not used by at least one container.\n", false},
		{true, nil, "WARNING! This will remove all local volumes not used by at least one container.\n", false},
		{false, allByFilter, "WARNING! This will remove anonymous local volumes not used by at least one container.\n", false},
		{true, allByFilter, "", true},
	} {
		if got, err := pruneWarning(c.all, c.given); got != c.want || (err != nil) != c.fails {
			t.Errorf("%v, %v: %q, %v", c.all, c.given, got, err)
		}
	}
}
