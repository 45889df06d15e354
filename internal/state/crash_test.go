package state

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// asWriter makes the test binary a daemon that writes records until it is killed.
const asWriter = "TUG_TEST_STATE_WRITER"

func TestMain(m *testing.M) {
	if os.Getenv(asWriter) != "" {
		writeUntilKilled(os.Args[1], os.Args[2])
	}
	os.Exit(m.Run())
}

// writeUntilKilled says on its standard output which records are acknowledged.
func writeUntilKilled(folder, round string) {
	db, err := Open(filepath.Join(folder, "state.db"), quiet())
	if err != nil {
		panic(err)
	}
	volatile, err := OpenVolatile(filepath.Join(folder, "run"), quiet())
	if err != nil {
		panic(err)
	}
	var say sync.Mutex
	for worker := range 4 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%s-%d-%d", round, worker, i)
				r := record{strings.Repeat(key, 1+rand.IntN(100)), i}
				for kind, put := range map[string]func(string, any) error{"durable": db.Bucket("b").Put, "volatile": volatile.Put} {
					if err := put(key, r); err != nil {
						panic(err)
					}
					say.Lock()
					fmt.Println(kind, key)
					say.Unlock()
				}
			}
		}()
	}
	select {}
}

func TestAcknowledgedRecordsSurviveAKill(t *testing.T) {
	folder := t.TempDir()
	acknowledged := map[string][]string{}
	for round := range 30 {
		cmd := exec.Command("/proc/self/exe", folder, fmt.Sprint(round))
		cmd.Env = append(os.Environ(), asWriter+"=1")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		kill := time.AfterFunc(time.Duration(rand.IntN(80_000))*time.Microsecond, func() { cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if kind, key, ok := strings.Cut(lines.Text(), " "); ok {
				acknowledged[kind] = append(acknowledged[kind], key)
			}
		}
		_ = cmd.Wait() // killed
		kill.Stop()
	}
	db := openTest(t, filepath.Join(folder, "state.db"))
	for kind, from := range map[string]loader{"durable": db.Bucket("b"), "volatile": openVolatile(t, filepath.Join(folder, "run"))} {
		records := load(t, from)
		for _, key := range acknowledged[kind] {
			r, ok := records[key]
			if !ok || !strings.HasPrefix(r.Name, key) {
				t.Errorf("%s %s: %.50v", kind, key, r)
			}
		}
		t.Logf("%s: %d acknowledged, %d found", kind, len(acknowledged[kind]), len(records))
		if len(acknowledged[kind]) == 0 {
			t.Error("nothing was written")
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "run", damagedFolder)); err == nil {
		t.Error("a kill left damaged records")
	}
}
