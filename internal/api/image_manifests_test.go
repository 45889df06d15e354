package api

import (
	"strings"
	"testing"
)

func TestManifestsAreShownToWhoAsks(t *testing.T) {
	socket := serve(t, newFake())
	const want = `"Size":{"Content":2500,"Total":1051076},"Kind":"image"`
	for path, there := range map[string]bool{
		"GET /images/json?manifests=1": true, "GET /images/json": false, "GET /v1.46/images/json?manifests=1": false,
		"GET /images/nginx/json?manifests=1": true, "GET /images/nginx/json": false, "GET /v1.47/images/nginx/json?manifests=1": false,
	} {
		if got := request(t, socket, path, ""); got.status != 200 || strings.Contains(got.body, want) != there {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestImageOfAnotherPlatformIsNotFound(t *testing.T) {
	socket := serve(t, newFake())
	for query, status := range map[string]int{
		`?platform={"os":"linux","architecture":"amd64"}`: 200, `?platform={"os":"linux","architecture":"arm64"}`: 404, "?platform=linux": 400,
		`?manifests=1&platform={"os":"linux","architecture":"amd64"}`: 400,
	} {
		if got := request(t, socket, "GET /images/nginx/json"+query, ""); got.status != status {
			t.Errorf("inspect %s: %d %s", query, got.status, got.body)
		}
	}
	if got := request(t, socket, `GET /images/nginx/history?platform={"os":"linux","architecture":"arm64"}`, ""); got.status != 404 {
		t.Errorf("history: %d %s", got.status, got.body)
	}
}

func TestAttestationsWithTheirStatements(t *testing.T) {
	socket := serve(t, newFake())
	for path, want := range map[string]string{
		"GET /images/nginx/attestations":             `"PredicateType":"https://spdx.dev/Document"}]`,
		"GET /images/nginx/attestations?statement=1": `"Statement":{"a":1}}]`,
	} {
		if got := request(t, socket, path, ""); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for path, status := range map[string]int{"GET /v1.54/images/nginx/attestations": 404, "GET /images/nginx/attestations?platform=a&platform=b": 400} {
		if got := request(t, socket, path, ""); got.status != status {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
