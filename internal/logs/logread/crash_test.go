package logread

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tug/internal/logs"
)

// asWriter makes the test binary a writer: path, first number, whether to compress.
const asWriter = "TUG_TEST_LOG_WRITER"

func TestMain(m *testing.M) {
	if os.Getenv(asWriter) != "" {
		writeUntilKilled(os.Args[1], os.Args[2], os.Args[3])
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes numbered lines and says on its standard output which are written. It goes on when it gets a byte for each.
func writeUntilKilled(path, first, compress string) {
	w, err := logs.OpenWriter(path, logs.Options{MaxSize: 6000, MaxFiles: 60, Compress: compress == "true"})
	if err != nil {
		panic(err)
	}
	s := w.Stream("stdout")
	permits := bufio.NewReader(os.Stdin)
	from, _ := strconv.Atoi(first)
	for i := from; ; i++ {
		if _, err := fmt.Fprintf(s, "%d %s\n", i, strings.Repeat("p", rand.IntN(3000))); err != nil {
			panic(err)
		}
		if _, err := fmt.Println(i); err != nil {
			os.Exit(0)
		}
		if _, err := permits.ReadByte(); err != nil {
			os.Exit(0)
		}
	}
}

// TestWriterIsKilledWhileFollowersRead lets a writer that rotates every other line be killed again and again, with a torn line left
// for good measure, while followers read: each sees every line that the writer had written, once and in order.
func TestWriterIsKilledWhileFollowersRead(t *testing.T) {
	for _, compress := range []bool{false, true} {
		t.Run(fmt.Sprintf("compress=%v", compress), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x-json.log")
			r := newReader(t)
			watchers := make([]*witness, 4)
			for i := range watchers {
				watchers[i] = newWitness(t, r, path)
			}
			written := map[int]bool{}
			next := 1
			for round := range 25 {
				for _, i := range runWriter(t, path, next, compress, watchers) {
					written[i] = true
					next = i + 1
				}
				next += 10 // the line at which it was killed may be there or not
				if round%3 == 0 {
					tear(t, path)
				}
			}
			for i, w := range watchers {
				seen := w.end()
				for number := range written {
					if !seen[number] {
						t.Errorf("follower %d did not see %d", i, number)
					}
				}
				t.Logf("follower %d saw %d lines of %d", i, len(seen), len(written))
			}
		})
	}
}

// runWriter runs a writer that is killed some time later, and returns the numbers that it had written. The writer is never so far
// before the slowest follower that its oldest file could be one not read yet.
func runWriter(t *testing.T, path string, first int, compress bool, watchers []*witness) []int {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", path, strconv.Itoa(first), strconv.FormatBool(compress))
	cmd.Env = append(os.Environ(), asWriter+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	permits, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var written []int
	kill := time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond+10*time.Millisecond, func() { cmd.Process.Kill() })
	defer kill.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		number, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, number)
		for _, w := range watchers {
			for w.last.Load() < int64(number-20) && !t.Failed() {
				time.Sleep(100 * time.Microsecond)
			}
		}
		_, _ = permits.Write([]byte{'\n'}) // it may be dead
	}
	_ = cmd.Wait() // killed
	return written
}

// tear appends what a write leaves that is cut short.
func tear(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(`{"log":"999999999 ppp`[:1+rand.IntN(20)]); err != nil {
		t.Fatal(err)
	}
}

// witness is a follower that checks the order of what it reads.
type witness struct {
	t       *testing.T
	last    atomic.Int64
	seen    map[int]bool
	ended   chan struct{}
	reading sync.WaitGroup
}

func newWitness(t *testing.T, r *Reader, path string) *witness {
	w := &witness{t: t, seen: map[int]bool{}, ended: make(chan struct{})}
	o := all
	o.Follow = true
	w.reading.Go(func() {
		if err := r.Read(t.Context(), path, o, w.ended, w.see); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *witness) see(e Entry) error {
	text, _, _ := strings.Cut(string(e.Line), " ")
	number, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("not a line of the writer: %.40q", e.Line)
	}
	if int64(number) <= w.last.Load() {
		return fmt.Errorf("%d after %d", number, w.last.Load())
	}
	w.last.Store(int64(number))
	w.seen[number] = true
	return nil
}

func (w *witness) end() map[int]bool {
	close(w.ended)
	w.reading.Wait()
	return w.seen
}
