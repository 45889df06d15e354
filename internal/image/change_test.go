package image

import (
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
)

func TestChangesAreAppliedAsADockerfileWould(t *testing.T) {
	set := func(s ...string) map[string]struct{} {
		m := map[string]struct{}{}
		for _, v := range s {
			m[v] = struct{}{}
		}
		return m
	}
	for _, c := range []struct {
		name    string
		from    Config
		changes []string
		want    Config
	}{
		{"command in JSON", Config{}, []string{`CMD ["a", "b c"]`}, Config{Cmd: []string{"a", "b c"}}},
		{"command for the shell", Config{}, []string{`CMD echo "$HOME"`}, Config{Cmd: []string{"/bin/sh", "-c", `echo "$HOME"`}}},
		{"command for the image's shell", Config{Shell: []string{"bash", "-c"}}, []string{`cmd x`}, Config{Shell: []string{"bash", "-c"}, Cmd: []string{"bash", "-c", "x"}}},
		{"no command", Config{Cmd: []string{"a"}}, []string{"CMD []"}, Config{Cmd: []string{}}},
		{"broken JSON is for the shell", Config{}, []string{`CMD [a]`}, Config{Cmd: []string{"/bin/sh", "-c", "[a]"}}},
		{"entry point resets the command", Config{Cmd: []string{"a"}}, []string{`ENTRYPOINT ["e"]`}, Config{Entrypoint: []string{"e"}}},
		{"unless one was given", Config{Cmd: []string{"a"}}, []string{`CMD ["b"]`, `ENTRYPOINT ["e"]`}, Config{Entrypoint: []string{"e"}, Cmd: []string{"b"}}},
		{
			"variables",
			Config{Env: []string{"A=1", "B=2"}},
			[]string{`ENV A=9 C="x y" D=z\ w E='$A' F=$A G="${A}-${NO:-no}${A:+yes}"`, "ENV OLD  form  of it"},
			Config{Env: []string{"A=9", "B=2", "C=x y", "D=z w", "E=$A", "F=1", "G=1-noyes", "OLD=form of it"}},
		},
		{"labels", Config{Labels: map[string]string{"a": "1"}}, []string{`LABEL a=2 "b c"="d e"`}, Config{Labels: map[string]string{"a": "2", "b c": "d e"}}},
		{"ports", Config{}, []string{"EXPOSE 80 81/udp 90-92/TCP"}, Config{ExposedPorts: set("80/tcp", "81/udp", "90/tcp", "91/tcp", "92/tcp")}},
		{"volumes", Config{}, []string{`VOLUME ["/a", "/b c"]`, "VOLUME /d /e"}, Config{Volumes: set("/a", "/b c", "/d", "/e")}},
		{"working folder", Config{}, []string{"WORKDIR /a/../b", "WORKDIR c"}, Config{WorkingDir: "/b/c"}},
		{"user and signal", Config{}, []string{"USER 1:2", "STOPSIGNAL SIGINT"}, Config{User: "1:2", StopSignal: "SIGINT"}},
		{"later", Config{}, []string{"ONBUILD RUN make"}, Config{OnBuild: []string{"RUN make"}}},
		{
			"health",
			Config{},
			[]string{"HEALTHCHECK --interval=5s --retries=3 --start-period=1m CMD curl -f localhost"},
			Config{Healthcheck: &Healthcheck{Test: []string{"CMD-SHELL", "curl -f localhost"}, Interval: 5 * time.Second, Retries: 3, StartPeriod: time.Minute}},
		},
		{"health in JSON", Config{}, []string{`HEALTHCHECK CMD ["a"]`}, Config{Healthcheck: &Healthcheck{Test: []string{"CMD", "a"}}}},
		{"no health", Config{}, []string{"HEALTHCHECK NONE"}, Config{Healthcheck: &Healthcheck{Test: []string{"NONE"}}}},
		{"several lines", Config{}, []string{"# a comment\nENV A=1 \\\n  B=2\n\nUSER x"}, Config{Env: []string{"A=1", "B=2"}, User: "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Change(c.from, c.changes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChangeLeavesTheOriginalAlone(t *testing.T) {
	from := Config{Env: []string{"A=1"}, Labels: map[string]string{"l": "1"}}
	if _, err := Change(from, []string{"ENV A=2", "LABEL l=2"}); err != nil {
		t.Fatal(err)
	}
	if from.Env[0] != "A=1" || from.Labels["l"] != "1" {
		t.Errorf("the original became %+v", from)
	}
}

func TestChangesThatMakeNoSenseAreRefused(t *testing.T) {
	for change, want := range map[string]string{
		"RUN make":                        "RUN is not a valid change command",
		"FROM x":                          "FROM is not a valid change command",
		"ENV":                             "ENV needs an argument",
		"ENV A":                           `"A" has no value`,
		"ENV A=1 B":                       `"B" is not NAME=VALUE`,
		`ENV A="x`:                        "double quote is not closed",
		"ENV A='x":                        "single quote is not closed",
		"ENV A=${x":                       "${ is not closed",
		"ENV A=${}":                       "names no variable",
		"ENV A=${x?y}":                    "only ${NAME}",
		"EXPOSE 0":                        "invalid containerPort",
		"EXPOSE 70000":                    "invalid containerPort",
		"EXPOSE 9-8":                      "invalid containerPort",
		"EXPOSE 80/icmp":                  `protocol "icmp"`,
		"USER a b":                        "exactly one argument",
		`USER ""`:                         "exactly one argument",
		"STOPSIGNAL SIGNO":                "invalid signal",
		`VOLUME [""]`:                     "empty string",
		"ONBUILD ONBUILD RUN x":           "isn't allowed",
		"ONBUILD FROM x":                  "isn't allowed",
		"HEALTHCHECK RUN x":               `unknown type "RUN"`,
		"HEALTHCHECK CMD":                 "missing command",
		"HEALTHCHECK CMD []":              "missing command",
		"HEALTHCHECK NONE x":              "takes no arguments",
		"HEALTHCHECK --no=1 CMD x":        `unknown flag "--no"`,
		"HEALTHCHECK --interval=x CMD x":  "invalid duration",
		"HEALTHCHECK --timeout=1us CMD x": "cannot be less than 1ms",
		"HEALTHCHECK --retries=-1 CMD x":  "not a number of 0 or more",
	} {
		_, err := Change(Config{}, []string{change})
		if err == nil || !strings.Contains(err.Error(), want) || !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v, want %q", change, err, want)
		}
	}
}

func FuzzChange(f *testing.F) {
	for _, s := range []string{
		`CMD ["a"]`, "ENV A=1 B='2' C=\"${A:-x}\" \\", "EXPOSE 1-65535/sctp", "HEALTHCHECK --interval=1s CMD x", "VOLUME /a", "LABEL a=b", "ONBUILD X", "WORKDIR ../..",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Change(Config{}, []string{s})
		if err != nil {
			return
		}
		if c.WorkingDir != "" && (c.WorkingDir[0] != '/' || strings.Contains(c.WorkingDir+"/", "/../")) {
			t.Errorf("working folder %q", c.WorkingDir)
		}
		for _, e := range c.Env {
			if !strings.Contains(e, "=") {
				t.Errorf("variable %q", e)
			}
		}
	})
}
