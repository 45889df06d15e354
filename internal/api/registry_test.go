package api

import (
	"strings"
	"testing"
)

func TestLoginIsTriedAndItsIdentityTokenGivenBack(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	good := request(t, socket, "POST /auth", `{"username":"u","password":"p","serveraddress":"https://index.docker.io/v1/"}`)
	if good.status != 200 || !strings.Contains(good.body, `"IdentityToken":"identity"`) || !strings.Contains(good.body, `"Status":"Login Succeeded"`) {
		t.Errorf("%d %s", good.status, good.body)
	}
	if len(fake.called) != 1 || fake.called[0] != "login https://index.docker.io/v1/ u" {
		t.Errorf("%q", fake.called)
	}
	if bad := request(t, socket, "POST /auth", `{"username":"u","password":"wrong"}`); bad.status != 401 {
		t.Errorf("%d %s", bad.status, bad.body)
	}
}

func TestDistributionAndSearchAreShownAsDockerDoes(t *testing.T) {
	socket := serve(t, newFake())
	for path, want := range map[string]string{
		"GET /distribution/nginx/json": `"Platforms":[{"architecture":"amd64","os":"linux"}]`,
		"GET /images/search?term=web":  `"star_count":7,"is_official":true,"name":"nginx"`,
	} {
		if got := request(t, socket, path, ""); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
