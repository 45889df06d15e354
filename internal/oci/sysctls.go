package oci

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/plan"
)

// sysctls adds what Docker sets by default: ping and low ports need no capability where the network is the container's.
func sysctls(in *Input) map[string]string {
	set := maps.Clone(in.Record.Host.Sysctls)
	if set == nil {
		set = map[string]string{}
	}
	if in.HostNetwork || in.NetNS != "" {
		return set
	}
	if _, ok := set["net.ipv4.ping_group_range"]; !ok && !in.Record.Host.Privileged {
		last := "2147483647"
		if in.UserNS {
			last = "65535" // the highest group that exists there
		}
		set["net.ipv4.ping_group_range"] = "0 " + last
	}
	if _, ok := set["net.ipv4.ip_unprivileged_port_start"]; !ok {
		set["net.ipv4.ip_unprivileged_port_start"] = "0"
	}
	return set
}

// ipcSysctls are the kernel parameters that each IPC namespace has for itself, beside fs/mqueue (ipc_namespaces(7)).
var ipcSysctls = []string{
	"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
}

// CheckSysctls finds kernel parameters that would be changed for more than the container: each must belong to one of the
// namespaces that the specification gives it. Errors: InvalidArgument.
func CheckSysctls(s *specs.Spec) error {
	has := map[specs.LinuxNamespaceType]bool{}
	for _, n := range s.Linux.Namespaces {
		has[n.Type] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.Linux.Sysctl)) {
		file, err := plan.SysctlFile(name)
		if err != nil {
			return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
		}
		var kind specs.LinuxNamespaceType
		switch {
		case strings.HasPrefix(file, "net/"):
			kind = specs.NetworkNamespace
		case strings.HasPrefix(file, "fs/mqueue/"), slices.Contains(ipcSysctls, file):
			kind = specs.IPCNamespace
		case file == "kernel/domainname":
			kind = specs.UTSNamespace
		case file == "kernel/hostname":
			return fmt.Errorf("sysctl %q: set the host name with --hostname: %w", name, errdefs.ErrInvalidArgument)
		}
		if !has[kind] {
			return fmt.Errorf("sysctl %q is not in a separate kernel namespace: it would change the host: %w", name, errdefs.ErrInvalidArgument)
		}
	}
	return nil
}
