#include "textflag.h"

// func rawVfork(trap, a1, a2 uintptr) (r1, errno uintptr)
// The return address stays in the link register: no frame of the parent's that the child could overwrite is needed.
TEXT ·rawVfork(SB),NOSPLIT|NOFRAME,$0-40
	MOVD	a1+8(FP), R0
	MOVD	a2+16(FP), R1
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	$0, R4
	MOVD	$0, R5
	MOVD	trap+0(FP), R8
	SVC
	CMN	$4095, R0
	BCC	ok
	MOVD	$-1, R4
	MOVD	R4, r1+24(FP)
	NEG	R0, R0
	MOVD	R0, errno+32(FP)
	RET
ok:
	MOVD	R0, r1+24(FP)
	MOVD	ZR, errno+32(FP)
	RET

// func forkOn(trap, flags, status uintptr, record *[2]uint64) (r uintptr)
// In the child it gives 0, on failure the negative error number. The parent does not return: a child that shares its memory
// has run on this stack, so that nothing on it can be trusted. It goes on with what registers hold: it writes the child's pid
// to status and ends.
TEXT ·forkOn(SB),NOSPLIT|NOFRAME,$0-40
	MOVD	trap+0(FP), R8
	MOVD	flags+8(FP), R0
	MOVD	status+16(FP), R10
	MOVD	record+24(FP), R11
	MOVD	$0, R1
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	$0, R4
	MOVD	$0, R5
	SVC
	CBZ	R0, back
	CMN	$4095, R0
	BCS	back
	MOVD	R0, 8(R11)
	MOVD	$-1, R1
	MOVD	R1, (R11)
	MOVD	$64, R8	// write
	MOVD	R10, R0
	MOVD	R11, R1
	MOVD	$16, R2
	SVC
end:
	MOVD	$94, R8	// exit_group
	MOVD	$0, R0
	SVC
	B	end
back:
	MOVD	R0, r+32(FP)
	RET
