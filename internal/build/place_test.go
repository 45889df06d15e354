package build

import (
	"path/filepath"
	"testing"

	"github.com/containerd/errdefs"
)

func admitted(t *testing.T, p *places, text string) (string, error) {
	t.Helper()
	attrs := map[string]string{parentAttr: text}
	err := p.admit(attrs)
	return attrs[parentAttr], err
}

func TestAStepHasTheNetworkThatItsRequestNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	p, err := openPlaces(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ network, parent string }{{"net1", ""}, {"net1", "/a;b"}, {"", "/a"}, {"", ""}} {
		text, err := admitted(t, p, placeText(c.network, c.parent))
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		want := c.network
		if want == "" {
			want = "default"
		}
		if network, parent, err := p.of(text); network != want || parent != c.parent || err != nil {
			t.Errorf("%+v: network %q, parent %q, %v", c, network, parent, err)
		}
		later, err := openPlaces(file)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := admitted(t, later, placeText(c.network, c.parent)); again != text {
			t.Errorf("%+v: %q after a restart, so that no cache knows it", c, again)
		}
	}
}

func TestADefinitionTakesNoNetworkByItself(t *testing.T) {
	p, err := openPlaces(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := admitted(t, p, placeText("net1", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"tug-network=host", "tug-network=container:db;", "tug-network=net2;/a", "tug-network=", "tug-network=;", sealed + "x", sealed[:len(sealed)-2] + ";",
	} {
		if network, _, err := p.of(text); !errdefs.IsPermissionDenied(err) {
			t.Errorf("%s: network %q, %v", text, network, err)
		}
	}
}

func TestNoRequestNamesTheHostsNetworkOrAContainers(t *testing.T) {
	p, err := openPlaces(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"host", "container:db", "ns:/proc/1/ns/net"} {
		if _, err := admitted(t, p, placeText(network, "")); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", network, err)
		}
	}
}
