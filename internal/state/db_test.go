package state

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

type record struct {
	Name  string
	Count int
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func openTest(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(path, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

type loader interface {
	Load(func(string, func(any) error) error) error
}

func load(t testing.TB, from loader) map[string]record {
	t.Helper()
	all := map[string]record{}
	err := from.Load(func(key string, decode func(any) error) error {
		var r record
		if err := decode(&r); err != nil {
			return err
		}
		all[key] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecordsAreThereAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := openTest(t, path)
	containers, volumes := db.Bucket("containers"), db.Bucket("volumes")
	must(t, containers.Put("a", record{"one", 1}))
	must(t, containers.Put("b", record{"two", 2}))
	must(t, containers.Put("a", record{"three", 3}))
	must(t, volumes.Put("a", record{"other", 4}))
	must(t, containers.Delete("b"))
	must(t, containers.Delete("never was"))
	must(t, db.Bucket("never was").Delete("x"))
	must(t, db.Close())

	db = openTest(t, path)
	if diff := cmp.Diff(map[string]record{"a": {"three", 3}}, load(t, db.Bucket("containers"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]record{"a": {"other", 4}}, load(t, db.Bucket("volumes"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]record{}, load(t, db.Bucket("never was"))); diff != "" {
		t.Error(diff)
	}
}

func TestStoreIsReadableForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openTest(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestConcurrentWritesAreAllThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := openTest(t, path)
	before := db.file.Stats()
	var writers sync.WaitGroup
	for i := range 50 {
		writers.Go(func() {
			bucket := db.Bucket(fmt.Sprint("bucket", i%3))
			for j := range 20 {
				if err := bucket.Put(fmt.Sprint(i), record{"r", j}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	total := 0
	for i := range 3 {
		for key, r := range load(t, db.Bucket(fmt.Sprint("bucket", i))) {
			if total++; r.Count != 19 {
				t.Errorf("%s: %v", key, r)
			}
		}
	}
	if total != 50 {
		t.Errorf("%d records", total)
	}
	after := db.file.Stats()
	stats := after.Sub(&before)
	if spills := stats.TxStats.GetSpill(); spills > 500 { // each commit has at least one; some 40 are seen
		t.Errorf("1,000 writes, 50 at a time, did not share commits: %d", spills)
	}
}

func TestWritesOfOneBatchKeepTheirOrder(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"))
	var batch []*waiter
	for _, ch := range []change{{[]byte("b"), []byte("k"), []byte(`{"Count":1}`)}, {[]byte("b"), []byte("k"), nil}, {[]byte("b"), []byte("k"), []byte(`{"Count":2}`)}} {
		batch = append(batch, &waiter{change: ch})
	}
	must(t, db.committer.write(batch))
	if diff := cmp.Diff(map[string]record{"k": {"", 2}}, load(t, db.Bucket("b"))); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeWrittenIsRefused(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"))
	bucket := db.Bucket("b")
	for _, key := range []string{"", strings.Repeat("k", bbolt.MaxKeySize+1)} {
		if err := bucket.Put(key, 1); !errdefs.IsInvalidArgument(err) {
			t.Errorf("key of %d bytes: %v", len(key), err)
		}
	}
	if err := bucket.Put("k", func() {}); err == nil {
		t.Error("a function was written")
	}
	must(t, db.Close())
	if err := bucket.Put("k", 1); err == nil {
		t.Error("written to a closed store")
	}
	must(t, db.Close())
}

func TestLoadEndsWithTheErrorOfTheFunction(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"))
	bucket := db.Bucket("b")
	must(t, bucket.Put("1", "no record"))
	must(t, bucket.Put("2", record{}))
	seen := 0
	err := bucket.Load(func(_ string, decode func(any) error) error {
		seen++
		return decode(&record{})
	})
	if err == nil || !strings.Contains(err.Error(), "b 1") || seen != 1 {
		t.Errorf("%d seen, %v", seen, err)
	}
}

func TestLoadMayWrite(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"))
	bucket := db.Bucket("b")
	must(t, bucket.Put("1", record{"old", 1}))
	must(t, bucket.Load(func(key string, _ func(any) error) error {
		return bucket.Put(key, record{strings.Repeat("new", 100_000), 2}) // enough to grow the file under a reader
	}))
	if r := load(t, bucket)["1"]; r.Count != 2 {
		t.Errorf("%d", r.Count)
	}
}

func TestSecondDaemonIsToldWhoHoldsTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openTest(t, path)
	_, err := Open(path, quiet())
	want := fmt.Sprintf("(process %d)", os.Getpid())
	if !errdefs.IsFailedPrecondition(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestLockHolder(t *testing.T) {
	locks := "1: POSIX  ADVISORY  WRITE 11 00:2f:77 0 EOF\n" +
		"2: FLOCK  ADVISORY  READ 12 00:2f:77 0 EOF\n" +
		"3: FLOCK  ADVISORY  WRITE 13 00:2f:770 0 EOF\n" +
		"4: FLOCK  ADVISORY  WRITE 14 00:2f:77 0 EOF\n" +
		"4: -> FLOCK  ADVISORY  WRITE 15 00:2f:77 0 EOF\n"
	if got := lockHolder(locks, 77); got != "14" {
		t.Error(got)
	}
	if got := lockHolder(locks, 78); got != "" {
		t.Error(got)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := open(path, quiet(), []migration{{}, {}})
	must(t, err)
	must(t, db.Close())
	_, err = open(path, quiet(), []migration{{}})
	if !errdefs.IsFailedPrecondition(err) || !strings.Contains(err.Error(), "format 3") || !strings.Contains(err.Error(), "up to 2") {
		t.Error(err)
	}
}

func TestOlderFormatIsMigratedStepByStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := open(path, quiet(), nil)
	must(t, err)
	must(t, db.Bucket("b").Put("steps", ""))
	must(t, db.Close())

	step := func(name string) migration {
		return migration{name, func(tx *bbolt.Tx) error {
			bucket := tx.Bucket([]byte("b"))
			return bucket.Put([]byte("steps"), []byte(`"`+strings.Trim(string(bucket.Get([]byte("steps"))), `"`)+name+`"`))
		}}
	}
	broken := migration{"broken", func(tx *bbolt.Tx) error {
		must(t, step("half").apply(tx))
		return errors.New("the disk is full")
	}}
	var log bytes.Buffer
	_, err = open(path, slog.New(slog.NewTextHandler(&log, nil)), []migration{step("1"), broken})
	if err == nil || !strings.Contains(err.Error(), "from format 2 to 3 (broken): the disk is full") {
		t.Fatal(err)
	}
	db, err = open(path, slog.New(slog.NewTextHandler(&log, nil)), []migration{step("1"), step("2"), step("3")})
	must(t, err)
	defer db.Close()
	must(t, db.Bucket("b").Load(func(_ string, decode func(any) error) error {
		var steps string
		must(t, decode(&steps))
		if steps != "123" {
			t.Errorf("%s", steps)
		}
		return nil
	}))
	if n := strings.Count(log.String(), "migrating state"); n != 4 {
		t.Errorf("%d reports: %s", n, log.String())
	}
}

// TestStoresOfFormerVersionsAreRead opens what was written by the first version that had each format; files are added, never changed.
func TestStoresOfFormerVersionsAreRead(t *testing.T) {
	old, err := filepath.Glob("testdata/state-v*.db")
	if err != nil || len(old) != len(migrations())+1 {
		t.Fatalf("%v for %d formats, %v", old, len(migrations())+1, err)
	}
	for _, name := range old {
		content, err := os.ReadFile(name)
		must(t, err)
		path := filepath.Join(t.TempDir(), "state.db")
		must(t, os.WriteFile(path, content, 0o600))
		db := openTest(t, path)
		if diff := cmp.Diff(map[string]record{"0123456789abcdef": {"old", 7}}, load(t, db.Bucket("containers"))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		must(t, db.Bucket("containers").Put("new", record{}))
	}
}

func TestWhatIsNoStoreIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("no store "), 10_000), 0o600))
	if _, err := Open(path, quiet()); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	must(t, os.Remove(path))
	other, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, other.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("v1"))
		return err
	}))
	must(t, other.Close())
	if _, err := Open(path, quiet()); !errdefs.IsFailedPrecondition(err) {
		t.Error(err)
	}
}
