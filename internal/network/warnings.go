package network

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Warnings tells what on this host may keep containers from their networks and cannot be seen to from here; for `info`.
func (n *Networks) Warnings() []string {
	var list []string
	if tables, err := os.ReadFile("/proc/net/ip_tables_names"); err == nil && slices.Contains(strings.Fields(string(tables)), "filter") {
		list = append(list, fmt.Sprintf("legacy iptables rules are in use: if their FORWARD policy is DROP, containers reach nothing; "+
			"`iptables-legacy -A FORWARD -i %[1]s -j ACCEPT; iptables-legacy -A FORWARD -o %[1]s -j ACCEPT` lets them", n.cfg.Bridge))
	}
	if there, err := n.table.Foreign("firewalld"); err == nil && there {
		list = append(list, fmt.Sprintf("firewalld is active: it rejects what it has no zone for; "+
			"`firewall-cmd --permanent --zone=trusted --add-interface=%s && firewall-cmd --reload` gives it one", n.cfg.Bridge))
	}
	return list
}
