package crash

import (
	"fmt"
	"maps"
	"os"
	"slices"
)

// A network of the random test has few addresses: if one got lost, the next start would tell.
const addresses = 5

// subnet is that of a network: eight addresses, of which the first, the last and the gateway's are no container's.
func (w *world) subnet(network string) string {
	nth := slices.Index(w.allNetworks, network)
	return fmt.Sprintf("10.%d.%d.%d/29", 128+os.Getpid()%100, w.daemon.nth%256, 8*nth)
}

// anyNetwork picks a network for a new container; "" is the default bridge.
func (w *world) anyNetwork() string {
	if w.rng.IntN(3) > 0 {
		return ""
	}
	users := map[string]int{}
	for _, b := range w.boxes {
		users[b.network]++
	}
	free := slices.DeleteFunc(slices.Sorted(maps.Keys(w.networks)), func(n string) bool { return users[n] >= addresses })
	if len(free) == 0 {
		return ""
	}
	return free[w.rng.IntN(len(free))]
}

// changeNetworks gives what can be done to networks: made if they are not there, and removed if no container is to be on them.
func (w *world) changeNetworks() (list []operation) {
	for _, name := range w.allNetworks {
		switch {
		case !w.networks[name]:
			list = append(list, w.makeNetwork(name), w.makeNetwork(name))
		case !slices.ContainsFunc(slices.Collect(maps.Values(w.boxes)), func(b box) bool { return b.network == name }):
			list = append(list, w.removeNetwork(name))
		}
	}
	return list
}

func (w *world) makeNetwork(name string) operation {
	body := map[string]any{
		"Name": name, "IPAM": map[string]any{"Config": []any{map[string]string{"Subnet": w.subnet(name)}}},
		"Options": map[string]string{"com.docker.network.bridge.name": w.link(name)},
	}
	ask := func() error { return w.daemon.ask("POST", "/networks/create", body, nil) }
	return operation{what: "network create", ask: ask, network: name, there: true}
}

func (w *world) removeNetwork(name string) operation {
	ask := func() error { return w.daemon.ask("DELETE", "/networks/"+name, nil, nil) }
	return operation{what: "network rm", ask: ask, network: name}
}

// link is the name of a network's bridge.
func (w *world) link(network string) string { return w.daemon.name + network }

// networksSeen are the networks beside those that every daemon has.
func (w *world) networksSeen() (names []string) {
	w.t.Helper()
	var list []struct{ Name string }
	if err := w.ask("GET", "/networks", nil, &list); err != nil {
		w.t.Fatal(err)
	}
	for _, n := range list {
		if !slices.Contains([]string{"bridge", "host", "none"}, n.Name) {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}
