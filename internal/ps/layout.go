package ps

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
)

// shown is a column in a format.
type shown struct {
	title string
	width int // to which names are cut; 0: the usual
	value func(*row) string
}

// layouts are the lists of columns that the one-letter options stand for.
var layouts = map[string]string{
	"":    "pid tname time ucmd",
	"-f":  "user=UID pid ppid c stime tname time cmd",
	"-F":  "user=UID pid ppid c sz rss psr stime tname time cmd",
	"-l":  "f s uid pid ppid c opri ni addr sz wchan tname time ucmd",
	"-ly": "s uid pid ppid c opri ni rss sz wchan tname time ucmd",
	"-fl": "f s user=UID pid ppid c opri ni addr sz wchan stime tname time cmd",
	"-Fl": "f s user=UID pid ppid c opri ni addr sz wchan rss psr stime tname time cmd",
	"-j":  "pid pgid sid tname time ucmd",
	"-fj": "user=UID pid ppid pgid sid c stime tname time cmd",
	"-lj": "f s uid pid ppid pgid sid c opri ni addr sz wchan tname time ucmd",
	"-c":  "pid cls pri tname time ucmd",
	"-fc": "user=UID pid ppid cls pri stime tname time cmd",
	"bsd": "pid tname stat bsdtime args",
	"j":   "ppid pid pgid sid tname tpgid stat uid bsdtime args",
	"l":   "f uid pid ppid priority ni vsz rss wchan stat tname bsdtime args",
	"s":   "uid pid pending blocked ignored caught stat tname bsdtime args",
	"u":   "user pid pcpu pmem vsz rss tname stat start_time bsdtime args",
	"v":   "pid tname stat bsdtime maj_flt trs drs rss pmem args",
}

// layout gives the columns of a named list.
func layout(name string) ([]shown, error) {
	list, ok := layouts[name]
	if !ok {
		return nil, refuse("conflicting format options")
	}
	return parseColumns(strings.Fields(list))
}

// parseColumns reads specifiers of -o: NAME, NAME:WIDTH, NAME=TITLE.
func parseColumns(specifiers []string) ([]shown, error) {
	var list []shown
	for _, s := range specifiers {
		name, title, titled := strings.Cut(s, "=")
		name, width, wide := strings.Cut(name, ":")
		c, ok := columns[strings.ToLower(name)]
		if !ok {
			return nil, refuse("unknown user-defined format specifier %q", name)
		}
		col := shown{title: c.title, value: c.value}
		if titled {
			col.title = title
		}
		if wide {
			n, err := strconv.Atoi(width)
			if err != nil || n < 1 {
				return nil, refuse("invalid width %q of format specifier %q", width, name)
			}
			col.width = n
		}
		list = append(list, col)
	}
	return list, nil
}

// splitColumns splits the argument of -o, in which a title goes to the end.
func splitColumns(argument string) []string {
	list, title, titled := strings.Cut(argument, "=")
	specifiers := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	if titled && len(specifiers) > 0 {
		specifiers[len(specifiers)-1] += "=" + title
	}
	return specifiers
}

// refuse says why arguments are not taken, in ps's words where it has any.
func refuse(format string, args ...any) error {
	return fmt.Errorf("ps: error: "+format+": %w", append(args, errdefs.ErrInvalidArgument)...)
}
