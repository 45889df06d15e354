package session

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dcontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/docker"

	"tug/internal/cli/connection"
)

// newSession has the environment env, given as NAME=VALUE, and a configuration in folder.
func newSession(folder string, env ...string) *Session {
	variables := map[string]string{"TUG_CONFIG": folder, "DOCKER_CONFIG": folder}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	return New(io.NopCloser(strings.NewReader("")), io.Discard, io.Discard, func(name string) string { return variables[name] }, Version{})
}

func TestWhatNamesTheContext(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(`{"currentContext":"chosen"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flag, host string
		env        []string
		want       string
	}{
		{want: "chosen"},
		{env: []string{"DOCKER_CONTEXT=dockers"}, want: "dockers"},
		{env: []string{"DOCKER_CONTEXT=dockers", "TUG_CONTEXT=tugs"}, want: "tugs"},
		{env: []string{"TUG_CONTEXT=tugs", "DOCKER_HOST=tcp://h"}, want: "default"},
		{env: []string{"TUG_CONTEXT=tugs", "TUG_HOST=tcp://h"}, want: "default"},
		{env: []string{"TUG_CONTEXT=tugs"}, host: "tcp://h", want: "default"},
		{env: []string{"TUG_CONTEXT=tugs", "DOCKER_HOST=tcp://h"}, flag: "given", want: "given"},
		{flag: "default", want: "default"},
	} {
		s := newSession(folder, c.env...)
		s.Global.Context, s.Global.Host = c.flag, c.host
		if got, err := s.ContextName(); err != nil || got != c.want {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
	}
	s := newSession(folder)
	s.Global.Context, s.Global.Host = "given", "tcp://h"
	if _, err := s.ContextName(); err == nil || err.Error() != "conflicting options: cannot specify both --host and --context" {
		t.Error(err)
	}
}

func TestTheChoiceMadeWithDockerIsNotTugs(t *testing.T) {
	dockers := t.TempDir()
	if err := os.WriteFile(filepath.Join(dockers, "config.json"), []byte(`{"currentContext":"theirs"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := newSession(t.TempDir(), "DOCKER_CONFIG="+dockers).ContextName(); err != nil || got != "default" {
		t.Error(got, err)
	}
}

func TestTheDaemonOfAContext(t *testing.T) {
	folder := t.TempDir()
	s := newSession(folder, "DOCKER_TLS_VERIFY=1") // which is about the default context
	for name, endpoint := range map[string]docker.Endpoint{
		"plain":      {EndpointMeta: docker.EndpointMeta{Host: "tcp://h"}},
		"trust":      {EndpointMeta: docker.EndpointMeta{Host: "tcp://h", SkipTLSVerify: true}},
		"keys":       {EndpointMeta: docker.EndpointMeta{Host: "tcp://h:1"}, TLSData: &dcontext.TLSData{CA: []byte("CA")}},
		"no-address": {},
	} {
		if err := s.Contexts().Make(name, "", endpoint); err != nil {
			t.Fatal(err)
		}
	}
	keys := filepath.Join(s.Contexts().GetStorageInfo("keys").TLSPath, "docker", "ca.pem")
	for name, want := range map[string]struct {
		host connection.Host
		tls  *connection.TLS
	}{
		"plain":      {connection.Host{URL: "tcp://h:2375", Context: "plain"}, nil},
		"trust":      {connection.Host{URL: "tcp://h:2376", Context: "trust"}, &connection.TLS{SkipVerify: true}},
		"keys":       {connection.Host{URL: "tcp://h:1", Context: "keys"}, &connection.TLS{CAFile: keys}},
		"no-address": {connection.Host{URL: "unix:///run/tug/tugd.sock", Default: true, Context: "no-address"}, nil},
	} {
		s.Global.Context = name
		host, tls, err := s.Daemon()
		if err != nil || host != want.host || (tls == nil) != (want.tls == nil) || tls != nil && *tls != *want.tls {
			t.Errorf("%s: %+v, %+v, %v", name, host, tls, err)
		}
	}
}

func TestWhatAsksForTLS(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		tls    bool
		verify *bool
		env    []string
		want   *connection.TLS // nil for none
	}{
		{},
		{tls: true, want: &connection.TLS{SkipVerify: true}},
		{verify: &yes, want: &connection.TLS{}},
		{verify: &no, want: &connection.TLS{SkipVerify: true}},
		{tls: true, verify: &yes, want: &connection.TLS{}},
		{env: []string{"DOCKER_TLS_VERIFY=1"}, want: &connection.TLS{}},
		{env: []string{"DOCKER_TLS_VERIFY=1"}, tls: true, want: &connection.TLS{}},
		{env: []string{"DOCKER_TLS_VERIFY=1"}, verify: &no, want: &connection.TLS{SkipVerify: true}},
	} {
		s := newSession(t.TempDir(), c.env...)
		s.Global.TLS, s.Global.TLSVerify = c.tls, c.verify
		host, tls, err := s.Daemon()
		if err != nil || (tls == nil) != (c.want == nil) || tls != nil && *tls != *c.want {
			t.Errorf("%+v: %+v, %v", c, tls, err)
		}
		if tls != nil && host.URL != "tcp://localhost:2376" {
			t.Errorf("%+v: %s", c, host.URL)
		}
	}
}
