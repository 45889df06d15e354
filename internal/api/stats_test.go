package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"

	"tug/internal/cgroup"
	"tug/internal/engine"
	"tug/internal/proc"
)

// usage is a look at a container, with something of everything.
func usage(v2 bool) *engine.Usage {
	return &engine.Usage{
		Read: time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC), System: 100 * time.Second, CPUs: 2, MemTotal: 8 << 30, CgroupV2: v2,
		Interfaces: map[string]proc.Interface{"eth0": {RxBytes: 1, RxPackets: 2, RxErrors: 3, RxDropped: 4, TxBytes: 5, TxPackets: 6, TxErrors: 7, TxDropped: 8}},
		Group: &cgroup.Stats{
			CPU: cgroup.CPUStats{
				Total: 3 * time.Second, User: 2 * time.Second, Kernel: time.Second, PerCPU: []time.Duration{1e9, 2e9}, Periods: 9, ThrottledPeriods: 8, ThrottledTime: 7,
			},
			Memory: cgroup.MemoryStats{
				Usage: 5 << 20, MaxUsage: 6 << 20, Limit: ^uint64(0), FailCount: 1,
				Stat: map[string]uint64{"cache": 1, "total_cache": 2, "inactive_file": 3, "anon": 4, "shadowed_by_no_client": 5, "hierarchical_memory_limit": 6},
			},
			Pids: cgroup.PidsStats{Current: 3, Limit: 10},
			IO:   cgroup.IOStats{Bytes: []cgroup.IOEntry{{Major: 8, Op: "Read", Value: 4096}, {Major: 8, Op: "Write", Value: 1}}, Operations: []cgroup.IOEntry{{Major: 8, Op: "Read", Value: 1}}},
		},
	}
}

func TestStatsHaveDockersForm(t *testing.T) {
	r, _ := specimen()
	v1 := usage(false)
	v1.Group.Memory.Stat["hierarchical_memsw_limit"] = 7
	v2 := usage(true)
	v2.Group.CPU.PerCPU = nil // is not counted
	before := usage(true)
	before.Read = before.Read.Add(-time.Second)
	for name, s := range map[string]engine.Sample{
		"stats-v1":      {Record: r, Usage: v1},
		"stats-v2":      {Record: r, Usage: v2, Before: before},
		"stats-stopped": {Record: r},
	} {
		out, err := json.MarshalIndent(showStats(&s), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden.Assert(t, string(out)+"\n", name+".json")
	}
}

func TestStatsOfOneContainer(t *testing.T) {
	f := newFake()
	socket := serve(t, f)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"busybox"}`)
	for path, want := range map[string]string{
		"?stream=0":              "two looks",
		"?stream=0&one-shot=1":   "one look",
		"?stream=no&one-shot=no": "two looks",
	} {
		f.forget()
		if got := request(t, socket, "GET /containers/web/stats"+path, ""); got.status != 200 || !strings.Contains(got.body, `"name":"/web"`) {
			t.Error(path, got.status, got.body)
		}
		if calls := f.calls(); calls != want {
			t.Errorf("%s: %s, want %s", path, calls, want)
		}
	}
	f.forget()
	if request(t, socket, "GET /v1.40/containers/web/stats?stream=0&one-shot=1", ""); f.calls() != "two looks" {
		t.Error("a version before one-shot knows it:", f.calls())
	}
	if got := request(t, socket, "GET /containers/nosuch/stats", ""); got.status != 404 {
		t.Error(got.status, got.body)
	}
}

func TestStatsOfManyContainersComeInOneLine(t *testing.T) {
	f := newFake()
	socket := serve(t, f)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"busybox"}`)
	request(t, socket, "POST /containers/create?name=db", `{"Image":"busybox"}`)
	names := func(body string) string {
		var all []struct{ Ref, Name string }
		if err := json.Unmarshal([]byte(body), &all); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		var list []string
		for _, one := range all {
			list = append(list, one.Ref+one.Name)
		}
		return strings.Join(list, " ")
	}
	if got := request(t, socket, "GET /tug/stats?container=db&container=web", ""); names(got.body) != "db/db web/web" {
		t.Error(got.body)
	}
	if got := request(t, socket, "GET /tug/stats", ""); names(got.body) != "" {
		t.Error("none runs:", got.body)
	}
	if got := request(t, socket, "GET /tug/stats?all=1", ""); len(strings.Fields(names(got.body))) != 2 {
		t.Error(got.body)
	}
	if got := request(t, socket, "GET /tug/stats?container=db&container=nosuch", ""); got.status != 404 || !strings.Contains(got.body, "nosuch") {
		t.Error(got.status, got.body)
	}
}
