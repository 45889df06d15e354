package api

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestPlanIsText(t *testing.T) {
	got := request(t, serve(t, newFake()), "POST /tug/plan?name=web", `{"Image":"nginx"}`)
	if got.status != 200 || got.body != "plan of nginx\n" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %d %q %v", got.status, got.body, got.header)
	}
}

func TestUpdateTellsNoneFromAsBefore(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	fake.called = nil
	request(t, socket, "POST /containers/web/update", `{"PidsLimit":-1,"BlkioDeviceReadBps":[],"RestartPolicy":{"Name":"always"}}`)
	if u := fake.updated; u.PidsLimit == nil || *u.PidsLimit != 0 || u.BlkioDeviceReadBps == nil || u.BlkioDeviceWriteBps != nil {
		t.Errorf("got %+v", u)
	}
	if got := fake.called[0]; got != "update web policy=&{always 0}" {
		t.Errorf("got %s", got)
	}
	if got := request(t, socket, "POST /containers/web/update", `{"RestartPolicy":{"Name":"sometimes"}}`); got.status != 400 {
		t.Errorf("policy that is none: %d %s", got.status, got.body)
	}
}

// TestUpdateRefusesWhatIsForGood passes over nothing, and lets clients say what is so already.
func TestUpdateRefusesWhatIsForGood(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x","HostConfig":{"Memory":67108864,"CgroupParent":"/apps","OomKillDisable":true,
		"Ulimits":[{"Name":"nofile","Soft":64,"Hard":64}],"Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/dev/x","CgroupPermissions":"r"}]}}`)
	for field, value := range map[string]string{
		"CgroupParent": `"/others"`, "DeviceCgroupRules": `["c 1:3 r"]`, "DeviceRequests": `[{"Count":1}]`, "Devices": `[]`, "MemorySwappiness": `5`,
		"OomKillDisable": `false`, "Ulimits": `[{"Name":"nofile","Soft":64,"Hard":65}]`, "Privileged": `true`, "Binds": `["/a:/b"]`, "KernelMemory": `4096`,
		"CpuCount": `1`, "CpuPercent": `1`, "IOMaximumIOps": `1`, "IOMaximumBandwidth": `1`, "Isolation": `"hyperv"`,
	} {
		got := request(t, socket, "POST /containers/web/update", `{"Memory":134217728,"`+field+`":`+value+`}`)
		if got.status != 400 || !strings.Contains(strings.ToLower(got.body), strings.ToLower(field)) {
			t.Errorf("%s: %d %s", field, got.status, got.body)
		}
	}
	if got := request(t, socket, "POST /containers/web/update", `{"RestartPolicy":{"MaximumRetryCount":3}}`); got.status != 400 {
		t.Errorf("a count without a policy: %d %s", got.status, got.body)
	}
	if fake.updated != nil {
		t.Fatal("what was refused is done in part")
	}
	var shown struct{ HostConfig json.RawMessage }
	if err := json.Unmarshal([]byte(request(t, socket, "GET /containers/web/json", "").body), &shown); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{
		string(shown.HostConfig), // all of it, as inspect shows it
		// What docker's command lines send, now and at API 1.41.
		`{"CpuShares":0,"Memory":0,"CgroupParent":"","BlkioWeightDevice":null,"Devices":null,"DeviceCgroupRules":null,"DeviceRequests":null,"MemorySwappiness":null,
			"OomKillDisable":null,"PidsLimit":9,"Ulimits":null,"CpuCount":0,"IOMaximumIOps":0,"RestartPolicy":{"Name":"","MaximumRetryCount":0}}`,
		`{"KernelMemory":0,"KernelMemoryTCP":0,"MemorySwappiness":null,"RestartPolicy":{"Name":"always","MaximumRetryCount":0}}`,
	} {
		if got := request(t, socket, "POST /containers/web/update", body); got.status != 200 {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
}

func TestPruneLeavesWhatRuns(t *testing.T) {
	fake := newFake()
	hold := make(chan struct{})
	defer close(hold)
	fake.runs(func(io.Reader, io.Writer) int { <-hold; return 0 })
	socket := serve(t, fake)
	for name, label := range map[string]string{"up": "a", "keep": "keep", "go": "a"} {
		request(t, socket, "POST /containers/create?name="+name, `{"Image":"x","Labels":{"`+label+`":""}}`)
	}
	request(t, socket, "POST /containers/up/start", "")
	got := request(t, socket, `POST /containers/prune?filters={"label!":["keep"]}`, "")
	if got.status != 200 || strings.Count(got.body, "000") == 0 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	var left []string
	for _, r := range fake.List() {
		left = append(left, r.Name)
	}
	if len(left) != 2 || fmt.Sprint(left) != "[up keep]" && fmt.Sprint(left) != "[keep up]" {
		t.Errorf("left are %v", left)
	}
	if got := request(t, socket, `POST /containers/prune?filters={"until":["1h"]}`, ""); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := request(t, socket, `POST /containers/prune?filters={"name":["x"]}`, ""); got.status != 400 {
		t.Errorf("filter that it does not have: %d %s", got.status, got.body)
	}
}

// TestAFieldThatAVersionHasNoMoreIsDiscardedWithAWarning holds for the container's one hardware address.
func TestAFieldThatAVersionHasNoMoreIsDiscardedWithAWarning(t *testing.T) {
	socket := serve(t, newFake())
	got := request(t, socket, "POST /v1.52/containers/create", `{"Image":"x","MacAddress":"02:42:00:00:00:01"}`)
	if got.status != 201 || !strings.Contains(got.body, "EndpointsConfig") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestLimitsOfTheKernelsMemory are discarded with a warning, as versions of the API before 1.42 had them.
func TestLimitsOfTheKernelsMemory(t *testing.T) {
	socket := serve(t, newFake())
	for body, warned := range map[string]bool{
		`{"Image":"x","HostConfig":{"KernelMemoryTCP":4096}}`:               true,
		`{"Image":"x","HostConfig":{"KernelMemory":4096}}`:                  true,
		`{"Image":"x","HostConfig":{"KernelMemory":0,"KernelMemoryTCP":0}}`: false,
	} {
		if got := request(t, socket, "POST /v1.41/containers/create", body); got.status != 201 || strings.Contains(got.body, "KernelMemoryTCP") != warned {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
}
