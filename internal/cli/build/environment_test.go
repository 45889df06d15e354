package build

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tug/internal/cli/connection"
)

func TestTheOtherProgramIsToldOfTheDaemonAlone(t *testing.T) {
	folder := t.TempDir()
	ca, key := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "other.pem")
	for _, path := range []string{ca, key} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := []string{"HOME=/h", "DOCKER_HOST=tcp://old", "DOCKER_CONTEXT=old", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/old"}
	for _, c := range []struct {
		tls  *connection.TLS
		want []string
	}{
		{nil, []string{"DOCKER_HOST=tcp://h:1", "HOME=/h"}},
		{&connection.TLS{CAFile: ca}, []string{"DOCKER_CERT_PATH=" + folder, "DOCKER_HOST=tcp://h:1", "DOCKER_TLS=1", "DOCKER_TLS_VERIFY=1", "HOME=/h"}},
		{&connection.TLS{CAFile: ca, SkipVerify: true}, []string{"DOCKER_CERT_PATH=" + folder, "DOCKER_HOST=tcp://h:1", "DOCKER_TLS=1", "HOME=/h"}},
		{&connection.TLS{CAFile: ca, KeyFile: key}, nil}, // cannot be said
	} {
		got, err := environment(before, connection.Host{URL: "tcp://h:1"}, c.tls)
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.want == nil) {
			t.Errorf("%+v: %v\n%s", c.tls, err, diff)
		}
	}
}
