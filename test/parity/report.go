package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// compareWorlds reads the results of all worlds, writes the details into their file and the summary to stdout, and fails if a
// difference has no explanation or, when all rows were run, an explanation no difference.
func compareWorlds(s settings, rows []row, whole bool) error {
	results := map[string]map[string]result{}
	for _, w := range worlds {
		of, err := readResults(s.work, w)
		if err != nil {
			return err
		}
		results[w.name] = of
	}
	file, err := os.Open(filepath.Join(s.table, "explained.txt"))
	if err != nil {
		return err
	}
	defer file.Close()
	explanations, err := parseExplanations(file)
	if err != nil {
		return err
	}
	r := newReport(explanations)
	for _, row := range rows {
		r.add(row, results)
	}
	details, err := os.Create(s.details)
	if err != nil {
		return err
	}
	defer details.Close()
	if _, err := io.WriteString(details, r.details.String()); err != nil {
		return err
	}
	fmt.Print(r.summary(whole))
	return r.verdict(whole)
}

// readResults gathers what all shards of a world have seen.
func readResults(work string, w world) (map[string]result, error) {
	files, err := filepath.Glob(filepath.Join(work, w.name+"-*", "results.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]result{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &all); err != nil { // adds to what is there
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return all, nil
}

// report gathers what is found, row by row.
type report struct {
	explanations []*explanation
	subjects     []*subject
	unexplained  strings.Builder // as it would stand in explained.txt
	faults       int
	details      strings.Builder
}

// subject is a line of the summary.
type subject struct {
	name                   string
	rows                   int
	same, explained, fault map[string]int // rows, by world
}

func newReport(explanations []*explanation) *report {
	return &report{explanations: explanations}
}

func (r *report) subject(name string) *subject {
	if n := len(r.subjects); n == 0 || r.subjects[n-1].name != name {
		r.subjects = append(r.subjects, &subject{name, 0, map[string]int{}, map[string]int{}, map[string]int{}})
	}
	return r.subjects[len(r.subjects)-1]
}

// add compares a row in all worlds.
func (r *report) add(row row, results map[string]map[string]result) {
	name, _, _ := strings.Cut(row.Name, "/")
	at := r.subject(name)
	at.rows++
	first := results[worlds[0].name][row.Name]
	r.show(row, results)
	found := map[string][]string{} // faults, by their text: the worlds that have them
	var order []string
	for _, w := range worlds[1:] {
		if !row.in(w) {
			continue
		}
		differences := compare(row, first, results[w.name][row.Name], w)
		bad := false
		for _, d := range differences {
			if reason, ok := explain(r.explanations, d, w.name); ok {
				fmt.Fprintf(&r.details, "%s: explained: %s\n%s", w.name, reason, d)
				continue
			}
			bad = true
			if found[d.String()] == nil {
				order = append(order, d.String())
			}
			found[d.String()] = append(found[d.String()], w.name)
		}
		switch {
		case bad:
			at.fault[w.name]++
		case len(differences) > 0:
			at.explained[w.name]++
		default:
			at.same[w.name]++
		}
	}
	for _, text := range order {
		r.faults++
		only := ""
		if in := found[text]; len(in) < len(worlds)-1 {
			only = " in " + in[0]
		}
		fmt.Fprintf(&r.details, "NOT EXPLAINED%s\n%s", only, text)
		fmt.Fprintf(&r.unexplained, "row %s%s\n%s\n", row.Name, only, text)
	}
}

// show writes all that was seen of the row into the details.
func (r *report) show(row row, results map[string]map[string]result) {
	fmt.Fprintf(&r.details, "\n== %s: %s\n", row.Name, row.Title)
	for i, s := range row.Steps {
		fmt.Fprintf(&r.details, "$ %s\n", s.Command)
		for _, w := range worlds {
			if !row.in(w) {
				continue
			}
			got := results[w.name][row.Name].Seen[i]
			fmt.Fprintf(&r.details, "[%s] exit %d\n%s", w.name, got.Exit, indent(got.Stdout, "  ")+indent(got.Stderr, "  ! "))
		}
	}
}

func indent(text, by string) string {
	if text == "" {
		return ""
	}
	return by + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+by) + "\n"
}

// String is the difference as it would be explained, with where it is.
func (d difference) String() string {
	text := fmt.Sprintf("# step %d, %s\n", d.Step, d.Stream)
	for _, line := range d.Minus {
		text += "- " + line + "\n"
	}
	for _, line := range d.Plus {
		text += "+ " + line + "\n"
	}
	return text
}

// summary is a table in markdown, and below it all that is wrong.
func (r *report) summary(whole bool) string {
	var b strings.Builder
	b.WriteString("| subject | rows | docker with tugd: same | explained | faults | tug with tugd: same | explained | faults |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	all := subject{"all", 0, map[string]int{}, map[string]int{}, map[string]int{}}
	for _, s := range r.subjects {
		all.rows += s.rows
		for _, w := range worlds[1:] {
			all.same[w.name] += s.same[w.name]
			all.explained[w.name] += s.explained[w.name]
			all.fault[w.name] += s.fault[w.name]
		}
		b.WriteString(s.line())
	}
	b.WriteString(all.line())
	if r.unexplained.Len() > 0 {
		fmt.Fprintf(&b, "\nDifferences that explained.txt does not explain (- Docker, + tug):\n\n%s", r.unexplained.String())
	}
	if unused := r.unused(); whole && len(unused) > 0 {
		b.WriteString("\nExplanations of differences that there are not:\n\n")
		for _, e := range unused {
			fmt.Fprintf(&b, "%s\n", e)
		}
	}
	return b.String()
}

func (s subject) line() string {
	cells := []string{s.name, fmt.Sprint(s.rows)}
	for _, w := range worlds[1:] {
		for _, counts := range []map[string]int{s.same, s.explained, s.fault} {
			cells = append(cells, fmt.Sprint(counts[w.name]))
		}
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

func (r *report) unused() (unused []*explanation) {
	for _, e := range r.explanations {
		if !e.used {
			unused = append(unused, e)
		}
	}
	return unused
}

func (r *report) verdict(whole bool) error {
	if unused := len(r.unused()); r.faults > 0 || whole && unused > 0 {
		return fmt.Errorf("%d differences are not explained, %d explanations explain nothing", r.faults, unused)
	}
	return nil
}
