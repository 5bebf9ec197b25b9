/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rs_original(five arguments, body): calls a function of the kernel that ftrace led to us, past its
 * call to __fentry__, where our hook would catch it again. `body` is reached by a return, not by an
 * indirect call: it has no ENDBR, and on CPUs with IBT an indirect branch to it faults. The
 * arguments stay in their registers, the caller's return address is on the stack as the function
 * expects it.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>
#include <asm/nospec-branch.h>

SYM_FUNC_START(rs_original)
	push	%r9
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(rs_original)
