package passwd

import (
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/sys/user"
)

const passwdFile = `# a comment
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin

 www:x:33:33:www:/var/www:/bin/sh
www:x:34:34:a second one:/elsewhere:/bin/sh
1000:x:77:77:a number for a name:/n:/bin/sh
homeless:x:1001:1001
+nis::::::
`

const groupFile = `root:x:0:
adm:x:4:www,daemon
www:x:33:
# backup:x:34:www
staff:x:50:other,www
0:x:99:
`

func TestWhoAProcessRunsAs(t *testing.T) {
	for _, c := range []struct {
		user       string
		additional []string
		want       User
	}{
		{"", nil, User{0, 0, []uint32{0}, "/root", "root"}},
		{"root", nil, User{0, 0, []uint32{0}, "/root", "root"}},
		{"www", nil, User{33, 33, []uint32{33, 4, 50}, "/var/www", "www"}},
		{"33", nil, User{33, 33, []uint32{33, 4, 50}, "/var/www", "www"}}, // found by number: in the same groups
		{"1000", nil, User{1000, 0, []uint32{0}, "/", ""}},                // never a name
		{"2147483647", nil, User{2147483647, 0, []uint32{0}, "/", ""}},
		{"www:adm", nil, User{33, 4, []uint32{4}, "/var/www", "www"}}, // an explicit group is the only one
		{"www:1234", nil, User{33, 1234, []uint32{1234}, "/var/www", "www"}},
		{"5000:staff", nil, User{5000, 50, []uint32{50}, "/", ""}},
		{"5000:6000", nil, User{5000, 6000, []uint32{6000}, "/", ""}},
		{"5000:0", nil, User{5000, 0, []uint32{0}, "/", ""}}, // a number, not the group of that name
		{":staff", nil, User{0, 50, []uint32{50}, "/root", "root"}},
		{"www:", nil, User{33, 33, []uint32{33, 4, 50}, "/var/www", "www"}},
		{"homeless", nil, User{1001, 1001, []uint32{1001}, "/", "homeless"}},
		{"www", []string{"staff", "9999", "root", "9999"}, User{33, 33, []uint32{33, 4, 50, 9999, 0}, "/var/www", "www"}},
		{"5000:6000", []string{"adm"}, User{5000, 6000, []uint32{6000, 4}, "/", ""}},
	} {
		got, err := Resolve(c.user, strings.NewReader(passwdFile), strings.NewReader(groupFile), c.additional)
		if err != nil {
			t.Errorf("%q: %v", c.user, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q %v: %s", c.user, c.additional, diff)
		}
	}
}

func TestWhoIsUnknownIsRefused(t *testing.T) {
	for _, c := range []struct {
		user       string
		additional []string
		want       string
	}{
		{"nobody", nil, "unable to find user nobody: no matching entries in passwd file"},
		{"nobody:staff", nil, "unable to find user nobody: no matching entries in passwd file"},
		{"www:none", nil, "unable to find group none: no matching entries in group file"},
		{"www:staff:adm", nil, "unable to find group staff:adm: no matching entries in group file"},
		{"www", []string{"staff", "none"}, "unable to find group none: no matching entries in group file"},
		{"www", []string{""}, "unable to find group : no matching entries in group file"},
		{"2147483648", nil, "uids and gids must be in range 0-2147483647"},
		{"4294967296", nil, "uids and gids must be in range"}, // 0 in 32 bits
		{"18446744073709551616", nil, "uids and gids must be in range"},
		{"-1", nil, "uids and gids must be in range"},
		{"+0", nil, "uids and gids must be in range"},
		{"www:4294967296", nil, "uids and gids must be in range"},
		{"www", []string{"4294967296"}, "uids and gids must be in range"},
		{" root", nil, "unable to find user  root: no matching"},
		{"#", nil, "no matching entries"},
		{"+nis", nil, "no matching entries"},
		{"0x0", nil, "no matching entries"},
		{"root\n", nil, "no matching entries"},
	} {
		got, err := Resolve(c.user, strings.NewReader(passwdFile), strings.NewReader(groupFile), c.additional)
		if err == nil || !strings.Contains(err.Error(), c.want) || !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q %v: %+v, %v, want %s", c.user, c.additional, got, err, c.want)
		}
	}
}

