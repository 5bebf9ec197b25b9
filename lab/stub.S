// What stands at 1 MiB of a guest whose kernel comes unpacked: from the setup code's 32-bit
// protected mode to the kernel's 64-bit entry, by the page tables that lab/unpacked.cc put behind
// this code. %esi is left as it comes: the address of boot_params.
// Source: Documentation/arch/x86/boot.rst (32-bit and 64-bit boot protocol); the CPU's manual,
// "Initializing IA-32e mode".

#define STUB 0x100000            // kFront of lab/unpacked.cc, as are the offsets that follow
#define ENTRY (STUB + 0xff8)     // the kernel's entry, 64 bits
#define PML5 (STUB + 0x1000)     // its first entry is 0 where the kernel must not have five levels
#define PML4 (STUB + 0x2000)
#define AT(label) (STUB + (label) - ringside_lab_stub)

#define CR4_PAE (1 << 5)
#define CR4_LA57 (1 << 12)
#define CPUID_7_ECX_LA57 16
#define MSR_EFER 0xc0000080
#define EFER_LME 8
#define CR0_PG_PE 0x80000001

	.section .rodata
	.globl ringside_lab_stub, ringside_lab_stub_end
	.balign 16
	.code32
ringside_lab_stub:
	cld
	movl	$CR4_PAE, %ebp
	movl	$PML4, %edi
	xorl	%eax, %eax
	cpuid
	cmpl	$7, %eax
	jb	1f
	movl	$7, %eax
	xorl	%ecx, %ecx
	cpuid
	btl	$CPUID_7_ECX_LA57, %ecx
	jnc	1f
	testl	$1, PML5
	jz	1f
	orl	$CR4_LA57, %ebp
	movl	$PML5, %edi
1:	movl	%ebp, %cr4
	movl	%edi, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	btsl	$EFER_LME, %eax
	wrmsr
	lgdt	AT(gdt_pointer)
	movl	$CR0_PG_PE, %eax
	movl	%eax, %cr0
	ljmp	$0x10, $AT(long_mode)

	.code64
long_mode:
	jmp	*ENTRY

	.balign 8
gdt:
	.quad	0, 0
	.quad	0x00af9a000000ffff       // 0x10, __BOOT_CS: 64-bit code
	.quad	0x00cf92000000ffff       // 0x18, __BOOT_DS
gdt_pointer:
	.word	. - gdt - 1
	.long	AT(gdt)
ringside_lab_stub_end:

	.section .note.GNU-stack, "", @progbits
