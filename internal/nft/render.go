package nft

import (
	"fmt"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// program is a rendered ruleset: what the table holds, in the order of its making.
type program struct {
	sets   []set
	chains []chain
}

// chain is a list of rules; one with a hook is where packets come in.
type chain struct {
	name     string
	kind     nftables.ChainType // empty: entered by a jump
	hook     *nftables.ChainHook
	priority *nftables.ChainPriority
	words    string // nft's words for kind, hook and priority
	rules    []rule
}

// Names of the sets and maps beside those of published ports.
const (
	setBridges  = "bridges"   // interfaces of our networks
	setClosed   = "closed"    // see Ruleset.Closed
	mapFrom     = "from"      // forwarded packets by the bridge that they come from
	mapTo       = "to"        // forwarded packets by the bridge that they go to
	mapSnatFrom = "snat-from" // the same in postrouting
	mapSnatTo   = "snat-to"
)

// Render makes the program of a ruleset. It is pure: the same ruleset gives the same program.
func render(r Ruleset) program {
	r = r.sorted()
	p := program{sets: sets(r)}
	p.chains = append(p.chains, guard(), incoming(), outgoing())
	for _, b := range r.Bridges {
		p.chains = append(p.chains, bridgeChains(b)...)
	}
	p.chains = append(p.chains, forward(len(r.Closed) > 0), postrouting())
	return p
}

// Text shows the ruleset as a file for `nft -f`, for people and for tests.
func (r Ruleset) Text(table string) string { return render(r).text(table) }

// guard keeps containers away from what listens on the host's loopback, which route_localnet on a bridge would otherwise let
// them reach (CVE-2020-8558), and from pretending to be it.
func guard() chain {
	return base("guard", nftables.ChainTypeFilter, "prerouting", "raw",
		rule{daddr(ip4.loopback), iifnameIn(setBridges), drop()},
		rule{saddr(ip4.loopback), iifnameIn(setBridges), drop()},
	)
}

// incoming translates what other hosts and containers send to published ports. A packet to a loopback address can be no
// honest one here: without translation the kernel throws it away.
func incoming() chain {
	return base("incoming", nftables.ChainTypeNAT, "prerouting", "dstnat",
		rule{daddr(ip4.loopback), giveBack()},
		rule{daddr(ip6.loopback), giveBack()},
		rule{ip4.translateAt()},
		rule{ip6.translateAt()},
		rule{toThisHost(), ip4.translateAny()},
		rule{toThisHost(), ip6.translateAny()},
	)
}

// outgoing translates what this host's own processes send, to 127.0.0.1 as well. IPv6 has no route_localnet: the answer to a translated
// packet from ::1 would be lost on the way back, so that a program would wait where it is refused and tries 127.0.0.1 like this.
func outgoing() chain {
	return base("outgoing", nftables.ChainTypeNAT, "output", "-100",
		rule{daddr(ip6.loopback), giveBack()},
		rule{ip4.translateAt()},
		rule{ip6.translateAt()},
		rule{toThisHost(), ip4.translateAny()},
		rule{toThisHost(), ip6.translateAny()},
	)
}

// forward asks the bridge of origin first, so that an internal network stays shut, and then the bridge of destination.
func forward(closed bool) chain {
	rules := []rule{{iifnameVmap(mapFrom)}, {oifnameVmap(mapTo)}}
	if closed {
		rules = append(rules, rule{iifnameIn(setClosed), oifnameIn(setClosed), drop()})
	}
	return base("forward", nftables.ChainTypeFilter, "forward", "filter", rules...)
}

func postrouting() chain {
	return base("postrouting", nftables.ChainTypeNAT, "postrouting", "srcnat", rule{oifnameVmap(mapSnatTo)}, rule{iifnameVmap(mapSnatFrom)})
}

// bridgeChains are the rules of one network.
func bridgeChains(b Bridge) []chain {
	list := []chain{{name: mapTo + "-" + b.Name, rules: into(b)}}
	if b.Internal {
		list = append(list, chain{name: mapFrom + "-" + b.Name, rules: []rule{{oifnameNot(b.Name), drop()}}})
	}
	if masked(b) {
		var rules []rule
		for _, s := range b.Subnets {
			rules = append(rules, rule{saddr(s), oifnameNot(b.Name), masquerade()})
		}
		list = append(list, chain{name: mapSnatFrom + "-" + b.Name, rules: rules})
	}
	return append(list, chain{name: mapSnatTo + "-" + b.Name, rules: returnable(b)})
}

// into decides what enters a bridge.
func into(b Bridge) []rule {
	rules := []rule{{established(), accept()}}
	if !b.Internal {
		rules = append(rules, rule{published(), accept()})
	}
	if !b.Walled {
		rules = append(rules, rule{iifname(b.Name), accept()})
	}
	return append(rules, rule{drop()})
}

// returnable gives packets that enter a bridge a source to which the container's answer comes back through this host: those of
// the host's loopback, and those of a neighbour on the same bridge (or the container itself) that came for a published port.
func returnable(b Bridge) []rule {
	var rules []rule
	for _, s := range b.Subnets {
		if s.Addr().Is4() {
			rules = append(rules, rule{saddr(ip4.loopback), masquerade()})
		}
		rules = append(rules, rule{saddr(s), published(), masquerade()})
	}
	return rules
}

func masked(b Bridge) bool { return !b.Internal && !b.Routed && len(b.Subnets) > 0 }

func base(name string, kind nftables.ChainType, hook, priority string, rules ...rule) chain {
	hooks := map[string]*nftables.ChainHook{
		"prerouting": nftables.ChainHookPrerouting, "output": nftables.ChainHookOutput,
		"forward": nftables.ChainHookForward, "postrouting": nftables.ChainHookPostrouting,
	}
	priorities := map[string]*nftables.ChainPriority{
		"raw": nftables.ChainPriorityRaw, "dstnat": nftables.ChainPriorityNATDest, "-100": nftables.ChainPriorityNATDest,
		"filter": nftables.ChainPriorityFilter, "srcnat": nftables.ChainPriorityNATSource,
	}
	return chain{
		name: name, kind: kind, hook: hooks[hook], priority: priorities[priority], rules: rules,
		words: fmt.Sprintf("type %s hook %s priority %s; policy accept;", kind, hook, priority),
	}
}

// sets are the maps of published ports and of bridges.
func sets(r Ruleset) []set {
	bridges, closed := set{name: setBridges, key: nftables.TypeIFName}, set{name: setClosed, key: nftables.TypeIFName}
	jumps := make(map[string]*set)
	list := []set{}
	for _, name := range []string{mapFrom, mapTo, mapSnatFrom, mapSnatTo} {
		jumps[name] = &set{name: name, key: nftables.TypeIFName, data: nftables.TypeVerdict}
	}
	for _, b := range r.Bridges {
		bridges.elements = append(bridges.elements, nameElement(b.Name))
		for _, c := range bridgeChains(b) {
			m := jumps[strings.TrimSuffix(c.name, "-"+b.Name)]
			m.elements = append(m.elements, element{
				words: `"` + b.Name + `" : jump ` + c.name,
				SetElement: nftables.SetElement{
					Key: nameBytes(b.Name), VerdictData: &expr.Verdict{Kind: expr.VerdictJump, Chain: c.name},
				},
			})
		}
	}
	for _, name := range r.Closed {
		closed.elements = append(closed.elements, nameElement(name))
	}
	list = append(list, bridges)
	if len(r.Closed) > 0 {
		list = append(list, closed)
	}
	list = append(list, portSets(r.Ports)...)
	for _, name := range []string{mapFrom, mapTo, mapSnatFrom, mapSnatTo} {
		list = append(list, *jumps[name])
	}
	return list
}
