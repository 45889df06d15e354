package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"tug/internal/cli/container"
)

// TestEveryOptionOfRunIsInTheManual holds that the manual's table of fields says what becomes of each.
func TestEveryOptionOfRunIsInTheManual(t *testing.T) {
	const manual = "../../docs/manual/fields.md"
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	s := testSession(t)
	for name, flags := range map[string]*pflag.FlagSet{
		"run": container.Run(s).Flags(), "create": container.Create(s).Flags(), "exec": container.Exec(s).Flags(),
	} {
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden && f.Deprecated == "" && !strings.Contains(string(text), "`--"+f.Name+"`") {
				t.Errorf("%s has no row for --%s of %s", manual, f.Name, name)
			}
		})
	}
}
