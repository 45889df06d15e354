package nft

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// Names in the tables that iptables makes.
const (
	iptablesTable   = "filter"
	iptablesForward = "FORWARD"
)

// LetPass keeps our packets from being dropped by the policy of iptables' FORWARD chain, which Docker and many firewalls set to DROP:
// an accept in our own table cannot save a packet from another one. At the end of that chain, after all rules that somebody
// wrote there, ours accept what comes from or goes to our bridges; our own table then decides. The rules look like iptables' own, so that
// `iptables -S` shows them. Where there is no such chain, nothing is done. It is to be called when bridges have come or gone.
func (t *Table) LetPass() error {
	t.state.Lock()
	defer t.state.Unlock()
	return t.letPass()
}

func (t *Table) letPass() error {
	var errs []error
	for _, f := range []nftables.TableFamily{nftables.TableFamilyIPv4, nftables.TableFamilyIPv6} {
		errs = append(errs, t.letPassIn(f))
	}
	return errors.Join(errs...)
}

func (t *Table) letPassIn(f nftables.TableFamily) error {
	forward, err := t.iptablesChain(f, iptablesForward)
	if forward == nil || err != nil {
		return err
	}
	ours := &nftables.Chain{Name: t.passageName(), Table: forward.Table}
	rules, err := t.conn.GetRules(forward.Table, forward)
	if err != nil {
		return fmt.Errorf("read iptables' %s chain: %w", iptablesForward, err)
	}
	want := t.passages()
	if jump := slices.IndexFunc(rules, jumpsTo(ours.Name)); jump >= 0 {
		have, err := t.conn.GetRules(ours.Table, ours)
		if err == nil && slices.EqualFunc(have, want, sameInterface) {
			return nil
		}
	} else {
		t.conn.AddChain(ours)
		t.conn.AddRule(&nftables.Rule{Table: ours.Table, Chain: forward, Exprs: []expr.Any{
			&expr.Counter{}, &expr.Verdict{Kind: expr.VerdictJump, Chain: ours.Name},
		}})
	}
	t.conn.AddChain(ours)
	t.conn.FlushChain(ours)
	for _, exprs := range want {
		t.conn.AddRule(&nftables.Rule{Table: ours.Table, Chain: ours, Exprs: exprs})
	}
	if err := t.conn.Flush(); err != nil {
		return fmt.Errorf("let packets pass iptables' %s chain: %w", iptablesForward, err)
	}
	return nil
}

// stopPassing takes back what LetPass did.
func (t *Table) stopPassing() error {
	var errs []error
	for _, f := range []nftables.TableFamily{nftables.TableFamilyIPv4, nftables.TableFamilyIPv6} {
		ours, err := t.iptablesChain(f, t.passageName())
		if ours == nil || err != nil {
			errs = append(errs, err)
			continue
		}
		forward := &nftables.Chain{Name: iptablesForward, Table: ours.Table}
		rules, err := t.conn.GetRules(forward.Table, forward)
		errs = append(errs, err)
		for _, r := range rules {
			if jumpsTo(ours.Name)(r) {
				errs = append(errs, t.conn.DelRule(r))
			}
		}
		t.conn.FlushChain(ours)
		t.conn.DelChain(ours)
		errs = append(errs, t.conn.Flush())
	}
	return errors.Join(errs...)
}

func (t *Table) passageName() string { return strings.ToUpper(t.name) + "-FORWARD" }

// iptablesChain finds a chain in the table that iptables uses; nil: there is none.
func (t *Table) iptablesChain(f nftables.TableFamily, name string) (*nftables.Chain, error) {
	chains, err := t.conn.ListChainsOfTableFamily(f)
	if err != nil {
		return nil, fmt.Errorf("look for iptables' %s chain: %w", name, err)
	}
	for _, c := range chains {
		if c.Table.Name == iptablesTable && c.Name == name {
			c.Table.Family = f
			return c, nil
		}
	}
	return nil, nil
}

// passages are the rules of our chain, two for each bridge.
func (t *Table) passages() [][]expr.Any {
	var names []string
	for name := range t.bridges {
		names = append(names, name)
	}
	slices.Sort(names)
	var rules [][]expr.Any
	for _, name := range names {
		for _, k := range []expr.MetaKey{expr.MetaKeyIIFNAME, expr.MetaKeyOIFNAME} {
			rules = append(rules, []expr.Any{
				&expr.Meta{Key: k, Register: regWhole},
				&expr.Cmp{Op: expr.CmpOpEq, Register: regWhole, Data: []byte(name + "\x00")},
				&expr.Counter{},
				&expr.Verdict{Kind: expr.VerdictAccept},
			})
		}
	}
	return rules
}

func jumpsTo(chain string) func(*nftables.Rule) bool {
	return func(r *nftables.Rule) bool {
		return slices.ContainsFunc(r.Exprs, func(e expr.Any) bool {
			v, ok := e.(*expr.Verdict)
			return ok && v.Kind == expr.VerdictJump && v.Chain == chain
		})
	}
}

// sameInterface tells whether a rule of the kernel's accepts what the wanted one does.
func sameInterface(have *nftables.Rule, want []expr.Any) bool {
	if len(have.Exprs) != len(want) {
		return false
	}
	meta, ok1 := have.Exprs[0].(*expr.Meta)
	cmp, ok2 := have.Exprs[1].(*expr.Cmp)
	return ok1 && ok2 && meta.Key == want[0].(*expr.Meta).Key && string(cmp.Data) == string(want[1].(*expr.Cmp).Data)
}
