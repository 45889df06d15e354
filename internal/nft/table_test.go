package nft

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

func rulesets() map[string]Ruleset {
	port := func(proto, ip string, host uint16, to string) Port {
		return Port{Proto: proto, HostIP: netip.MustParseAddr(ip), Host: host, To: netip.MustParseAddrPort(to)}
	}
	subnet := netip.MustParsePrefix
	return map[string]Ruleset{
		"empty": {},
		"one-bridge": {
			Bridges: []Bridge{{Name: "tug0", Subnets: []netip.Prefix{subnet("172.17.0.0/16")}}},
		},
		"published": {
			Bridges: []Bridge{{Name: "tug0", Subnets: []netip.Prefix{subnet("172.17.0.0/16"), subnet("fd00:7::/64")}}},
			Ports: []Port{
				port("tcp", "0.0.0.0", 8080, "172.17.0.2:80"), port("tcp", "::", 8080, "[fd00:7::2]:80"),
				port("tcp", "127.0.0.1", 8081, "172.17.0.2:81"), port("udp", "0.0.0.0", 53, "172.17.0.3:53"),
				port("sctp", "192.0.2.2", 9, "172.17.0.3:9"), port("tcp", "2001:db8::2", 443, "[fd00:7::2]:443"),
			},
		},
		"networks": {
			Bridges: []Bridge{
				{Name: "tug0", Subnets: []netip.Prefix{subnet("172.17.0.0/16")}},
				{Name: "tug-inner", Subnets: []netip.Prefix{subnet("172.18.0.0/16")}, Internal: true},
				{Name: "tug-routed", Subnets: []netip.Prefix{subnet("172.19.0.0/16")}, Routed: true},
				{Name: "tug-walled", Subnets: []netip.Prefix{subnet("172.20.0.0/16")}, Walled: true},
			},
			Closed: []string{"eth0", "eth1"},
		},
	}
}

func TestRenderedRules(t *testing.T) {
	for name, r := range rulesets() {
		t.Run(name, func(t *testing.T) { golden.Assert(t, r.Text("tug"), name+".nft") })
	}
}

// What the kernel holds must read, in nft's own words, as the text that the golden files show: both are loaded and listed.
func TestKernelHoldsWhatTheTextSays(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the nft command to read the kernel's rules back")
	}
	for name, r := range rulesets() {
		t.Run(name, func(t *testing.T) {
			table, err := Open("tug")
			assert.NilError(t, err)
			defer table.Close()
			assert.NilError(t, table.Set(r))
			ours := list(t)
			assert.NilError(t, table.Delete())

			file := filepath.Join(t.TempDir(), "rules.nft")
			assert.NilError(t, os.WriteFile(file, []byte(r.Text("tug")), 0o600))
			out, err := exec.Command("nft", "-f", file).CombinedOutput()
			assert.NilError(t, err, "%s", out)
			theirs := list(t)
			assert.NilError(t, table.Delete())
			assert.Equal(t, ours, theirs)
		})
	}
}

func list(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("nft", "-y", "list", "table", "inet", "tug").CombinedOutput()
	assert.NilError(t, err, "%s", out)
	return elementLists.ReplaceAllStringFunc(string(out), func(s string) string {
		elements := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("{},\n\t=", r) })
		slices.Sort(elements)
		return strings.Join(elements, "\n")
	})
}

// elementLists finds the elements of sets, which the kernel lists in the order of its hash.
var elementLists = regexp.MustCompile(`elements = \{[^}]*\}`)
