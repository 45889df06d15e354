package engine

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/oci"
)

// dir is the folder of a container: its writable layer, its log, and the files that it sees in /etc.
func (e *Engine) dir(id string) string { return filepath.Join(e.dataRoot, "containers", id) }

func (e *Engine) logPath(id string) string { return filepath.Join(e.dir(id), id+"-json.log") }

// etcFiles gives the paths of the files that are shown in the container's /etc.
func (e *Engine) etcFiles(id string) oci.Files {
	d := e.dir(id)
	return oci.Files{Hosts: filepath.Join(d, "hosts"), Hostname: filepath.Join(d, "hostname"), ResolvConf: filepath.Join(d, "resolv.conf")}
}

// writeFiles writes them for one run of the container, unless it sees those of a container whose network it shares.
func (e *Engine) writeFiles(r *container.Record, endpoints []*network.Endpoint) error {
	if _, shared := joined(r.Host.NetworkMode); shared {
		return nil
	}
	f, hostname, hostNetwork := e.etcFiles(r.ID), r.Config.Hostname, r.Host.NetworkMode == "host"
	hostResolv, _ := os.ReadFile("/etc/resolv.conf")
	extra, err := extraHosts(r.Host.ExtraHosts, e.hostGateway(endpoints))
	if err != nil {
		return err
	}
	links, err := e.linkHosts(r)
	if err != nil {
		return err
	}
	hosts := hostsFile(r, hostname, extra+links, endpoints)
	if hostNetwork {
		data, _ := os.ReadFile("/etc/hosts")
		hosts = string(data) + extra
	}
	for path, text := range map[string]string{
		f.Hosts: hosts, f.Hostname: hostname + "\n", f.ResolvConf: resolvConf(string(hostResolv), &r.Host, hostNetwork),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// hostGateway gives the host's address as a container sees it, which --add-host calls host-gateway: that of the first
// network that has a way out, else that of the default bridge.
func (e *Engine) hostGateway(endpoints []*network.Endpoint) netip.Addr {
	for _, ep := range endpoints {
		if ep.Gateway4.IsValid() {
			return ep.Gateway4
		}
	}
	bridge, err := e.networks.Get(network.NameBridge)
	if err != nil || len(bridge.Subnets) == 0 {
		return netip.Addr{}
	}
	return bridge.Subnets[0].Gateway
}

// hostsFile gives the text of /etc/hosts, with more lines before the container's own.
func hostsFile(r *container.Record, hostname, more string, endpoints []*network.Endpoint) string {
	var b strings.Builder
	b.WriteString("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n")
	name := hostname
	if d := r.Config.Domainname; d != "" {
		name = hostname + "." + d + " " + hostname
	} else if short, _, qualified := strings.Cut(hostname, "."); qualified {
		name = hostname + " " + short
	}
	b.WriteString(more)
	for _, ep := range endpoints {
		for _, a := range []netip.Prefix{ep.IPv4, ep.IPv6} {
			if a.IsValid() {
				fmt.Fprintf(&b, "%s\t%s\n", a.Addr(), name)
			}
		}
	}
	return b.String()
}

// extraHosts gives lines for --add-host; "host-gateway" stands for the host as the container sees it. Errors:
// InvalidArgument (there is no such address).
func extraHosts(extra []string, gateway netip.Addr) (string, error) {
	var b strings.Builder
	for _, h := range extra {
		name, address, ok := strings.Cut(h, ":")
		if !ok {
			continue
		}
		if address == "host-gateway" {
			if !gateway.IsValid() {
				return "", invalid("unable to derive the IP value for host-gateway: the container is on no network with a gateway, and there is no default bridge; give the address itself")
			}
			address = gateway.String()
		}
		fmt.Fprintf(&b, "%s\t%s\n", strings.Trim(address, "[]"), name)
	}
	return b.String(), nil
}

// resolvConf gives the text of /etc/resolv.conf: the host's, without the servers that only the host reaches, overlaid
// with what was asked for.
func resolvConf(host string, h *container.HostConfig, hostNetwork bool) string {
	var servers, search, options []string
	lines := bufio.NewScanner(strings.NewReader(host))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "nameserver":
			a, err := netip.ParseAddr(f[1])
			if err == nil && (hostNetwork || !a.IsLoopback()) {
				servers = append(servers, f[1])
			}
		case "search", "domain":
			search = f[1:]
		case "options":
			options = append(options, f[1:]...)
		}
	}
	if len(h.DNS) > 0 {
		servers = h.DNS
	}
	if len(servers) == 0 && !hostNetwork {
		servers = []string{"8.8.8.8", "8.8.4.4"}
	}
	if len(h.DNSSearch) > 0 {
		search = slices.DeleteFunc(slices.Clone(h.DNSSearch), func(s string) bool { return s == "." })
	}
	if len(h.DNSOptions) > 0 {
		options = h.DNSOptions
	}
	var b strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&b, "nameserver %s\n", s)
	}
	if len(search) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(search, " "))
	}
	if len(options) > 0 {
		fmt.Fprintf(&b, "options %s\n", strings.Join(options, " "))
	}
	return b.String()
}
