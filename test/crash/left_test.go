package crash

import (
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// leftovers tells what there still is, on the host and in the daemon's folders, that belongs to some container.
func (d *daemon) leftovers() (left []string) {
	for what, list := range map[string][]string{
		"process": d.processes(), "interface": d.interfaces(), "mount": d.mounts(), "cgroup": d.cgroups(),
		"file": d.files(), "packet rule": d.packetRules(),
	} {
		for _, l := range list {
			if what != "cgroup" || filepath.Base(l) != d.name {
				left = append(left, what+" "+l)
			}
		}
	}
	return left
}

// processes are those in a cgroup of the daemon, and its shims.
func (d *daemon) processes() (list []string) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		groups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		shim := strings.HasPrefix(string(args), "tug-shim\x00"+d.dir)
		if shim || strings.Contains(string(groups), "/"+d.name+"/") {
			list = append(list, filepath.Base(dir)+" "+strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return list
}

// processesOf are those in the cgroup of one container.
func (d *daemon) processesOf(name string) (list []string) {
	id := d.inspect(name, "{{.ID}}")
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if groups, _ := os.ReadFile(filepath.Join(dir, "cgroup")); strings.Contains(string(groups), id) {
			list = append(list, dir)
		}
	}
	return list
}

// interfaces are the ports of the daemon's own bridge.
func (d *daemon) interfaces() (list []string) {
	links, _ := net.Interfaces()
	for _, l := range links {
		if master, _ := os.Readlink("/sys/class/net/" + l.Name + "/master"); filepath.Base(master) == d.name+"0" {
			list = append(list, l.Name)
		}
	}
	return list
}

func (d *daemon) mounts() (list []string) {
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		if strings.Contains(line, d.dir) {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

// cgroups are the daemon's groups of all hierarchies, the innermost first.
func (d *daemon) cgroups() (list []string) {
	roots, _ := filepath.Glob("/sys/fs/cgroup/*/" + d.name)
	for _, root := range append(roots, "/sys/fs/cgroup/"+d.name) {
		filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				list = append([]string{path}, list...)
			}
			return nil
		})
	}
	return list
}

// files are all below the roots that is not an image, or the daemon's own.
func (d *daemon) files() (list []string) {
	for _, folder := range []string{"data/containers", "data/trash", "data/volumes", "run/containers", "run/shims"} {
		root := filepath.Join(d.dir, folder)
		filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && path != root {
				list = append(list, path)
			}
			return nil
		})
	}
	return list
}

var publishedPort = regexp.MustCompile(`(tcp|udp) \. \d+ : \S+ \. \d+`)

func (d *daemon) packetRules() []string {
	table, _ := exec.Command("nft", "list", "table", "inet", "tug-"+d.name+"0").Output()
	return publishedPort.FindAllString(string(table), -1)
}
