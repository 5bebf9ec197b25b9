// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Garbage for a device of ours: garbage DEVICE. Finds every ioctl that it knows, by trying all
 * numbers and sizes, and calls each a thousand times with a structure whose first two words are as
 * they must be (its size and version 1) and whose rest is random; and writes random bytes. Prints
 * how many calls there were. The same ones each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SIZE_MAX_TRIED 1024u
#define ROUNDS 1000u

static unsigned char memory[65536];
static unsigned long calls;

static void fill(unsigned int from, unsigned int to)
{
	while (from < to)
		memory[from++] = (unsigned char)rand();
}

static void call(int device, unsigned long number, unsigned int size)
{
	unsigned int words[2] = {size, 1}, each;

	for (each = 0; each < ROUNDS; each++) {
		/* Half of them mostly zeroes, which get further. */
		memset(memory, 0, size);
		fill(sizeof(words), each % 2 ? size : 8 + (unsigned int)rand() % size / 4);
		memcpy(memory, words, sizeof(words));
		ioctl(device, number, memory);
		calls++;
	}
}

static void try_size(int device, unsigned int size)
{
	static const unsigned int directions[] = {_IOC_READ | _IOC_WRITE, _IOC_WRITE};
	unsigned int number, each;

	for (number = 0; number < 256; number++)
		for (each = 0; each < 2; each++) {
			unsigned long code = _IOC(directions[each], 'R', number, size);

			memset(memory, 0xff, size);
			errno = 0;
			if (ioctl(device, code, memory) != 0 && (errno == ENOTTY || errno == EINTR))
				continue;
			call(device, code, size);
		}
}

int main(int argc, char **argv)
{
	unsigned int size;
	int device = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC | O_NONBLOCK) : -1;

	if (device < 0) {
		fprintf(stderr, "usage: garbage DEVICE, which can be opened\n");
		return 2;
	}
	alarm(5); /* a call that waits for another is no fault */
	for (size = 8; size <= SIZE_MAX_TRIED; size += 4)
		try_size(device, size);
	fill(0, sizeof(memory));
	if (write(device, memory, sizeof(memory)) >= 0)
		calls++;
	printf("%lu\n", calls);
	return 0;
}
