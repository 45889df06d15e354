package nft

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
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

func openTable(t *testing.T) *Table {
	t.Helper()
	table, err := Open("tug")
	assert.NilError(t, err)
	t.Cleanup(func() {
		assert.NilError(t, table.Delete())
		assert.NilError(t, table.Close())
	})
	return table
}

// elements returns how many elements a map of the kernel's table has.
func elements(t *testing.T, table *Table, name string) int {
	t.Helper()
	set := &nftables.Set{Table: table.object(), Name: name}
	list, err := table.conn.GetSetElements(set)
	assert.NilError(t, err)
	return len(list)
}

func somePort(host uint16) Port {
	return Port{Proto: "tcp", HostIP: netip.IPv4Unspecified(), Host: host, To: netip.MustParseAddrPort("172.17.0.2:80")}
}

func TestPortsComeAndGo(t *testing.T) {
	table := openTable(t)
	assert.NilError(t, table.Set(rulesets()["one-bridge"]))
	a, b := somePort(1), somePort(2)
	assert.NilError(t, table.AddPorts([]Port{a, b}))
	assert.NilError(t, table.AddPorts([]Port{a}), "the same again is the same")
	assert.Equal(t, elements(t, table, "published4"), 2)
	assert.NilError(t, table.DeletePorts([]Port{a, somePort(3)}))
	assert.NilError(t, table.DeletePorts([]Port{a}))
	assert.Equal(t, elements(t, table, "published4"), 1)

	elsewhere := b
	elsewhere.To = netip.MustParseAddrPort("172.17.0.3:80")
	assert.ErrorContains(t, table.AddPorts([]Port{somePort(4), elsewhere}), "translated already")
	assert.Equal(t, elements(t, table, "published4"), 1)
	assert.NilError(t, table.DeletePorts([]Port{elsewhere}), "not ours to delete")
	assert.Equal(t, elements(t, table, "published4"), 1)
}

func TestBadPortsAreRefused(t *testing.T) {
	table := openTable(t)
	good := somePort(1)
	for name, spoil := range map[string]func(*Port){
		"protocol":    func(p *Port) { p.Proto = "icmp" },
		"host port":   func(p *Port) { p.Host = 0 },
		"target port": func(p *Port) { p.To = netip.MustParseAddrPort("172.17.0.2:0") },
		"no address":  func(p *Port) { p.HostIP = netip.Addr{} },
		"families":    func(p *Port) { p.HostIP = netip.IPv6Unspecified() },
	} {
		bad := good
		spoil(&bad)
		assert.Assert(t, table.AddPorts([]Port{bad}) != nil, name)
		assert.Assert(t, table.Set(Ruleset{Ports: []Port{bad}}) != nil, name)
	}
}

// More than fits into one netlink message or the socket's usual buffer.
func TestThousandsOfPorts(t *testing.T) {
	table := openTable(t)
	var ports []Port
	for i := range 8000 {
		ports = append(ports, somePort(uint16(1000+i)))
	}
	assert.NilError(t, table.Set(Ruleset{Bridges: rulesets()["one-bridge"].Bridges, Ports: ports[:4000]}))
	assert.NilError(t, table.AddPorts(ports[4000:]))
	assert.Equal(t, count(t, "tcp . "), 8000)
	assert.NilError(t, table.DeletePorts(ports))
	assert.Equal(t, count(t, "tcp . "), 0)
}

// count returns how often a word stands in nft's listing.
func count(t *testing.T, word string) int {
	t.Helper()
	out, err := exec.Command("nft", "list", "table", "inet", "tug").CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("needs the nft command to read the kernel's rules back")
	}
	assert.NilError(t, err)
	return strings.Count(string(out), word)
}

