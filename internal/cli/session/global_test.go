package session

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"tug/internal/cli/connection"
)

func TestGlobalOptionsReachAnotherProgramAsTheyWere(t *testing.T) {
	yes := true
	for _, g := range []Global{
		{Config: "/c"},
		{Config: "/c", Host: "unix:///x y", Debug: true, NoAutostart: true},
		{Config: "/c", Context: "a", TLS: true, TLSVerify: &yes, TLSFiles: connection.TLS{CAFile: "/ca", CertFile: "/cert", KeyFile: "/key"}},
	} {
		s := &Session{Getenv: func(string) string { return "" }}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		s.RegisterGlobal(flags)
		if err := flags.Parse(g.Arguments()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(g, s.Global); diff != "" {
			t.Error(diff)
		}
	}
}
