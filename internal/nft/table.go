package nft

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// elementsPerMessage keeps the list of elements within the 64 KiB of a netlink attribute.
	elementsPerMessage = 256
	// socketBuffer holds the largest transaction: some 10,000 ports at once.
	socketBuffer = 8 << 20
)

// Table is the kernel's table and what it is meant to hold. It may be used by several goroutines.
type Table struct {
	name string

	state   sync.Mutex // guards everything below, and keeps transactions in order as the kernel does
	conn    *nftables.Conn
	bridges map[string]Bridge
	ports   map[key]Port
	closed  []string
	// installed: the kernel's table is ours, and should be there.
	installed bool
}

// Open connects to the kernel's tables in the calling thread's network namespace. It changes nothing.
func Open(name string) (*Table, error) {
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *netlink.Conn) error {
		return errors.Join(c.SetWriteBuffer(socketBuffer), c.SetReadBuffer(socketBuffer))
	}))
	if err != nil {
		return nil, fmt.Errorf("open nftables: %w", err)
	}
	return &Table{name: name, conn: conn, bridges: make(map[string]Bridge), ports: make(map[key]Port)}, nil
}

// Close lets go of the kernel; the table stays.
func (t *Table) Close() error { return t.conn.CloseLasting() }

// Exists tells whether the kernel has a table of that name, as an earlier daemon leaves it behind.
func (t *Table) Exists() (bool, error) {
	t.state.Lock()
	defer t.state.Unlock()
	return t.exists(t.name)
}

// Foreign tells whether the kernel has somebody else's table of that name, for all address families as ours is.
func (t *Table) Foreign(name string) (bool, error) {
	t.state.Lock()
	defer t.state.Unlock()
	return t.exists(name)
}

func (t *Table) exists(name string) (bool, error) {
	_, err := t.conn.ListTableOfFamily(name, nftables.TableFamilyINet)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for nftables table %s: %w", name, err)
	}
	return true, nil
}

// Set makes the table say exactly r, in one transaction.
func (t *Table) Set(r Ruleset) error {
	for _, p := range r.Ports {
		if err := p.check(); err != nil {
			return err
		}
	}
	t.state.Lock()
	defer t.state.Unlock()
	clear(t.bridges)
	clear(t.ports)
	for _, b := range r.Bridges {
		t.bridges[b.Name] = b
	}
	for _, p := range r.Ports {
		t.ports[p.key()] = p
	}
	t.closed = slices.Clone(r.Closed)
	return t.install()
}

// AddBridge adds a network's rules, or replaces them.
func (t *Table) AddBridge(b Bridge) error {
	t.state.Lock()
	defer t.state.Unlock()
	before, had := t.bridges[b.Name]
	t.bridges[b.Name] = b
	err := t.install()
	if err != nil {
		delete(t.bridges, b.Name)
		if had {
			t.bridges[b.Name] = before
		}
	}
	return err
}

// RemoveBridge takes a network's rules away.
func (t *Table) RemoveBridge(name string) error {
	t.state.Lock()
	defer t.state.Unlock()
	delete(t.bridges, name)
	return t.install()
}

// AddPorts publishes ports in one transaction: all or none.
func (t *Table) AddPorts(ports []Port) error {
	for _, p := range ports {
		if err := p.check(); err != nil {
			return err
		}
	}
	t.state.Lock()
	defer t.state.Unlock()
	for _, p := range ports {
		if held, ok := t.ports[p.key()]; ok && held != p {
			return fmt.Errorf("port %s is translated already: %s", p, held)
		}
	}
	for _, p := range ports {
		t.ports[p.key()] = p
	}
	err := t.change(ports, t.conn.SetAddElements)
	if err != nil {
		for _, p := range ports {
			delete(t.ports, p.key())
		}
	}
	return err
}

// DeletePorts takes published ports back in one transaction. Ports that are not there are passed over.
func (t *Table) DeletePorts(ports []Port) error {
	t.state.Lock()
	defer t.state.Unlock()
	ports = slices.DeleteFunc(slices.Clone(ports), func(p Port) bool { return t.ports[p.key()] != p })
	for _, p := range ports {
		delete(t.ports, p.key())
	}
	return t.change(ports, t.conn.SetDeleteElements)
}

// Delete removes the whole table. Deleting one that is not there is fine.
func (t *Table) Delete() error {
	t.state.Lock()
	defer t.state.Unlock()
	clear(t.bridges)
	clear(t.ports)
	t.installed = false
	object := t.object()
	t.conn.AddTable(object) // so that the deletion always finds one
	t.conn.DelTable(object)
	if err := t.conn.Flush(); err != nil {
		return fmt.Errorf("delete nftables table %s: %w", t.name, err)
	}
	return t.stopPassing()
}

// change adds or deletes port elements. When the kernel's table is not what it should be (somebody flushed the rules), it is
// made anew, which includes the change.
func (t *Table) change(ports []Port, apply func(*nftables.Set, []nftables.SetElement) error) error {
	if len(ports) == 0 {
		return nil
	}
	object := t.object()
	for _, s := range portSets(ports) {
		for part := range slices.Chunk(s.raw(), elementsPerMessage) {
			if err := apply(s.object(object), part); err != nil {
				return err
			}
		}
	}
	if err := t.conn.Flush(); err != nil {
		return t.install()
	}
	return nil
}

// install replaces the table by the one that the state asks for.
func (t *Table) install() error {
	r := Ruleset{Closed: t.closed}
	for _, b := range t.bridges {
		r.Bridges = append(r.Bridges, b)
	}
	for _, p := range t.ports {
		r.Ports = append(r.Ports, p)
	}
	object := t.object()
	t.conn.AddTable(object)
	t.conn.DelTable(object)
	t.conn.AddTable(object)
	if err := load(t.conn, object, render(r)); err != nil {
		return fmt.Errorf("render nftables table %s: %w", t.name, err)
	}
	if err := t.conn.Flush(); err != nil {
		return fmt.Errorf("install nftables table %s: %w%s", t.name, err, advice(err))
	}
	t.installed = true
	return nil
}

func (t *Table) object() *nftables.Table {
	return &nftables.Table{Name: t.name, Family: nftables.TableFamilyINet}
}

// load queues a program: chains first, as maps jump to them, then sets, then the rules that look into these.
func load(conn *nftables.Conn, table *nftables.Table, p program) error {
	chains := make([]*nftables.Chain, len(p.chains))
	for i, c := range p.chains {
		chains[i] = conn.AddChain(&nftables.Chain{Name: c.name, Table: table, Hooknum: c.hook, Priority: c.priority, Type: c.kind})
	}
	for i, s := range p.sets {
		object := s.object(table)
		object.ID = uint32(i + 1) // only within the transaction
		if err := conn.AddSet(object, nil); err != nil {
			return err
		}
		for part := range slices.Chunk(s.raw(), elementsPerMessage) {
			if err := conn.SetAddElements(object, part); err != nil {
				return err
			}
		}
	}
	for i, c := range p.chains {
		for _, r := range c.rules {
			conn.AddRule(&nftables.Rule{Table: table, Chain: chains[i], Exprs: r.exprs()})
		}
	}
	return nil
}

// advice adds what a person can do where the kernel's answer does not say.
func advice(err error) string {
	switch {
	case errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOENT):
		return "; the kernel needs nf_tables with nft_nat, nft_masq, nft_ct and nft_fib_inet"
	}
	return ""
}
