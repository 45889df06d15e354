package test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestSessions runs every script of scripts/ with the docker command line, and again with tug under docker's name, each
// against its own daemon, side by side.
func TestSessions(t *testing.T) {
	needsEngine(t)
	t.Run("docker", func(t *testing.T) {
		if whyNoDocker != "" {
			t.Skip(whyNoDocker)
		}
		t.Parallel()
		session(t, forDocker, "")
	})
	t.Run("tug", func(t *testing.T) { t.Parallel(); session(t, forTug, filepath.Join(filepath.Dir(forTug.bin), "alias")) })
}

// session runs the scripts; those named alone run through another runtime than the built-in one.
func session(t *testing.T, d *daemon, alias string, files ...string) {
	dir := "scripts"
	if len(files) > 0 {
		dir = "" // these alone
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, Files: files,
		Setup: func(e *testscript.Env) error {
			e.Setenv("DOCKER_HOST", d.host())
			e.Setenv("TUG_HOST", d.host())
			e.Setenv("REGISTRY", os.Getenv("TUG_TEST_REGISTRY"))
			e.Setenv("CGROUP", d.name)
			e.Setenv("PORT", d.ports)
			e.Setenv("HOSTCAPS", hostCaps())
			if strings.HasPrefix(filepath.Base(e.WorkDir), "script-build") && alias == "" {
				if err := installBuildx(e); err != nil {
					return err
				}
			}
			e.Setenv("PATH", strings.TrimPrefix(alias+":"+d.bin+":"+os.Getenv("PATH"), ":"))
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "tug":
				return alias != "", nil
			case "handed": // to another runtime than the built-in one
				return len(files) > 0, nil
			}
			return false, errors.New("unknown condition " + cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"docker": dockerCommand, "exits": exitsCommand, "until": untilCommand, "let": letCommand, "serve": serveCommand,
		},
	})
}

// docker ARGUMENT...: runs the docker command line; it must succeed, or, after !, fail.
func dockerCommand(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("docker", args...)
	if (err != nil) != neg {
		ts.Fatalf("docker %s: %v", strings.Join(args, " "), err)
	}
}

// exits STATUS PROGRAM ARGUMENT...: runs a program that must end with the status.
func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if (got == want) == neg {
		ts.Fatalf("%s: exit status %d", strings.Join(args[1:], " "), got)
	}
}

// until PATTERN PROGRAM ARGUMENT...: runs a program again and again until its output matches.
func untilCommand(ts *testscript.TestScript, neg bool, args []string) {
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		ts.Exec(args[1], args[2:]...)
		if pattern.MatchString(ts.ReadFile("stdout")+ts.ReadFile("stderr")) != neg {
			return
		}
	}
	ts.Fatalf("%s never showed %s", strings.Join(args[1:], " "), args[0])
}

// let NAME: sets an environment variable to what the last program printed.
func letCommand(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// hostCaps are the capabilities that there are on this host: privileged containers have these.
func hostCaps() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, caps, _ := strings.Cut(string(status), "CapBnd:\t")
	caps, _, _ = strings.Cut(caps, "\n")
	return caps
}
