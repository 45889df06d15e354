package cli_test

import (
	"strings"
	"testing"
)

// Options behind the image, or the container, are the command that is not found: it is said where they belong.
func TestOptionsInTheWrongPlace(t *testing.T) {
	for _, c := range []struct{ command, missing, says string }{
		{"run image -it sh", "-it", "'tug run' come before it"},
		{"run image sh -c true", "sh", ""},
		{"run image -x", "/entrypoint", ""},
	} {
		d := newDaemon(t)
		d.container(nil)
		d.on("POST /containers/{}/start", refusal(400, `exec: "`+c.missing+`": executable file not found in $PATH`))
		r := d.tug(strings.Fields(c.command)...)
		if hinted := strings.Contains(r.err, "stands after the image"); r.code != 127 || hinted != (c.says != "") || !strings.Contains(r.err, c.says) {
			t.Errorf("%s: exit code %d, %s", c.command, r.code, r.err)
		}
	}
	d := newDaemon(t)
	d.exec(127, func(p *process) { p.stdout("not found\n") })
	if r := d.tug("exec", "c", "-it", "sh"); r.code != 127 || r.out != "not found\n" || !strings.Contains(r.err, `"-it" stands after the container`) {
		t.Error(r)
	}
}