// Between a flush by somebody else and the watcher's answer a change finds no table: it makes the whole anew.
func TestChangeAfterSomebodyFlushed(t *testing.T) {
	table := openTable(t)
	assert.NilError(t, table.Set(rulesets()["one-bridge"]))
	assert.NilError(t, table.AddPorts([]Port{somePort(1), somePort(2)}))
	flushAll(t)
	assert.NilError(t, table.AddPorts([]Port{somePort(3)}))
	assert.Equal(t, elements(t, table, "published4"), 3)
	flushAll(t)
	assert.NilError(t, table.DeletePorts([]Port{somePort(1)}))
	assert.Equal(t, elements(t, table, "published4"), 2)
	flushAll(t)
	assert.NilError(t, table.AddBridge(Bridge{Name: "tug1", Subnets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}))
	assert.Equal(t, elements(t, table, setBridges), 2)
	assert.NilError(t, table.RemoveBridge("tug1"))
	assert.Equal(t, elements(t, table, setBridges), 1)
	assert.Equal(t, elements(t, table, "published4"), 2)
}

func TestWatcherPutsTheTableBack(t *testing.T) {
	table := openTable(t)
	back := make(chan error, 10)
	w, err := table.Watch(func(err error) { back <- err })
	assert.NilError(t, err)
	defer func() { assert.NilError(t, w.Close()) }()
	assert.NilError(t, table.Set(rulesets()["published"]))
	before := list(t)
	assert.NilError(t, table.Set(rulesets()["published"]), "replacing it ourselves is no reason to")

	conn, err := nftables.New()
	assert.NilError(t, err)
	conn.DelTable(table.object())
	assert.NilError(t, conn.Flush())
	assert.NilError(t, <-back)
	assert.Equal(t, list(t), before)
	assert.Equal(t, len(back), 0)
}

// iptables runs the command against the tests' namespace.
func iptables(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("iptables-nft", args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("needs the iptables-nft command")
	}
	assert.NilError(t, err, "%s", out)
	return string(out)
}

// Docker and many firewalls drop what is forwarded and not allowed by a rule of theirs: we add ours, at the end, and keep them there.
func TestPassThroughIptables(t *testing.T) {
	table := openTable(t)
	assert.NilError(t, table.LetPass(), "without iptables there is nothing to do")
	w, err := table.Watch(func(error) {})
	assert.NilError(t, err)
	defer func() { assert.NilError(t, w.Close()) }()
	assert.NilError(t, table.Set(rulesets()["one-bridge"]))
	iptables(t, "-P", "FORWARD", "DROP") // makes the chain, and wakes the watcher
	t.Cleanup(func() { flushAll(t) })
	ours := []string{"-P FORWARD DROP", "-N TUG-FORWARD", "-A FORWARD -j TUG-FORWARD", "-A TUG-FORWARD -i tug0 -j ACCEPT", "-A TUG-FORWARD -o tug0 -j ACCEPT"}
	shows := func(want ...string) {
		t.Helper()
		var got []string
		for range 300 {
			got = nil
			for line := range strings.Lines(iptables(t, "-S")) {
				if strings.Contains(line, "FORWARD") {
					got = append(got, strings.TrimSpace(line))
				}
			}
			if slices.Equal(got, want) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		assert.DeepEqual(t, got, want)
	}
	shows(ours...)
	assert.NilError(t, table.LetPass())
	shows(ours...)
	iptables(t, "-F", "FORWARD")
	shows(ours...)
	assert.NilError(t, table.AddBridge(Bridge{Name: "tug1"}))
	assert.NilError(t, table.LetPass())
	shows(append(slices.Clone(ours), "-A TUG-FORWARD -i tug1 -j ACCEPT", "-A TUG-FORWARD -o tug1 -j ACCEPT")...)
	assert.NilError(t, table.RemoveBridge("tug1"))
	assert.NilError(t, table.LetPass())
	shows(ours...)
	assert.NilError(t, table.Delete())
	shows("-P FORWARD DROP")
}

func flushAll(t *testing.T) {
	t.Helper()
	conn, err := nftables.New()
	assert.NilError(t, err)
	conn.FlushRuleset()
	assert.NilError(t, conn.Flush())
}
