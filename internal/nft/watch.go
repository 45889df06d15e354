package nft

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// watchBuffer holds what happens while the watcher does not get to run. Overflowing it only costs a look at the table.
	watchBuffer = 1 << 20
)

// Watcher puts a table back that somebody else has deleted, as `nft flush ruleset` and the restart of a firewall service do, and goes
// on letting our packets pass when iptables' chains come up or are emptied later than we started.
type Watcher struct {
	conn *netlink.Conn
	done chan struct{}
}

// Watch begins to watch over the table. Every time it had to be put back, restored is called with the outcome.
func (t *Table) Watch(restored func(error)) (*Watcher, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("watch nftables: %w", err)
	}
	if err := errors.Join(conn.SetReadBuffer(watchBuffer), conn.JoinGroup(unix.NFNLGRP_NFTABLES)); err != nil {
		return nil, errors.Join(fmt.Errorf("watch nftables: %w", err), conn.Close())
	}
	w := &Watcher{conn: conn, done: make(chan struct{})}
	go w.run(t, restored)
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() error {
	err := w.conn.Close()
	<-w.done
	return err
}

func (w *Watcher) run(t *Table, restored func(error)) {
	defer close(w.done)
	for {
		messages, err := w.conn.Receive()
		missed := errors.Is(err, unix.ENOBUFS)
		if err != nil && !missed {
			if !errors.Is(err, os.ErrClosed) && !strings.Contains(err.Error(), "use of closed file") {
				restored(fmt.Errorf("watch nftables: %w", err))
			}
			return
		}
		if !missed && !slices.ContainsFunc(messages, rebuilds) {
			continue
		}
		if put, err := t.restore(); put || err != nil {
			restored(err)
		}
	}
}

// rebuilds tells whether a change may concern us: ports and packets' rules come and go without.
func rebuilds(m netlink.Message) bool {
	switch m.Header.Type {
	case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELTABLE,
		unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWCHAIN,
		unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELCHAIN,
		unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELRULE:
		return true
	}
	return false
}

// restore installs the table if it should be there and is not.
func (t *Table) restore() (put bool, err error) {
	t.state.Lock()
	defer t.state.Unlock()
	if !t.installed {
		return false, nil
	}
	there, err := t.exists(t.name)
	if err != nil {
		return false, err
	}
	if there {
		return false, t.letPass()
	}
	return true, errors.Join(t.install(), t.letPass())
}
