/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same faults for either side; never installed. They stand in for a function of a service, so
 * that whatever it holds is held while it fails. Whoever includes this gives ROOM(), one mebibyte
 * or NULL.
 */
#ifndef RINGSIDE_FAULTS_H
#define RINGSIDE_FAULTS_H

#ifndef noinline
#define noinline __attribute__((noinline))
#endif

#define FAULT_MIB 1024u

static noinline long fault_null(void)
{
	return *(volatile int *)0;
}

static noinline long fault_loop(void)
{
	for (;;)
		__asm__ volatile("pause");
	return 0;
}

/* 1 GiB that is used, and forgotten. */
static noinline long fault_leak(void)
{
	unsigned int each, byte;

	for (each = 0; each < FAULT_MIB; each++) {
		volatile char *room = ROOM();

		for (byte = 0; room && byte < 1u << 20; byte += 4096)
			room[byte] = 1;
	}
	return 0;
}

static noinline long fault_stack(long depth)
{
	volatile char room[512];

	room[depth % sizeof(room)] = (char)depth;
	return fault_stack(depth + 1) + room[0];
}

static long fault(const char *name)
{
	switch (name[0]) {
	case 'n':
		return fault_null();
	case 'l':
		return name[1] == 'o' ? fault_loop() : fault_leak();
	case 's':
		return fault_stack(0);
	}
	return 0;
}

#endif
