package engine

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"tug/internal/container"
)

// checkNames finds names and addresses that would be more than one word in the files that the engine writes of them
// (/etc/hosts, /etc/hostname, /etc/resolv.conf), or that the kernel does not take. Errors: InvalidArgument.
func checkNames(c *container.Config, h *container.HostConfig) error {
	const longest = 64 // bytes, of a host name (uname(2))
	for _, n := range []string{c.Hostname, c.Domainname} {
		if len(n) > longest {
			return invalid("hostname %q is too long (maximum %d bytes)", n, longest)
		}
		if !isWord(n) && n != "" {
			return invalid("invalid hostname or domain name %q: it is one word", n)
		}
	}
	for _, e := range h.ExtraHosts {
		name, address, ok := strings.Cut(e, ":")
		if !ok || !isWord(name) {
			return invalid("bad format for add-host: %q: it is like host:192.0.2.1", e)
		}
		if _, err := netip.ParseAddr(strings.Trim(address, "[]")); err != nil && address != "host-gateway" {
			return invalid("invalid IP address in add-host: %q", address)
		}
	}
	for _, s := range h.DNS {
		if _, err := netip.ParseAddr(s); err != nil {
			return invalid("invalid DNS server %q: it is an IP address", s)
		}
	}
	for _, s := range slices.Concat(h.DNSSearch, h.DNSOptions) {
		if !isWord(s) {
			return invalid("invalid DNS search domain or option %q: it is one word", s)
		}
	}
	return nil
}

// isWord tells whether a text stays one word wherever it is written.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '#' || r == ';'
	})
}

// tmpfsFlags and tmpfsValues are the mount options that a tmpfs may be given, as with Docker.
var (
	tmpfsFlags = strings.Fields(`ro rw suid nosuid dev nodev exec noexec atime noatime diratime nodiratime relatime norelatime
		strictatime nostrictatime private rprivate shared rshared slave rslave unbindable runbindable defaults async`)
	tmpfsValues = strings.Fields("size mode uid gid nr_inodes nr_blocks mpol huge")

	tmpfsForms = map[string]*regexp.Regexp{
		"size": tmpfsSize, "nr_inodes": tmpfsSize, "nr_blocks": tmpfsSize, "mode": regexp.MustCompile("^[0-7]{1,5}$"), "uid": tmpfsID, "gid": tmpfsID,
	}
	tmpfsSize = regexp.MustCompile("^[0-9]+[kKmMgGtTpPeE]?%?$")
	tmpfsID   = regexp.MustCompile("^[0-9]+$")
)

func checkTmpfs(options []string) error {
	for _, o := range options {
		key, value, valued := strings.Cut(o, "=")
		if valued && !slices.Contains(tmpfsValues, key) || !valued && !slices.Contains(tmpfsFlags, o) {
			return invalid("invalid tmpfs option %q", o)
		}
		if form := tmpfsForms[key]; valued && form != nil && !form.MatchString(value) {
			return invalid("invalid tmpfs option %q: a size is like 64m or 50%%, a mode like 1777, and ids and counts are numbers", o)
		}
	}
	return nil
}
