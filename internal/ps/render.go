package ps

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"tug/internal/proc"
)

// Threads tells whether a line for each thread is asked for, and not for each process.
func (f *Format) Threads() bool { return f.threads }

// Render shows processes in columns: the titles, and a row for each process.
func (f *Format) Render(processes []*proc.Process, host *Host) (titles []string, rows [][]string) {
	t := &table{f, host}
	for _, c := range f.columns {
		titles = append(titles, c.title)
	}
	list := make([]*row, len(processes))
	for i, p := range processes {
		list[i] = &row{Process: p, table: t}
	}
	t.order(list)
	if f.forest {
		list = t.grow(list)
	}
	for _, r := range list {
		cells := make([]string, len(f.columns))
		for i, c := range f.columns {
			r.width = c.width
			cells[i] = c.value(r)
		}
		rows = append(rows, cells)
	}
	return titles, rows
}

// order sorts by the columns that were asked for; rows that are alike stay in the order of their processes.
func (t *table) order(list []*row) {
	if len(t.sort) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b *row) int {
		for _, key := range t.sort {
			name, falling := strings.CutPrefix(key, "-")
			value := columns[name].value
			c := compare(value(a), value(b))
			if falling {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

// compare compares numbers as such, and other values as text.
func compare(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}
