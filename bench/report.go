package main

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// report is the table: a row for each thing measured, a column for each that was measured.
type report struct {
	columns  []string
	versions []string
	rows     []row
	goals    []string
}

type row struct {
	what   string
	cells  map[string]string
	values map[string]float64
}

func newReport(engines []*engine) *report {
	r := &report{columns: []string{bare.name}}
	for _, e := range engines {
		r.columns = append(r.columns, e.name)
		r.versions = append(r.versions, e.name+" "+e.version)
	}
	return r
}

// durations adds a row of medians in milliseconds, with the least and the greatest beside them.
func (r *report) durations(what string, times map[string][]time.Duration) {
	added := row{what, map[string]string{}, map[string]float64{}}
	for name, t := range times {
		t = slices.Sorted(slices.Values(t))
		added.values[name] = ms(median(t))
		added.cells[name] = fmt.Sprintf("**%s** (%s..%s)", number(ms(median(t))), number(ms(t[0])), number(ms(t[len(t)-1])))
	}
	r.rows = append(r.rows, added)
}

func (r *report) rates(what string, values map[string]float64) {
	added := row{what, map[string]string{}, values}
	for name, v := range values {
		added.cells[name] = "**" + number(v) + "**"
	}
	r.rows = append(r.rows, added)
}

// goal says below the table how the ratio of two columns of the last row stands to what it is meant to be: at most the
// limit, or at least.
func (r *report) goal(over, under, relation string, limit float64) {
	last := r.rows[len(r.rows)-1]
	a, b := last.values[over], last.values[under]
	if a == 0 || b == 0 {
		return
	}
	verdict := "kept"
	if ratio := a / b; relation == "at most" && ratio > limit || relation == "at least" && ratio < limit {
		verdict = "**missed**"
	}
	r.goals = append(r.goals, fmt.Sprintf("- %s: %s over %s is %s, to be %s %s: %s", last.what, over, under, number(a/b), relation, number(limit), verdict))
}

// limit says below the table how a column of the last row stands to a time, in milliseconds, that it is to be under.
func (r *report) limit(column string, most float64) {
	last := r.rows[len(r.rows)-1]
	took := last.values[column]
	if took == 0 {
		return
	}
	verdict := "kept"
	if took > most {
		verdict = "**missed**"
	}
	r.goals = append(r.goals, fmt.Sprintf("- %s: %s takes %s, to be under %s: %s", last.what, column, number(took), number(most), verdict))
}

// String is the table in markdown. A ratio is how many times as much as tug the other takes, or tug as the bare kernel.
func (r *report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Median (least..greatest); %s; kernel %s, %d CPUs.\n\n", strings.Join(r.versions, ", "), kernel(), runtime.NumCPU())
	header := append([]string{"what"}, r.columns...)
	ratios := [][2]string{{"tug", bare.name}}
	for _, name := range r.columns[1:] {
		if name != "tug" {
			ratios = append(ratios, [2]string{name, "tug"})
		}
	}
	for _, ratio := range ratios {
		header = append(header, ratio[0]+"/"+ratio[1])
	}
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(header)
	line(slices.Repeat([]string{"---"}, len(header)))
	for _, row := range r.rows {
		cells := []string{row.what}
		for _, name := range r.columns {
			cells = append(cells, row.cells[name])
		}
		for _, ratio := range ratios {
			over, under := row.values[ratio[0]], row.values[ratio[1]]
			cell := ""
			if over > 0 && under > 0 {
				cell = number(over / under)
			}
			cells = append(cells, cell)
		}
		line(cells)
	}
	if len(r.goals) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(r.goals, "\n"))
	}
	return b.String()
}

// median of sorted values; of an even number, the mean of the middle two.
func median(sorted []time.Duration) time.Duration {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// number has three significant digits where it is small, and no decimals where it is not.
func number(v float64) string {
	switch {
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}
