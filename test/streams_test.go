package test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// bulk is much, of every byte value, and the same on every call.
func bulk() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), 64<<20) }

func TestPipesThroughAContainerChangeNoByte(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		want := sha256.New()
		io.Copy(want, bulk())
		sum := fmt.Sprintf("%x", want.Sum(nil))

		run := cli("run", "--rm", "-i", "busybox", "sha256sum")
		run.Stdin = bulk()
		if got := output(t, run); !strings.HasPrefix(got, sum) {
			t.Errorf("what came in has the sum %s, want %s", got, sum)
		}
		run = cli("run", "--rm", "-i", "busybox", "cat")
		run.Stdin = bulk()
		back := sha256.New()
		run.Stdout = back
		if err := run.Run(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", back.Sum(nil)); got != sum {
			t.Errorf("what came back has the sum %s, want %s", got, sum)
		}

		name := "pipes"
		output(t, cli("run", "-d", "--name", name, "busybox", "sleep", "1000"))
		run = cli("exec", "-i", name, "cat")
		run.Stdin = bulk()
		back.Reset()
		run.Stdout = back
		if err := run.Run(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", back.Sum(nil)); got != sum {
			t.Errorf("what came back from exec has the sum %s, want %s", got, sum)
		}
		output(t, cli("rm", "-f", name))
	})
}

func TestStdoutAndStderrStayApart(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		cmd := cli("run", "--rm", "busybox", "sh", "-c", "for i in $(seq 2000); do echo out $i; echo err $i >&2; done")
		var out, err bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &err
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string]*bytes.Buffer{"out": &out, "err": &err} {
			lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
			if len(lines) != 2000 {
				t.Fatalf("std%s has %d lines", name, len(lines))
			}
			for i, l := range lines {
				if l != fmt.Sprintf("%s %d", name, i+1) {
					t.Fatalf("line %d of std%s: %q", i+1, name, l)
				}
			}
		}
	})
}

func TestAReaderThatGoesEndsTheWriterInTheContainer(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := cli("run", "--rm", "--name", "yes", "busybox", "yes")
		cmd.Stdout = w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		io.CopyN(io.Discard, r, 1<<20)
		r.Close()
		cmd.Wait()
		cli("rm", "-f", "yes").Run()
	})
}
