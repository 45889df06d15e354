package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tug/internal/build"
	"tug/internal/engine"
)

// TestBuilderSettings reads what dockerd's daemon.json says of builds.
func TestBuilderSettings(t *testing.T) {
	c, err := configure(args(t, `{"builder": {
		"gc": {"enabled": false, "defaultKeepStorage": "1GB", "defaultMaxUsedSpace": 2000, "defaultMinFreeSpace": "1kb", "policy": [
			{"filter": ["type=source.local", "unused-for=48h"], "keepStorage": "10", "maxUsedSpace": "20"},
			{"all": true, "reservedSpace": "30", "minFreeSpace": "40"}]},
		"entitlements": {"network-host": false, "security-insecure": true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := engine.BuilderOptions{
		Insecure: true, NoHostNetwork: true,
		GC: build.GC{Off: true, Default: build.Budget{Reserved: 1 << 30, MaxUsed: 2000, MinFree: 1024}, Rules: []build.PruneOptions{
			{KeepDuration: 48 * time.Hour, Matching: []string{`type=="source.local"`}, Budget: build.Budget{Reserved: 10, MaxUsed: 20}},
			{All: true, Budget: build.Budget{Reserved: 30, MinFree: 40}},
		}},
	}
	if d := cmp.Diff(want, c.engine(slog.New(slog.DiscardHandler)).Builder); d != "" {
		t.Error(d)
	}
}
