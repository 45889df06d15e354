package api

import (
	"net/http"
	"runtime"

	"github.com/moby/moby/api/types/system"
)

// systemVersion answers with which build of the engine this is, and which versions of the API it speaks.
func systemVersion(c *call) error {
	v := c.engine.Version()
	return c.json(http.StatusOK, system.VersionResponse{
		Platform:      system.PlatformInfo{Name: "tug"},
		Version:       v.Version,
		APIVersion:    MaxVersion,
		MinAPIVersion: MinVersion,
		Os:            "linux",
		Arch:          v.Arch,
		GitCommit:     v.GitCommit,
		GoVersion:     v.GoVersion,
		KernelVersion: v.KernelVersion,
		BuildTime:     v.BuildTime,
		Components: []system.ComponentVersion{{
			Name:    "Engine",
			Version: v.Version,
			Details: map[string]string{
				"ApiVersion":    MaxVersion,
				"MinAPIVersion": MinVersion,
				"Os":            "linux",
				"Arch":          runtime.GOARCH,
				"GitCommit":     v.GitCommit,
				"GoVersion":     v.GoVersion,
				"KernelVersion": v.KernelVersion,
				"BuildTime":     v.BuildTime,
				"Experimental":  "false",
			},
		}},
	})
}
