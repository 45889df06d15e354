package cli_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// figures answers as tugd does, with a line for each look.
func figures(lines ...any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "Tug/test (linux)")
		for _, line := range lines {
			_ = json.NewEncoder(w).Encode(line)
		}
	}
}

func usageOf(ref, name string, cpu int) map[string]any {
	look := func(total, system int) map[string]any {
		return map[string]any{"cpu_usage": map[string]any{"total_usage": total}, "system_cpu_usage": system, "online_cpus": 2}
	}
	return map[string]any{
		"ref": ref, "id": strings.Repeat("c0ffee", 10), "name": "/" + name, "read": "2026-11-25T01:00:00Z", "pids_stats": map[string]any{"current": 3},
		"precpu_stats": look(0, 0), "cpu_stats": look(cpu, 200), "memory_stats": map[string]any{"usage": 3 << 20, "limit": 6 << 20, "stats": map[string]any{"inactive_file": 1 << 20}},
		"networks": map[string]any{"eth0": map[string]any{"rx_bytes": 1000, "tx_bytes": 2000}}, "blkio_stats": map[string]any{"io_service_bytes_recursive": []map[string]any{{"op": "Read", "value": 5}}},
	}
}

func TestStatsOfManyAreOneCall(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /tug/stats", figures([]any{usageOf("web", "web", 50), usageOf("c0", "db", 0)}))
	r := d.tug("stats", "--no-stream", "web", "c0")
	want := "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O     BLOCK I/O   PIDS\n" +
		"c0ffeec0ffee   web       50.00%    2MiB / 6MiB         33.33%    1kB / 2kB   5B / 0B     3\n" +
		"c0ffeec0ffee   db        0.00%     2MiB / 6MiB         33.33%    1kB / 2kB   5B / 0B     3\n"
	if r.code != 0 || r.out != want {
		t.Errorf("%v\nwant\n%s", r, want)
	}
	if got := d.last("GET", "/tug/stats").Query; got != "container=web&container=c0" {
		t.Error(got)
	}
	if r := d.tug("stats", "-a", "--no-stream", "--format", "{{.Container}}"); r.out != "web\nc0\n" || d.last("GET", "/tug/stats").Query != "all=1" {
		t.Error(r, d.last("GET", "/tug/stats").Query)
	}
}

func TestStatsAreDrawnAgainUntilTheStreamEnds(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /tug/stats", figures([]any{usageOf("web", "web", 50)}, []any{usageOf("web", "web", 100)}))
	r := d.tug("stats", "--format", "{{.CPUPerc}}", "web")
	const home, clear, line = "\x1b[H", "\x1b[J", "\x1b[K\n"
	if want := home + "50.00%" + line + clear + home + "100.00%" + line + clear + home + clear; r.code != 0 || r.out != want {
		t.Errorf("%q, want %q", r.out, want)
	}
}

func TestStatsAskADockerOneByOne(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /containers/web/stats", func(w http.ResponseWriter, _ *http.Request) {
		usage := usageOf("", "web", 50)
		delete(usage, "ref")
		_ = json.NewEncoder(w).Encode(usage)
	})
	if r := d.tug("stats", "--no-stream", "--format", "{{.Container}} {{.Name}} {{.CPUPerc}}", "web"); r.code != 0 || r.out != "web web 50.00%\n" {
		t.Error(r)
	}
}

func TestStatsOfWhatIsNotThere(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /tug/stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "Tug/test (linux)")
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "No such container: nosuch"})
	})
	if r := d.tug("stats", "--no-stream", "nosuch"); r.code != 1 || !strings.Contains(r.err, "Error response from daemon: No such container: nosuch") {
		t.Error(r)
	}
}

func TestStatsOfNothingHaveTheirColumns(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /tug/stats", figures([]any{}))
	if r := d.tug("stats", "--no-stream"); r.code != 0 || !strings.HasPrefix(r.out, "CONTAINER ID   NAME ") || strings.Count(r.out, "\n") != 1 {
		t.Error(r)
	}
	if r := d.tug("stats", "--no-stream", "--format", "{{.Name}}"); r.code != 0 || r.out != "" {
		t.Error(r)
	}
}

func TestStatsNameAContainerOnce(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /tug/stats", figures([]any{usageOf("web", "web", 50)}))
	d.tug("stats", "--no-stream", "web", "web")
	if got := d.last("GET", "/tug/stats").Query; got != "container=web" {
		t.Error(got)
	}
}
