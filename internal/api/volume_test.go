package api

import (
	"strings"
	"testing"
)

func TestVolumesAreListedByFilters(t *testing.T) {
	socket := serve(t, newFake())
	for query, want := range map[string]string{
		``:                                "data idle",
		`?filters={"name":["dat"]}`:       "data",
		`?filters={"label":["keep=yes"]}`: "data",
		`?filters={"label":["com.docker.volume.anonymous"]}`: "idle",
		`?filters={"driver":["nfs"]}`:                        "",
		`?filters={"dangling":["false"]}`:                    "",
		`?filters={"dangling":["true"]}`:                     "data idle",
	} {
		got := request(t, socket, "GET /volumes"+query, "")
		var names []string
		for _, n := range []string{"data", "idle"} {
			if strings.Contains(got.body, `"Name":"`+n+`"`) {
				names = append(names, n)
			}
		}
		if got.status != 200 || strings.Join(names, " ") != want {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	if got := request(t, socket, `GET /volumes?filters={"until":["1h"]}`, ""); got.status != 400 {
		t.Errorf("an unknown filter: %d %s", got.status, got.body)
	}
}

func TestVolumesAreMadeShownAndRemoved(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	const shown = `{"CreatedAt":"2026-01-02T03:04:05Z","Driver":"local","Labels":{"keep":"yes"},"Mountpoint":"/v/data/_data","Name":"data","Options":null,"Scope":"local"}` + "\n"
	got := request(t, socket, "POST /volumes/create", `{"Name":"data","DriverOpts":{"type":"tmpfs"},"Labels":{"a":"b"}}`)
	if got.status != 201 || got.body != shown {
		t.Errorf("create: %d %s", got.status, got.body)
	}
	if want := "create volume data  map[a:b] map[type:tmpfs]"; fake.called[0] != want {
		t.Errorf("the engine was called with %q, want %q", fake.called[0], want)
	}
	if got := request(t, socket, "GET /volumes/data", ""); got.body != shown {
		t.Errorf("inspect: %d %s", got.status, got.body)
	}
	for what, want := range map[string]int{
		"DELETE /volumes/data": 204, "DELETE /volumes/none": 404, "DELETE /volumes/none?force=1": 204, "GET /volumes/none": 404,
		"PUT /volumes/data?version=1": 503, "PUT /volumes/none?version=1": 404,
	} {
		if got := request(t, socket, what, ""); got.status != want {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	if got := request(t, socket, "POST /volumes/create", `{"ClusterVolumeSpec":{}}`); got.status != 503 {
		t.Errorf("a cluster volume: %d %s", got.status, got.body)
	}
}

func TestVolumePruneTakesNamedOnesOnlyIfAsked(t *testing.T) {
	socket := serve(t, newFake())
	for query, want := range map[string]string{
		"/volumes/prune": `{"VolumesDeleted":["idle"],"SpaceReclaimed":7}`,
		`/volumes/prune?filters={"all":["true"]}`:                   `{"VolumesDeleted":["data","idle"],"SpaceReclaimed":14}`,
		`/volumes/prune?filters={"all":["true"],"label!":["keep"]}`: `{"VolumesDeleted":["idle"],"SpaceReclaimed":7}`,
		`/v1.41/volumes/prune`:                                      `{"VolumesDeleted":["data","idle"],"SpaceReclaimed":14}`,
	} {
		if got := request(t, socket, "POST "+query, ""); got.body != want+"\n" {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

func TestDiskUsageInTheFormsOfItsVersions(t *testing.T) {
	socket := serve(t, newFake())
	for query, want := range map[string]string{
		"/v1.52/system/df?type=volume":      `{"VolumeUsage":{"Reclaimable":14,"TotalCount":2,"TotalSize":14}}`,
		"/v1.52/system/df?type=container":   `{"ContainerUsage":{}}`,
		"/v1.51/system/df?type=build-cache": `{"LayersSize":0,"Images":null,"Containers":null,"Volumes":null,"BuildCache":[]}`,
	} {
		if got := request(t, socket, "GET "+query, ""); got.body != want+"\n" {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	if got := request(t, socket, "GET /v1.52/system/df?type=volume&verbose=1", ""); !strings.Contains(got.body, `"UsageData":{"RefCount":0,"Size":7}`) {
		t.Errorf("verbose: %s", got.body)
	}
	if got := request(t, socket, "GET /system/df?type=other", ""); got.status != 400 {
		t.Errorf("an unknown type: %d", got.status)
	}
}