func TestImageWithoutFiles(t *testing.T) {
	got, err := Resolve("", nil, nil, nil)
	if diff := cmp.Diff(User{0, 0, []uint32{0}, "/", ""}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = Resolve("5:6", nil, nil, []string{"7"})
	if diff := cmp.Diff(User{5, 6, []uint32{6, 7}, "/", ""}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := Resolve("root", nil, nil, nil); !errors.Is(err, errNoUser) {
		t.Error(err)
	}
	if _, err := Resolve("0:root", nil, nil, nil); !errors.Is(err, errNoGroup) {
		t.Error(err)
	}
}

// TestDamagedEntryMakesNobodyRoot: ids that cannot be read are 0 for more lenient parsers.
func TestDamagedEntryMakesNobodyRoot(t *testing.T) {
	for _, line := range []string{
		"app", "app:x", "app:x:", "app:x:1000", "app:x:1000:", "app:x::1000:", "app:x:zero:0:", "app:x: 5:5:", "app:x:-5:5:", "app:x:+5:5:",
		"app:x:4294967296:5:", "app:x:5:4294967296:", "app:x:2147483648:5:", "app:x:0x5:5:", "app:x:5.0:5:",
	} {
		if got, err := Resolve("app", strings.NewReader(line+"\n"), nil, nil); !errors.Is(err, errDamaged) {
			t.Errorf("%q: %+v %v", line, got, err)
		}
		got, err := Resolve("", strings.NewReader(line+"::/hostile:\n"), nil, nil)
		if err != nil || got.Name != "" || got.Home != "/" {
			t.Errorf("%q is taken for root: %+v %v", line, got, err)
		}
	}
	if _, err := Resolve("a\x00b", strings.NewReader("a\x00b:x:5:5::/:\n"), nil, nil); !errors.Is(err, errNoUser) {
		t.Error(err)
	}
	for _, group := range []string{"g:x", "g:x:", "g:x::app", "g:x:zero:app", "g:x:4294967296:app"} {
		passwd := "app:x:5:5::/:\n"
		if got, err := Resolve("app:g", strings.NewReader(passwd), strings.NewReader(group), nil); !errors.Is(err, errDamaged) {
			t.Errorf("%q: %+v %v", group, got, err)
		}
		got, err := Resolve("app", strings.NewReader(passwd), strings.NewReader(group), nil)
		if diff := cmp.Diff([]uint32{5}, got.Groups); diff != "" || err != nil {
			t.Errorf("%q: %s %v", group, diff, err)
		}
	}
}

// endless is a file that never ends and counts what is read of it.
type endless struct {
	line string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.line) <= len(p) {
		n += copy(p[n:], e.line)
	}
	if n == 0 {
		n = copy(p, e.line)
	}
	e.read += n
	return n, nil
}

func TestHugeFilesAreRefused(t *testing.T) {
	for _, line := range []string{"x", "x:x:1:1\n", "\n", "#\n", strings.Repeat("a,", 50_000) + "\n"} {
		passwd, group := &endless{line: line}, &endless{line: line}
		if _, err := Resolve("app", passwd, nil, nil); err == nil || errors.Is(err, errNoUser) {
			t.Errorf("passwd of %.10q: %v", line, err)
		}
		if _, err := Resolve("0:app", nil, group, nil); err == nil || errors.Is(err, errNoGroup) {
			t.Errorf("group of %.10q: %v", line, err)
		}
		for _, file := range []*endless{passwd, group} {
			if file.read > maxFile+maxLine {
				t.Errorf("%.10q: %d bytes read", line, file.read)
			}
		}
	}
}

func TestTooManyGroupsAreRefused(t *testing.T) {
	var group strings.Builder
	for i := range maxGroups + 1 {
		group.WriteString("g:x:" + strconv.Itoa(i) + ":app\n")
	}
	_, err := Resolve("app", strings.NewReader("app:x:0:0:::"), strings.NewReader(group.String()), nil)
	if err == nil || !strings.Contains(err.Error(), "65536 groups") {
		t.Error(err)
	}
}

func TestUnreadableFileIsAnError(t *testing.T) {
	fault := errors.New("input/output error")
	if _, err := Resolve("app", iotest.ErrReader(fault), nil, nil); !errors.Is(err, fault) {
		t.Error(err)
	}
	if _, err := Resolve("", strings.NewReader(passwdFile), iotest.ErrReader(fault), nil); !errors.Is(err, fault) {
		t.Error(err)
	}
	if _, err := Resolve("5:6", nil, iotest.ErrReader(fault), nil); err != nil {
		t.Errorf("numbers need no file: %v", err)
	}
}

// TestOrderlyFilesMeanWhatTheyDoToDocker compares with the parser of Docker and runc on random files without mistakes.
func TestOrderlyFilesMeanWhatTheyDoToDocker(t *testing.T) {
	names := []string{"a", "b", "c", "d", "0", "7", "root"}
	pick := func() string { return names[rand.IntN(len(names))] }
	number := func() string { return strconv.Itoa(rand.IntN(10)) }
	for range 20_000 {
		var passwd, group strings.Builder
		for range rand.IntN(6) {
			passwd.WriteString(pick() + ":x:" + number() + ":" + number() + ":c:/home/" + number() + ":/bin/sh\n")
		}
		for range rand.IntN(6) {
			members := make([]string, rand.IntN(4))
			for i := range members {
				members[i] = pick()
			}
			group.WriteString(pick() + ":x:" + number() + ":" + strings.Join(members, ",") + "\n")
		}
		spec := []string{"", pick(), number(), pick() + ":" + pick(), number() + ":" + number(), ":" + pick(), pick() + ":"}[rand.IntN(7)]
		theirs, theirErr := user.GetExecUser(spec, &user.ExecUser{Home: "/"}, strings.NewReader(passwd.String()), strings.NewReader(group.String()))
		ours, err := Resolve(spec, strings.NewReader(passwd.String()), strings.NewReader(group.String()), nil)
		if (err == nil) != (theirErr == nil) {
			t.Fatalf("%q: %v, Docker: %v\n%s---\n%s", spec, err, theirErr, passwd.String(), group.String())
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), theirErr.Error()) {
				t.Fatalf("%q: %v, Docker: %v", spec, err, theirErr)
			}
			continue
		}
		groups := []uint32{uint32(theirs.Gid)}
		for _, id := range theirs.Sgids {
			groups = append(groups, uint32(id))
		}
		groups, _ = union(groups)
		want := User{UID: uint32(theirs.Uid), GID: uint32(theirs.Gid), Groups: groups, Home: theirs.Home, Name: ours.Name}
		if diff := cmp.Diff(want, ours); diff != "" {
			t.Fatalf("%q: %s\n%s---\n%s", spec, diff, passwd.String(), group.String())
		}
	}
}

