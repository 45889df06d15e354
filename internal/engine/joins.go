package engine

import (
	"fmt"
	"slices"
	"strings"

	"tug/internal/container"
	"tug/internal/idmap"
	"tug/internal/oci"
	"tug/internal/plan"
)

// joinNamespaces finds the namespaces of the containers that this one shares some with. It shares their user namespace
// then, which owns the others.
func (e *Engine) joinNamespaces(in *oci.Input, h *container.HostConfig) error {
	if in.HostIPC && h.IpcMode == "host" {
		in.Shm = hostShm
	}
	for _, j := range []struct {
		mode, kind string
		to         *string
	}{{h.NetworkMode, "net", &in.NetNS}, {h.IpcMode, "ipc", &in.IpcNS}, {h.PidMode, "pid", &in.PidNS}} {
		owner, ok := joined(j.mode)
		if !ok {
			continue
		}
		o, err := e.containers.Get(owner)
		if err != nil {
			return err
		}
		pid := o.State.Pid
		if in.Record.IsRunning() {
			pid = in.Record.State.Pid // another process is to join it, even if the owner has ended
		} else if !o.IsRunning() {
			return fmt.Errorf("cannot join %s namespace of a non running container: container %s is %s: %w", namespaceWords[j.kind], o.Name, o.State.Status, errConflict)
		}
		*j.to = fmt.Sprintf("/proc/%d/ns/%s", pid, j.kind)
		if in.UserNS {
			in.JoinUser = fmt.Sprintf("/proc/%d/ns/user", pid)
			if in.IDBase, err = idmap.BaseOf(pid); err != nil {
				return err
			}
		}
		switch {
		case j.kind == "net" && o.Host.NetworkMode == "host":
			in.HostNetwork = true
		case j.kind == "net":
			first := e.networkOwner(o)
			in.Files = e.etcFiles(first.ID)
			in.Hostname = first.Config.Hostname
		case j.kind == "pid" && o.Host.PidMode == "host":
			in.HostPid, in.PidNS = true, ""
		case j.kind == "ipc":
			if err := joinIPC(in, o, pid); err != nil {
				return err
			}
		}
	}
	return nil
}

// namespaceWords are what people call the kinds of namespaces that containers share.
var namespaceWords = map[string]string{"net": "network", "ipc": "IPC", "pid": "PID"}

// hostShm is the host's own shared memory.
const hostShm = "/dev/shm"

// joinIPC gives the container the shared memory of another, together with its IPC namespace. Only one that says so, or has
// it from elsewhere itself, lets others in. Errors: InvalidArgument.
func joinIPC(in *oci.Input, o *container.Record, pid int) error {
	_, joins := joined(o.Host.IpcMode)
	switch {
	case o.Host.IpcMode == "host":
		in.HostIPC, in.IpcNS, in.Shm = true, "", hostShm
	case o.Host.IpcMode == "shareable" || joins:
		in.Shm = fmt.Sprintf("/proc/%d/root%s", pid, hostShm)
	default:
		return invalid("failed to join IPC namespace: container %s: non-shareable IPC (hint: use IpcMode:shareable for the donor container)", o.ID)
	}
	return nil
}

// shmPlace tells where the shared memory of another container lies, if it is that.
func shmPlace(in *oci.Input) (plan.Place, bool) {
	process, ok := strings.CutSuffix(in.Shm, "/root"+hostShm)
	return plan.Place{Namespace: process + "/ns/mnt", Path: hostShm}, ok
}

// isolated tells whether a container is to have a user namespace of its own or of the container that it joins.
func (e *Engine) isolated(h *container.HostConfig) bool {
	return e.isolatedBut(h, map[string]bool{})
}

// isolatedBut is isolated that does not ask the containers seen already, for some may join each other in a circle by now.
func (e *Engine) isolatedBut(h *container.HostConfig, seen map[string]bool) bool {
	if !e.UserNS || h.UsernsMode == "host" || h.Privileged || h.NetworkMode == "host" || h.PidMode == "host" || h.IpcMode == "host" {
		return false
	}
	return !slices.ContainsFunc([]string{h.NetworkMode, h.PidMode, h.IpcMode}, func(m string) bool {
		owner, ok := joined(m)
		if !ok || seen[owner] {
			return false
		}
		seen[owner] = true
		r, err := e.containers.Get(owner)
		return err == nil && !e.isolatedBut(&r.Host, seen)
	})
}
