package test

import (
	"fmt"
	"strings"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
)

// publishedPorts tells what a bridge's firewall table still leads to containers.
func publishedPorts(bridge string) (left []string) {
	conn, table, err := firewall(bridge)
	if err != nil || table == nil {
		return words(err)
	}
	sets, err := conn.GetSets(table)
	if err != nil {
		return words(err)
	}
	for _, s := range sets {
		if !strings.HasPrefix(s.Name, "published") {
			continue // of the bridge itself
		}
		elements, err := conn.GetSetElements(s)
		left = append(left, words(err)...)
		if len(elements) > 0 {
			left = append(left, fmt.Sprintf("%d elements in the firewall's map %s", len(elements), s.Name))
		}
	}
	return left
}

// removeNetwork takes away the bridge and the firewall table that an ended daemon leaves for the next.
func removeNetwork(bridge string) error {
	if link, err := netlink.LinkByName(bridge); err == nil {
		if err := netlink.LinkDel(link); err != nil {
			return fmt.Errorf("remove the bridge %s: %w", bridge, err)
		}
	}
	conn, table, err := firewall(bridge)
	if err != nil || table == nil {
		return err
	}
	conn.DelTable(table)
	return conn.Flush()
}

// firewall finds a bridge's firewall table; nil: there is none.
func firewall(bridge string) (*nftables.Conn, *nftables.Table, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, nil, err
	}
	tables, err := conn.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range tables {
		if t.Name == "tug-"+bridge {
			return conn, t, nil
		}
	}
	return conn, nil, nil
}

func words(err error) []string {
	if err == nil {
		return nil
	}
	return []string{err.Error()}
}
