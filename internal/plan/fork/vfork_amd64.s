#include "textflag.h"

// func rawVfork(trap, a1, a2 uintptr) (r1, errno uintptr)
// The child runs on this stack and would overwrite the return address: it is kept in a register over the call.
TEXT ·rawVfork(SB),NOSPLIT|NOFRAME,$0-40
	MOVQ	a1+8(FP), DI
	MOVQ	a2+16(FP), SI
	MOVQ	$0, DX
	MOVQ	$0, R10
	MOVQ	$0, R8
	MOVQ	$0, R9
	MOVQ	trap+0(FP), AX
	POPQ	R12
	SYSCALL
	PUSHQ	R12
	CMPQ	AX, $0xfffffffffffff001
	JLS	ok
	MOVQ	$-1, r1+24(FP)
	NEGQ	AX
	MOVQ	AX, errno+32(FP)
	RET
ok:
	MOVQ	AX, r1+24(FP)
	MOVQ	$0, errno+32(FP)
	RET

// func forkOn(trap, flags, status uintptr, record *[2]uint64) (r uintptr)
// In the child it gives 0, on failure the negative error number. The parent does not return: a child that shares its memory
// has run on this stack, so that nothing on it can be trusted. It goes on with what registers hold: it writes the child's pid
// to status and ends.
TEXT ·forkOn(SB),NOSPLIT|NOFRAME,$0-40
	MOVQ	trap+0(FP), AX
	MOVQ	flags+8(FP), DI
	MOVQ	status+16(FP), R13
	MOVQ	record+24(FP), BX
	MOVQ	$0, SI
	MOVQ	$0, DX
	MOVQ	$0, R10
	MOVQ	$0, R8
	MOVQ	$0, R9
	POPQ	R12
	SYSCALL
	CMPQ	AX, $0
	JEQ	back
	CMPQ	AX, $0xfffffffffffff001
	JCC	back
	MOVQ	AX, 8(BX)
	MOVQ	$-1, AX
	MOVQ	AX, 0(BX)
	MOVQ	$1, AX	// write
	MOVQ	R13, DI
	MOVQ	BX, SI
	MOVQ	$16, DX
	SYSCALL
end:
	MOVQ	$231, AX	// exit_group
	MOVQ	$0, DI
	SYSCALL
	JMP	end
back:
	PUSHQ	R12
	MOVQ	AX, r+32(FP)
	RET
