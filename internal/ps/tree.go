package ps

// grow puts children after their parents and draws the branches. Processes whose parents are not shown are branches of what started
// them, which is not a process of the container.
func (t *table) grow(list []*row) []*row {
	shown := map[int]bool{}
	for _, r := range list {
		shown[r.Pid] = true
	}
	children := map[int][]*row{}
	for _, r := range list {
		parent := r.Parent
		if !shown[parent] || parent == r.Pid {
			parent = 0
		}
		children[parent] = append(children[parent], r)
	}
	out := make([]*row, 0, len(list))
	var walk func(parent int, before string)
	walk = func(parent int, before string) {
		siblings := children[parent]
		delete(children, parent) // what is its own ancestor would have no end
		for i, r := range siblings {
			r.branch = before + ` \_ `
			below := " |  "
			if i == len(siblings)-1 {
				below = "    "
			}
			if t.noBranch {
				r.branch, below = before+"  ", "  "
			}
			out = append(out, r)
			walk(r.Pid, before+below)
		}
	}
	walk(0, "")
	return out
}
