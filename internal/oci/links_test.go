package oci_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tug/internal/oci"
)

// TestWhatAContainerIsToldOfItsLink holds Docker's variables: the first port, a row of ports, each port, the name, and the
// environment but for what every container has.
func TestWhatAContainerIsToldOfItsLink(t *testing.T) {
	ports := map[string]struct{}{"5432/tcp": {}, "53/udp": {}, "53/tcp": {}, "5433/tcp": {}}
	got := oci.LinkEnvironment("/web/my-db", "172.17.0.2", ports, []string{"PATH=/bin", "HOME=/", "PASSWORD=a=b", "EMPTY="})
	want := `MY_DB_PORT=tcp://172.17.0.2:53
MY_DB_PORT_5432_TCP_START=tcp://172.17.0.2:5432
MY_DB_PORT_5432_TCP_ADDR=172.17.0.2
MY_DB_PORT_5432_TCP_PROTO=tcp
MY_DB_PORT_5432_TCP_PORT_START=5432
MY_DB_PORT_5432_TCP_END=tcp://172.17.0.2:5433
MY_DB_PORT_5432_TCP_PORT_END=5433
MY_DB_PORT_53_TCP=tcp://172.17.0.2:53
MY_DB_PORT_53_TCP_ADDR=172.17.0.2
MY_DB_PORT_53_TCP_PORT=53
MY_DB_PORT_53_TCP_PROTO=tcp
MY_DB_PORT_53_UDP=udp://172.17.0.2:53
MY_DB_PORT_53_UDP_ADDR=172.17.0.2
MY_DB_PORT_53_UDP_PORT=53
MY_DB_PORT_53_UDP_PROTO=udp
MY_DB_PORT_5432_TCP=tcp://172.17.0.2:5432
MY_DB_PORT_5432_TCP_ADDR=172.17.0.2
MY_DB_PORT_5432_TCP_PORT=5432
MY_DB_PORT_5432_TCP_PROTO=tcp
MY_DB_PORT_5433_TCP=tcp://172.17.0.2:5433
MY_DB_PORT_5433_TCP_ADDR=172.17.0.2
MY_DB_PORT_5433_TCP_PORT=5433
MY_DB_PORT_5433_TCP_PROTO=tcp
MY_DB_NAME=/web/my-db
MY_DB_ENV_PASSWORD=a=b
MY_DB_ENV_EMPTY=`
	if d := cmp.Diff(strings.Split(want, "\n"), got); d != "" {
		t.Error(d)
	}
	if got := oci.LinkEnvironment("/web/db", "172.17.0.2", nil, nil); len(got) != 1 || got[0] != "DB_NAME=/web/db" {
		t.Errorf("without ports: %q", got)
	}
}
