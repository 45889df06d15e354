package ps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
)

// Format is what arguments of ps ask for.
type Format struct {
	columns  []shown
	threads  bool // a line for each thread
	forest   bool
	noBranch bool     // a forest is indented without branches (-H)
	trueName bool     // commands by the name of the program alone (c)
	sort     []string // columns, the most important first; with - before a name in falling order
}

// arguments are what is gathered on the way to a Format.
type arguments struct {
	Format
	rest     []string
	unix     string   // format options of Unix's manner, in the order of flags below
	bsd      string   // the format option of BSD's manner
	isBSD    bool     // any option was of BSD's manner
	user     []string // specifiers of -o
	inserted []string // specifiers of -O
	label    bool
	fewer    bool // -y
	ids      string
}

// Parse reads the arguments of ps; without any they are "-ef". Errors: InvalidArgument, with the words of ps.
func Parse(words []string) (*Format, error) {
	if len(words) == 0 {
		words = []string{"-ef"}
	}
	a := &arguments{rest: words}
	for len(a.rest) > 0 {
		word := a.rest[0]
		a.rest = a.rest[1:]
		var err error
		switch {
		case word == "-aux": // what many mean by it
			err = a.bsdOptions("aux")
		case strings.HasPrefix(word, "--"):
			err = a.longOption(word[2:])
		case strings.HasPrefix(word, "-") && len(word) > 1:
			err = a.unixOptions(word[1:])
		default:
			err = a.bsdOptions(word)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := a.choose(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(a.columns, func(c shown) bool { return c.title == "PID" }) {
		return nil, fmt.Errorf("Couldn't find PID field in ps output: %w", errdefs.ErrInvalidArgument) //nolint:staticcheck // Docker's words
	}
	return &a.Format, nil
}

// argument is what follows an option: the rest of its word, or the next.
func (a *arguments) argument(option, inWord string) (string, error) {
	if inWord != "" {
		return inWord, nil
	}
	if len(a.rest) == 0 {
		return "", refuse("format specification must follow %s", option)
	}
	word := a.rest[0]
	a.rest = a.rest[1:]
	return word, nil
}

const (
	hides   = "top shows all processes of the container: %q would choose among them"
	noTitle = "Couldn't find PID field in ps output: %q leaves out the titles"
)

func (a *arguments) unixOptions(letters string) error {
	for i, letter := range letters {
		option, rest := "-"+string(letter), letters[i+1:]
		switch letter {
		case 'e', 'A', 'a', 'd', 'N', 'w': // all of a container's processes are shown anyway, in full width
		case 'f', 'F', 'l', 'j', 'c':
			if !strings.ContainsRune(a.unix, letter) {
				a.unix += string(letter)
			}
		case 'y':
			a.fewer = true
		case 'L', 'T':
			a.threads, a.ids = true, map[rune]string{'L': "lwp", 'T': "spid"}[letter]
		case 'H':
			a.forest, a.noBranch = true, true
		case 'Z', 'M':
			a.label = true
		case 'o', 'O':
			list, err := a.argument(option, rest)
			if err != nil {
				return err
			}
			if letter == 'o' {
				a.user = append(a.user, splitColumns(list)...)
			} else {
				a.inserted = append(a.inserted, splitColumns(list)...)
			}
			return nil
		case 'p', 'q', 'C', 'u', 'U', 'g', 'G', 's', 't':
			return refuse(hides, option)
		default:
			return refuse("unsupported SysV option %q", option)
		}
	}
	return nil
}

func (a *arguments) bsdOptions(letters string) error {
	a.isBSD = true
	for i, letter := range letters {
		option, rest := string(letter), letters[i+1:]
		switch letter {
		case 'a', 'x', 'g', 'w', 'n':
		case 'u', 'l', 'j', 's', 'v':
			if a.bsd != "" && a.bsd != option {
				return refuse("conflicting format options")
			}
			a.bsd = option
		case 'f':
			a.forest = true
		case 'c':
			a.trueName = true
		case 'Z':
			a.label = true
		case 'H', 'm':
			a.threads = true
		case 'o', 'O', 'k':
			list, err := a.argument(option, rest)
			if err != nil {
				return err
			}
			switch letter {
			case 'o':
				a.user = append(a.user, splitColumns(list)...)
			case 'O':
				a.inserted = append(a.inserted, splitColumns(list)...)
			case 'k':
				return a.sortBy(list)
			}
			return nil
		case 'h':
			return refuse(noTitle, option)
		case 'p', 'q', 't', 'U', 'r', 'T':
			return refuse(hides, option)
		case 'e':
			return refuse("unsupported option %q: the environment of processes is not shown", option)
		default:
			return refuse("unsupported option (BSD syntax) %q", option)
		}
	}
	return nil
}

func (a *arguments) longOption(text string) error {
	name, value, given := strings.Cut(text, "=")
	need := func() (string, error) {
		if given {
			return value, nil
		}
		return a.argument("--"+name, "")
	}
	switch name {
	case "forest":
		a.forest = true
	case "format":
		list, err := need()
		if err != nil {
			return err
		}
		a.user = append(a.user, splitColumns(list)...)
	case "sort":
		list, err := need()
		if err != nil {
			return err
		}
		return a.sortBy(list)
	case "context":
		a.label = true
	case "deselect":
	case "cols", "columns", "width", "lines", "rows":
		_, err := need()
		return err
	case "headers":
	case "no-headers", "no-heading", "noheader", "noheaders", "noheading", "noheadings":
		return refuse(noTitle, "--"+name)
	case "pid", "ppid", "quick-pid", "user", "User", "group", "Group", "sid", "tty":
		return refuse(hides, "--"+name)
	default:
		return refuse("unknown gnu long option %q", "--"+name)
	}
	return nil
}

func (a *arguments) sortBy(list string) error {
	for key := range strings.SplitSeq(list, ",") {
		key = strings.TrimPrefix(key, "+")
		if _, ok := columns[strings.TrimPrefix(key, "-")]; !ok {
			return refuse("unknown sort specifier %q", key)
		}
		a.sort = append(a.sort, key)
	}
	return nil
}

// choose turns the format options into columns.
func (a *arguments) choose() (err error) {
	switch {
	case len(a.user) > 0 && (a.unix != "" || a.bsd != ""), a.unix != "" && a.bsd != "":
		return refuse("conflicting format options")
	case len(a.user) > 0:
		a.columns, err = parseColumns(a.user)
	case len(a.inserted) > 0:
		last := "s tname time args"
		a.columns, err = parseColumns(slices.Concat([]string{"pid"}, a.inserted, strings.Fields(last)))
	case a.bsd != "":
		a.columns, err = layout(a.bsd)
	case a.unix != "":
		a.columns, err = layout(a.unixLayout())
	case a.isBSD:
		a.columns, err = layout("bsd")
	default:
		a.columns, err = layout("")
	}
	if err != nil {
		return err
	}
	if a.label {
		a.columns = slices.Insert(a.columns, 0, shown{title: "LABEL", value: columns["label"].value})
	}
	if a.ids != "" && len(a.user) == 0 {
		a.addThreadColumns()
	}
	return nil
}

// unixLayout names the layout of the options that were given, in the order in which the layouts' names have them.
func (a *arguments) unixLayout() string {
	name := "-"
	for _, letter := range "Ffljc" {
		if strings.ContainsRune(a.unix, letter) && !(letter == 'f' && strings.Contains(name, "F")) {
			name += string(letter)
		}
	}
	if a.fewer && name == "-l" {
		name += "y"
	}
	return name
}

// addThreadColumns puts the thread's number where ps has it: after the process's, or its parent's, and how many threads there are.
func (a *arguments) addThreadColumns() {
	after := func(title string) int {
		return slices.IndexFunc(a.columns, func(c shown) bool { return c.title == title })
	}
	put := func(at int, name string) {
		a.columns = slices.Insert(a.columns, at+1, shown{title: columns[name].title, value: columns[name].value})
	}
	if a.ids == "spid" {
		put(after("PID"), "spid")
		return
	}
	put(max(after("PID"), after("PPID")), "lwp")
	if c := after("C"); c >= 0 {
		put(c, "nlwp")
	}
}
