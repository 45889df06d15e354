package seccomp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// asConfined makes this test binary a process that confines itself and tries system calls.
const asConfined = "TUG_SECCOMP_TEST_CONFINED"

func TestMain(m *testing.M) {
	if os.Getenv(asConfined) != "" {
		confined()
		return
	}
	os.Exit(m.Run())
}

// The kernel takes the compiled default profile, and a process under it may do what Docker's containers may.
func TestKernelEnforcesDefaultProfile(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asConfined+"=default")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	assert.NilError(t, cmd.Run())
	assert.Equal(t, out.String(), strings.Join([]string{
		"getpid: ok", "socket inet: ok", "socket alg: operation not permitted", "socket vsock: operation not permitted",
		"mount: operation not permitted", "unshare: operation not permitted", "keyctl: operation not permitted",
		"clone3: function not implemented", "call 900: function not implemented", "personality 8: ok", "personality 9: operation not permitted", "",
	}, "\n"))
}

// A call that the profile says kills does kill, with the signal of a bad system call.
func TestKernelKillsWhenToldTo(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asConfined+"=kill")
	err := cmd.Run()
	var exit *exec.ExitError
	assert.Assert(t, errors.As(err, &exit), "%v", err)
	assert.Equal(t, exit.Sys().(syscall.WaitStatus).Signal(), unix.SIGSYS)
}

// confined installs a filter on its thread and reports what becomes of some system calls.
func confined() {
	runtime.LockOSThread()
	p, err := Default([]string{"CAP_CHOWN"})
	if os.Getenv(asConfined) == "kill" {
		p = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: []string{"keyctl"}, Action: specs.ActKillProcess}}}
	}
	fatal(err)
	fatal(install(p))
	if program := os.Getenv("PROGRAM"); program != "" {
		fatal(unix.Exec(program, []string{program}, nil))
	}
	for _, c := range []struct {
		name            string
		number, a, b, c uintptr
	}{
		{"getpid", unix.SYS_GETPID, 0, 0, 0},
		{"socket inet", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0},
		{"socket alg", unix.SYS_SOCKET, unix.AF_ALG, unix.SOCK_SEQPACKET, 0},
		{"socket vsock", unix.SYS_SOCKET, unix.AF_VSOCK, unix.SOCK_STREAM, 0},
		{"mount", unix.SYS_MOUNT, 0, 0, 0},
		{"unshare", unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0},
		{"keyctl", unix.SYS_KEYCTL, 0, 0, 0},
		{"clone3", unix.SYS_CLONE3, 0, 0, 0},
		{"call 900", 900, 0, 0, 0},
		{"personality 8", unix.SYS_PERSONALITY, 8, 0, 0},
		{"personality 9", unix.SYS_PERSONALITY, 9, 0, 0},
	} {
		_, _, errno := unix.RawSyscall(c.number, c.a, c.b, c.c)
		what := "ok"
		if errno != 0 {
			what = errno.Error()
		}
		fmt.Printf("%s: %s\n", c.name, what)
	}
}

func install(p *specs.LinuxSeccomp) error {
	filter, flags, err := Compile(p, runtime.GOARCH)
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(flags), uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A 32-bit program on a 64-bit kernel comes through another door (int $0x80) with other numbers, and is confined as well.
func TestKernelConfines32BitPrograms(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the program is machine code for x86")
	}
	const personality, keyctl, getpid, socket, future = 136, 288, 20, 359, 900
	program := filepath.Join(t.TempDir(), "i386")
	run := func(mode string, number, argument uint32) (syscall.WaitStatus, error) {
		assert.NilError(t, os.WriteFile(program, program386(number, argument), 0o755))
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), asConfined+"="+mode, "PROGRAM="+program)
		err := cmd.Run()
		if cmd.ProcessState == nil {
			return 0, err
		}
		return cmd.ProcessState.Sys().(syscall.WaitStatus), nil
	}
	if err := os.WriteFile(program, program386(getpid, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(program).Run(); errors.Is(err, unix.ENOEXEC) {
		t.Skip("this kernel runs no 32-bit programs")
	}
	for _, c := range []struct {
		what             string
		number, argument uint32
		want             syscall.Errno
	}{
		{"personality 8", personality, 8, 0},
		{"personality 9", personality, 9, unix.EPERM},
		{"personality -1", personality, 0xffffffff, 0},
		{"keyctl", keyctl, 0, unix.EPERM},
		{"socket vsock", socket, unix.AF_VSOCK, unix.EPERM},
		{"a call of the future", future, 0, unix.ENOSYS},
	} {
		status, err := run("default", c.number, c.argument)
		assert.NilError(t, err)
		assert.Equal(t, syscall.Errno(status.ExitStatus()), c.want, "%s", c.what)
	}
	status, err := run("kill", getpid, 0)
	assert.NilError(t, err)
	assert.Equal(t, status.Signal(), unix.SIGSYS, "a profile without x86 leaves a 32-bit program no system call")
}

// program386 is an ELF file for 32-bit x86 that makes one system call and exits with the errno.
func program386(number, argument uint32) []byte {
	le := binary.LittleEndian
	code := le.AppendUint32([]byte{0xb8}, number)        // mov number, %eax
	code = le.AppendUint32(append(code, 0xbb), argument) // mov argument, %ebx
	code = append(code,
		0x31, 0xc9, 0x31, 0xd2, // xor %ecx, %ecx; xor %edx, %edx
		0xcd, 0x80, // int $0x80
		0xf7, 0xd8, // neg %eax
		0x79, 0x02, // jns: it was an errno
		0x31, 0xc0, // xor %eax, %eax
		0x89, 0xc3, // mov %eax, %ebx
		0xb8, 1, 0, 0, 0, // mov exit, %eax
		0xcd, 0x80, // int $0x80
	)
	const base, headers = 0x08048000, 52 + 32
	elf := append([]byte("\x7fELF\x01\x01\x01"), make([]byte, 9)...)
	for _, field := range []any{
		uint16(2), uint16(3), uint32(1), uint32(base + headers), uint32(52), uint32(0), uint32(0), // executable, i386, version, entry, segments, sections, flags
		uint16(52), uint16(32), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(0), uint32(base), uint32(base), uint32(headers + len(code)), uint32(headers + len(code)), uint32(5), uint32(0x1000), // load, read and execute
	} {
		elf, _ = binary.Append(elf, le, field)
	}
	return append(elf, code...)
}
