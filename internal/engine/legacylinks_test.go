package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/errdefs"
)

func TestLinksAsWritten(t *testing.T) {
	for text, want := range map[string][2]string{
		"db":             {"db", "db"},
		"db:store":       {"db", "store"},
		"/db:/web/store": {"db", "store"}, // as an inspection shows it
	} {
		if name, alias, err := parseLink(text); err != nil || name != want[0] || alias != want[1] {
			t.Errorf("%q: %q %q %v", text, name, alias, err)
		}
	}
	for _, text := range []string{"", ":", "db:", ":store", "a:b:c", "db:st ore", "db:a\nb"} {
		if name, alias, err := parseLink(text); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %q %q %v", text, name, alias, err)
		}
	}
}

// TestTheAddressOfALinkIsReplaced leaves alone what the container has written itself.
func TestTheAddressOfALinkIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hosts")
	const before = "127.0.0.1\tlocalhost\n172.17.0.20\tstore box db\n10.0.0.1\tmine\n172.17.0.20\tstore\n"
	const after = "127.0.0.1\tlocalhost\n172.17.0.3\tstore box db\n10.0.0.1\tmine\n172.17.0.20\tstore\n"
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceHost(file, "store box db", "172.17.0.3"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != after {
		t.Errorf("%s", got)
	}
	if err := os.Truncate(file, 2<<20); err != nil {
		t.Fatal(err)
	}
	if err := replaceHost(file, "store box db", "172.17.0.3"); err == nil {
		t.Error("a file of any size is read")
	}
}
