package api

import (
	"strings"
	"testing"
)

func TestNetworksAreMadeAndRemoved(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	got := request(t, socket, "POST /networks/create", `{"Name":"n","Internal":true,"IPAM":{"Config":[{"Subnet":"10.1.0.0/16","IPRange":"10.1.2.0/24"}]}}`)
	if got.status != 201 || !strings.Contains(got.body, strings.Repeat("d", 64)) {
		t.Errorf("create: %d %s", got.status, got.body)
	}
	if w := fake.wished; w.Name != "n" || !w.Internal || w.Subnets[0].Range.String() != "10.1.2.0/24" {
		t.Errorf("the engine was asked for %+v", w)
	}
	for _, body := range []string{
		`{"Name":"n","Scope":"swarm"}`, `{"Name":"n","Ingress":true}`, `{"Name":"n","ConfigOnly":true}`, `{"Name":"n","IPAM":{"Driver":"other"}}`,
		`{"Name":"n","EnableIPv4":false}`,
	} {
		if got := request(t, socket, "POST /networks/create", body); got.status != 400 {
			t.Errorf("%s: %d", body, got.status)
		}
	}
	if got := request(t, socket, "DELETE /networks/n", ""); got.status != 204 {
		t.Errorf("remove: %d", got.status)
	}
	if got := request(t, socket, "POST /networks/prune", ""); got.body != `{"NetworksDeleted":["backend"]}`+"\n" {
		t.Errorf("prune: %s", got.body)
	}
}
