package engine

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"tug/internal/container"
)

// shared is the mode in which inspect shows a volume that says none: SELinux's label for what several containers may use.
const shared = "z"

// parseBind reads "source:target[:options]". A source that is no path names a volume; without a source it is anonymous.
func parseBind(text string) (container.MountPoint, error) {
	m := container.MountPoint{RW: true}
	parts := strings.Split(text, ":")
	switch {
	case len(parts) == 1:
		m.Type, m.Destination, m.Anonymous = "volume", parts[0], true
		return m, nil
	case len(parts) > 3 || parts[0] == "" || parts[1] == "":
		return m, invalid("invalid volume specification: '%s'", text)
	}
	m.Source, m.Destination = parts[0], parts[1]
	if len(parts) == 3 {
		m.Mode = parts[2]
	}
	m.Type = "bind"
	if !path.IsAbs(m.Source) {
		m.Type, m.Name, m.Source = "volume", m.Source, ""
		m.Mode = cmp.Or(m.Mode, shared)
	} else {
		m.Source = filepath.Clean(m.Source)
	}
	said := map[string]string{} // what there can be one of
	for o := range strings.SplitSeq(m.Mode, ",") {
		if kind := modeKinds[o]; kind != "" {
			if said[kind] != "" {
				return m, invalid("invalid mode: %s: %s and %s say the same thing twice, or contradict each other", m.Mode, said[kind], o)
			}
			said[kind] = o
		}
		switch o {
		case "", "rw", "z", "Z", "cached", "delegated", "consistent", "nocopy":
		case "ro":
			m.RW = false
		case "private", "rprivate", "slave", "rslave", "shared", "rshared":
			if m.Type == "volume" {
				return m, invalid("invalid volume specification: '%s': propagation is for bind mounts", text)
			}
			m.Propagation = o
		default:
			return m, invalid("invalid mode: %s", m.Mode)
		}
	}
	if m.Type == "bind" && m.Propagation == "" {
		m.Propagation = "rprivate"
	}
	return m, nil
}

// modeKinds are what the words of a bind's mode speak of. Each is said once.
var modeKinds = map[string]string{
	"rw": "access", "ro": "access", "z": "label", "Z": "label", "cached": "consistency", "delegated": "consistency", "consistent": "consistency",
	"private": "propagation", "rprivate": "propagation", "slave": "propagation", "rslave": "propagation", "shared": "propagation", "rshared": "propagation",
	"nocopy": "copying",
}

// mountConfig begins the words on what is wrong with a mount.
func mountConfig(kind string) string { return fmt.Sprintf("invalid mount config for type %q: ", kind) }

// mountPoint translates one --mount.
func mountPoint(a container.Mount) (container.MountPoint, error) {
	m := container.MountPoint{Type: a.Type, Source: a.Source, Destination: a.Target, RW: !a.ReadOnly}
	switch a.Type {
	case "bind":
		if a.Source == "" {
			return m, invalid("%sfield Source must not be empty", mountConfig(a.Type))
		}
		if !path.IsAbs(a.Source) {
			return m, invalid("%sinvalid mount path: '%s' mount path must be absolute", mountConfig(a.Type), a.Source)
		}
		m.MustExist, m.Propagation = true, "rprivate"
		if o := a.Bind; o != nil {
			m.NonRecursive, m.MustExist = o.NonRecursive, !o.CreateMountpoint
			if o.Propagation != "" {
				m.Propagation = o.Propagation
			}
			m.ReadOnlyDeep, m.ReadOnlyTop = o.ReadOnlyForceRecursive, o.ReadOnlyNonRecursive
			if err := checkBindOptions(a, m.Propagation); err != nil {
				return m, err
			}
		}
	case "volume":
		m.Name, m.Source, m.Anonymous, m.Mode = a.Source, "", a.Source == "", shared
		if o := a.Volume; o != nil {
			if o.Subpath != "" {
				return m, invalid("volume-subpath of a mount is not supported: mount the volume itself")
			}
			m.Driver = o.Driver
			if o.NoCopy {
				m.Mode += ",nocopy"
			}
		}
	case "tmpfs":
		if a.Source != "" {
			return m, invalid("%sfield Source must not be specified", mountConfig(a.Type))
		}
		m = tmpfs(a.Target, "")
		if a.ReadOnly {
			m.Options = append(m.Options, "ro")
		}
		if o := a.Tmpfs; o != nil {
			if o.SizeBytes < 0 || o.Mode > 0o7777 {
				return m, invalid("mount on %s: invalid TmpfsOptions: SizeBytes is not negative, and Mode at most 07777", a.Target)
			}
			if o.SizeBytes > 0 {
				m.Options = append(m.Options, fmt.Sprintf("size=%d", o.SizeBytes))
			}
			if o.Mode != 0 {
				m.Options = append(m.Options, fmt.Sprintf("mode=%o", o.Mode))
			}
			for _, kv := range o.Options {
				m.Options = append(m.Options, strings.Join(kv, "="))
			}
		}
		return m, checkTmpfs(m.Options)
	case "image":
		return m, invalid("mounts of type image are not supported: copy what is needed of %s into a volume", a.Source)
	default:
		return m, invalid("%smount type unknown", mountConfig(a.Type))
	}
	return m, nil
}

func tmpfs(dest, options string) container.MountPoint {
	m := container.MountPoint{Type: "tmpfs", Destination: dest, RW: true, Mode: options, Options: []string{"noexec", "nosuid", "nodev"}}
	for o := range strings.SplitSeq(options, ",") {
		if o != "" {
			m.Options = append(m.Options, o)
		}
	}
	return m
}

// checkBindOptions holds Docker's rules for the options of a bind.
func checkBindOptions(a container.Mount, propagation string) error {
	o := a.Bind
	switch {
	case o.ReadOnlyForceRecursive && !a.ReadOnly:
		return invalid("mount on %s: ReadOnlyForceRecursive (bind-recursive=readonly) is for a mount that is read-only", a.Target)
	case o.ReadOnlyForceRecursive && (o.ReadOnlyNonRecursive || o.NonRecursive):
		return invalid("mount on %s: ReadOnlyForceRecursive goes neither with ReadOnlyNonRecursive nor with NonRecursive", a.Target)
	case o.ReadOnlyForceRecursive && propagation != "rprivate" && propagation != "private":
		return invalid("mount on %s: ReadOnlyForceRecursive (bind-recursive=readonly) needs the propagation rprivate: others would bring in mounts that can be written", a.Target)
	}
	switch propagation {
	case "private", "rprivate", "slave", "rslave", "shared", "rshared":
		return nil
	}
	return invalid("invalid propagation mode: %s", propagation)
}
