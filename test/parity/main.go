package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

type settings struct {
	work     string // folder of the worlds' folders
	folder   string // of the world to visit
	shard    int    // which of the shards that share the rows
	shards   int
	table    string         // folder with rows/ and explained.txt
	registry string         // with the base images
	world    string         // the one to visit; without it the results of all are compared
	only     *regexp.Regexp // rows whose name it matches
	details  string         // file for all that was seen
}

func main() {
	var s settings
	var only string
	flag.StringVar(&s.work, "work", "", "folder with the worlds' folders, to compare them")
	flag.StringVar(&s.folder, "folder", "", "folder of the world to go through")
	flag.IntVar(&s.shard, "shard", 0, "which share of the rows to go through")
	flag.IntVar(&s.shards, "shards", 1, "how many shares there are")
	flag.StringVar(&s.table, "table", "", "folder with rows/ and explained.txt")
	flag.StringVar(&s.registry, "registry", "", "address of a registry with the base images")
	flag.StringVar(&s.world, "world", "", "go through the rows in this world; without it, compare what was seen in all")
	flag.StringVar(&only, "only", "", "regular expression for the names of the rows to run")
	flag.StringVar(&s.details, "details", "", "file for every row with all that was seen")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if s.only, err = regexp.Compile(only); err == nil {
		err = run(ctx, s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	rows, err := readRows(filepath.Join(s.table, "rows"))
	if err != nil {
		return err
	}
	all := len(rows)
	rows = slices.DeleteFunc(rows, func(r row) bool { return !s.only.MatchString(r.Name) })
	if s.world == "" {
		return compareWorlds(s, rows, len(rows) == all)
	}
	at := slices.IndexFunc(worlds, func(w world) bool { return w.name == s.world })
	if at < 0 {
		return fmt.Errorf("there is no world %q", s.world)
	}
	w := worlds[at]
	if err := w.enter(s.folder); err != nil {
		return err
	}
	return w.visit(ctx, s.registry, share(rows, s.shard, s.shards), func(r row, got result) {
		fmt.Fprintf(os.Stderr, "%-6s %-40s %.1f s\n", w.name, r.Name, got.Took.Seconds())
	})
}

// share gives each nth row.
func share(rows []row, nth, of int) (own []row) {
	for i, r := range rows {
		if i%of == nth {
			own = append(own, r)
		}
	}
	return own
}

// readRows reads the tables of a folder, in the order of their names.
func readRows(folder string) (rows []row, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		more, err := parseRows(strings.TrimSuffix(filepath.Base(path), ".txt"), file)
		file.Close()
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