// FuzzResolve: whatever the files hold, ids are in range, and root is only who asked for it or has an entry that says so.
func FuzzResolve(f *testing.F) {
	f.Add("www:adm", passwdFile, groupFile, "staff")
	f.Add("app", "app:x::0:", "g:x::app", "4294967296")
	f.Add("33", "\x00:\x00:33:33", ":::", "")
	f.Fuzz(func(t *testing.T, spec, passwd, group, additional string) {
		u, err := Resolve(spec, strings.NewReader(passwd), strings.NewReader(group), []string{additional})
		if err != nil {
			if !errdefs.IsInvalidArgument(err) {
				t.Errorf("class of %v", err)
			}
			return
		}
		for _, id := range append(u.Groups, u.UID) {
			if id > maxID {
				t.Errorf("%+v", u)
			}
		}
		if len(u.Groups) == 0 || u.Groups[0] != u.GID || u.Home == "" || strings.ContainsAny(u.Home, "\x00\n:") {
			t.Errorf("%+v", u)
		}
		name, _, _ := strings.Cut(spec, ":")
		if u.UID == 0 && name != "" && strings.Trim(name, "0") != "" && !strings.Contains(passwd, name+":") {
			t.Errorf("%q became root", spec)
		}
		again, err := Resolve(spec, iotest.OneByteReader(strings.NewReader(passwd)), io.MultiReader(strings.NewReader(group)), []string{additional})
		if diff := cmp.Diff(u, again); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}
