package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/container"
)

func FuzzFilters(f *testing.F) {
	f.Add(`{"status":{"exited":true}}`)
	f.Add(`{"status":["exited"]}`)
	f.Add(`[]`)
	f.Fuzz(func(_ *testing.T, s string) {
		filters, err := parseFilters(s)
		if err == nil {
			_, _ = container.Query{
				Filters:     filters,
				FromImage:   func(string) (func(*container.Record) bool, error) { return nil, errdefs.ErrNotFound },
				NetworkName: func(s string) string { return s },
			}.Select(nil)
		}
	})
}

func FuzzCreate(f *testing.F) {
	f.Add(`{"Image":"x","Cmd":"sh","HostConfig":{"PortBindings":{"80/tcp":null},"Mounts":[{"Type":"tmpfs","Target":"/x"}]}}`, 24)
	f.Add(`{"MacAddress":"02:42:ac:11:00:02","NetworkingConfig":{"EndpointsConfig":{"default":null}}}`, 43)
	f.Fuzz(func(_ *testing.T, body string, minor int) {
		r := httptest.NewRequest(http.MethodPost, "/containers/create", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		c := &call{r: r, version: version(minor)}
		c.w.ResponseWriter = httptest.NewRecorder()
		_, _, _ = c.takeCreate()
	})
}
