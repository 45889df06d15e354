package plan

import "strings"

// DefaultPath is the PATH of a process whose environment has none, as in Docker.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// searchPath gives the folders of the last PATH in the environment. An empty one means the working directory.
func searchPath(environ []string) []string {
	path := DefaultPath
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	dirs := strings.Split(path, ":")
	for i, d := range dirs {
		if d == "" {
			dirs[i] = "."
		}
		dirs[i] = strings.TrimRight(dirs[i], "/")
	}
	return dirs
}
