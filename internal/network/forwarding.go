package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
)

// closedFile keeps, for as long as the host is up, between which interfaces it did not forward before the daemon came.
const closedFile = "forwarding.json"

// forwarding makes this host forward packets, and returns the interfaces between which it must not begin to: those that were
// there when it did not forward at all. Containers need forwarding; the neighbours of a host with two networks must not get it.
func (n *Networks) forwarding() ([]string, error) {
	path := filepath.Join(n.cfg.StateDir, closedFile)
	content, err := os.ReadFile(filepath.Join(sysctlRoot, "ipv4", "ip_forward"))
	if err != nil {
		return nil, fmt.Errorf("is forwarding on: %w", err)
	}
	if strings.TrimSpace(string(content)) == "1" {
		return readClosed(path)
	}
	links, err := whole("interfaces", n.host.LinkList)
	if err != nil {
		return nil, err
	}
	closed := []string{}
	for _, l := range links {
		if name := l.Attrs().Name; name != "lo" && name != n.cfg.Bridge && checkLinkName(name) == nil {
			closed = append(closed, name)
		}
	}
	content, err = json.Marshal(closed)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(n.cfg.StateDir, 0o700); err != nil {
		return nil, err
	}
	// Written first: a daemon that dies in between leaves a list that is right, and forwarding off.
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, err
	}
	return closed, setSysctl("1", "ipv4", "ip_forward")
}

func readClosed(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // it forwarded before we came
	}
	if err != nil {
		return nil, err
	}
	var closed []string
	if err := json.Unmarshal(content, &closed); err != nil {
		return nil, fmt.Errorf("%s is damaged; remove it to let this host forward between all its interfaces: %w: %w", path, err, errdefs.ErrDataLoss)
	}
	return closed, nil
}

// forward6 makes this host forward IPv6. That alone would make it deaf to the router advertisements from which it may have its own
// routes, so interfaces that listen to them are told to go on.
func forward6() error {
	all := filepath.Join(sysctlRoot, "ipv6", "conf", "all", "forwarding")
	content, err := os.ReadFile(all)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("this kernel has no IPv6: %w", errdefs.ErrFailedPrecondition)
	}
	if err != nil || strings.TrimSpace(string(content)) == "1" {
		return err
	}
	settings, err := filepath.Glob(filepath.Join(sysctlRoot, "ipv6", "conf", "*", "accept_ra"))
	if err != nil {
		return err
	}
	for _, path := range settings {
		name := filepath.Base(filepath.Dir(path))
		if now, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(now)) == "1" && name != "all" && name != "lo" {
			if err := setSysctl("2", "ipv6", "conf", name, "accept_ra"); err != nil {
				return err
			}
		}
	}
	return setSysctl("1", "ipv6", "conf", "all", "forwarding")
}
