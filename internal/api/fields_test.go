package api

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
)

// fieldsTable is the manual's table of fields.
const fieldsTable = "../../docs/manual/fields.md"

// tabled are the structures whose every field has a row there.
var tabled = map[string]reflect.Type{
	"Config": reflect.TypeFor[moby.Config](), "HostConfig": reflect.TypeFor[moby.HostConfig](), "Resources": reflect.TypeFor[moby.Resources](),
	"LogConfig": reflect.TypeFor[moby.LogConfig](), "RestartPolicy": reflect.TypeFor[moby.RestartPolicy](), "DeviceMapping": reflect.TypeFor[moby.DeviceMapping](),
	"Mount": reflect.TypeFor[mount.Mount](), "BindOptions": reflect.TypeFor[mount.BindOptions](), "VolumeOptions": reflect.TypeFor[mount.VolumeOptions](),
	"TmpfsOptions": reflect.TypeFor[mount.TmpfsOptions](), "EndpointSettings": reflect.TypeFor[network.EndpointSettings](),
	"EndpointIPAMConfig": reflect.TypeFor[network.EndpointIPAMConfig](), "ExecCreateRequest": reflect.TypeFor[moby.ExecCreateRequest](),
}

// row is one of the table's: the first cell, and the tests of the last.
type row struct {
	name  string
	tests []string
}

// readTables gives the rows of a page's tables by their headings.
func readTables(t *testing.T, page string) map[string][]row {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	sections, heading := map[string][]row{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if h, ok := strings.CutPrefix(line, "## "); ok {
			heading = h
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) < 3 || strings.HasPrefix(line, "| ---") || strings.HasSuffix(line, "| test |") {
			continue
		}
		r := row{name: strings.TrimSpace(cells[0])}
		for test := range strings.SplitSeq(cells[len(cells)-1], ",") {
			r.tests = append(r.tests, strings.TrimSpace(test))
		}
		sections[heading] = append(sections[heading], r)
	}
	return sections
}

func TestEveryFieldHasARowInTheManual(t *testing.T) {
	sections := readTables(t, fieldsTable)
	for heading, kind := range tabled {
		rows := map[string]int{}
		for _, r := range sections[heading] {
			rows[r.name]++
		}
		for i := range kind.NumField() {
			name := kind.Field(i).Name
			if rows[name] != 1 {
				t.Errorf("%s: %s.%s has %d rows, want one that says what it does here", fieldsTable, heading, name, rows[name])
			}
			delete(rows, name)
		}
		for name := range rows {
			t.Errorf("%s: %s has no field %s", fieldsTable, heading, name)
		}
	}
}

// TestTheTestsOfTheManualExist holds that each row of the tables names a test, and one that there is.
func TestTheTestsOfTheManualExist(t *testing.T) {
	there := testNames(t)
	for page, least := range map[string]int{fieldsTable: 100, "../../docs/manual/dockerfile.md": 40, "../../docs/manual/build.md": 45} {
		for heading, rows := range readTables(t, page) {
			for _, r := range rows {
				for _, name := range r.tests {
					if !there[name] {
						t.Errorf("%s: %s.%s: there is no test %q", page, heading, r.name, name)
					}
				}
			}
			least -= len(rows)
		}
		if least > 0 {
			t.Errorf("%s has %d rows less than it had", page, least)
		}
	}
}

// TestTheTestsOfIsolationExist holds that the attacks which the manual tells of are tried.
func TestTheTestsOfIsolationExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/manual/isolation.md")
	if err != nil {
		t.Fatal(err)
	}
	there := testNames(t)
	named := regexp.MustCompile(`\bTest\w+`).FindAllString(string(text), -1)
	for _, name := range named {
		if !there[name] {
			t.Errorf("there is no test %q", name)
		}
	}
	if len(named) < 40 {
		t.Errorf("%d tests are named", len(named))
	}
}

// testNames finds the sessions and the Go tests of the tree.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	sessions, err := filepath.Glob("../../test/scripts/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range sessions {
		names[strings.TrimSuffix(filepath.Base(file), ".txtar")] = true
	}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, dir := range []string{"../../test", ".."} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, found := range function.FindAllSubmatch(text, -1) {
				names[string(found[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
