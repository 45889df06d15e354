package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// applyOrUndo writes settings; if one is refused, those before it are put back as they were.
func (g *Group) applyOrUndo(settings []setting) error {
	before := g.present(settings)
	err := g.apply(settings)
	if err == nil {
		return nil
	}
	slices.Reverse(before)
	return errors.Join(err, g.apply(before))
}

// present gives settings that would put the files of others back as they are now.
func (g *Group) present(settings []setting) []setting {
	var list []setting
	for _, s := range settings {
		dir := g.dir(s.controller)
		if dir == "" {
			dir = g.Dir()
		}
		text, err := os.ReadFile(filepath.Join(dir, s.file))
		switch {
		case errors.Is(err, os.ErrNotExist) && s.otherwise != nil:
			list = append(list, g.present([]setting{*s.otherwise})...)
		case err == nil:
			// What one would put on the wrong side of another is tried again when that is in place.
			back := setting{controller: s.controller, file: s.file, value: valueBefore(s, string(text)), what: s.what, again: true, optional: true}
			if !slices.ContainsFunc(list, func(o setting) bool { return o.file == back.file && o.value == back.value }) {
				list = append(list, back)
			}
		}
	}
	return list
}

// valueBefore is what has to be written to a file to undo a setting, of what is read from it now.
func valueBefore(s setting, text string) string {
	text = strings.TrimSpace(text)
	if s.file == "memory.oom_control" {
		killing, _, _ := strings.Cut(strings.TrimPrefix(text, "oom_kill_disable "), "\n")
		return killing
	}
	device, _, forDevice := strings.Cut(s.value, " ")
	if _, _, ok := deviceNumber(device); !ok || !forDevice {
		first, _, _ := strings.Cut(text, "\n") // of a weight that devices may have too: "default 100"
		return first
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, device+" ") {
			return strings.TrimSpace(line)
		}
	}
	return device + " " + unset(s)
}

// unset is the value of a device that has no setting of its own.
func unset(s setting) string {
	switch {
	case s.file == "io.max":
		return "rbps=max wbps=max riops=max wiops=max"
	case strings.Contains(s.file, "weight"):
		return "default"
	}
	return "0"
}
