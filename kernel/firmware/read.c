// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel placement: our core decides where to look and whether it may be had, the file is
 * read here, by path. Paths begin at init's root, as those of the kernel's own loader do. A folder
 * is the root of what is looked for in it, so that no link and no ".." leads out of it. The
 * caller's rights count, and what security modules say of reading firmware.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kernel_read_file.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "kernel/firmware/bridge.h"
#include "kernel/firmware/firmware.h"

/* One question: what is open and what was read belong to it. */
struct reading {
	struct rs_transfer transfer;
	const char *name;
	const char *folder; /* the caller's; empty: the default ones */
	struct file *file;
	void *data;
	size_t bytes;
	int error; /* of what could not be opened or read */
};

/* drivers/base/firmware_loader/main.c, less the path that a kernel parameter may add. */
static const struct {
	const char *path;
	bool has_release;
} folders[] = {
	{ "/lib/firmware/updates/", true },
	{ "/lib/firmware/updates", false },
	{ "/lib/firmware/", true },
	{ "/lib/firmware", false },
};

static void folder_path(const struct reading *now, char path[RS_FIRMWARE_FOLDER_MAX])
{
	u32 number = rs_transfer_folder(&now->transfer);

	if (now->folder[0])
		strscpy(path, now->folder, RS_FIRMWARE_FOLDER_MAX);
	else
		snprintf(path, RS_FIRMWARE_FOLDER_MAX, "%s%s", folders[number].path,
			 folders[number].has_release ? init_uts_ns.name.release : "");
}

static struct file *open_folder(const struct reading *now)
{
	char path[RS_FIRMWARE_FOLDER_MAX];
	struct file *folder;
	struct path root;

	folder_path(now, path);
	task_lock(&init_task);
	get_fs_root(init_task.fs, &root);
	task_unlock(&init_task);
	folder = file_open_root(&root, path, O_PATH | O_DIRECTORY, 0);
	path_put(&root);
	return folder;
}

static struct file *open_candidate(const struct reading *now)
{
	struct file *folder = open_folder(now), *file;

	if (IS_ERR(folder))
		return folder;
	file = file_open_root(&folder->f_path, now->name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	fput(folder);
	return file;
}

static void look(struct reading *now)
{
	struct file *file = open_candidate(now);
	int error = PTR_ERR_OR_ZERO(file);

	if (error == -ENOENT || error == -ENOTDIR) {
		rs_transfer_opened(&now->transfer, RS_FOUND_NOTHING);
	} else if (error) {
		now->error = error;
		rs_transfer_fail(&now->transfer);
	} else {
		now->file = file;
		rs_transfer_opened(&now->transfer, S_ISREG(file_inode(file)->i_mode) ?
							   RS_FOUND_FILE : RS_FOUND_NOT_REGULAR);
	}
}

static void copy(struct reading *now)
{
	ssize_t bytes = kernel_read_file(now->file, 0, &now->data, RS_TRANSFER_MAX, NULL,
					 READING_FIRMWARE);

	now->bytes = bytes < 0 ? 0 : bytes;
	if (bytes < 0) {
		now->error = bytes;
		rs_transfer_fail(&now->transfer);
	} else {
		rs_transfer_copied_all(&now->transfer, bytes);
	}
}

static void do_step(struct reading *now)
{
	switch (rs_transfer_next(&now->transfer)) {
	case RS_TRANSFER_OPEN:
		return look(now);
	case RS_TRANSFER_BEGIN:
		return rs_transfer_begun(&now->transfer);
	case RS_TRANSFER_COPY:
		return copy(now);
	case RS_TRANSFER_COMMIT:
		return rs_transfer_committed(&now->transfer);
	default:
		return rs_transfer_aborted(&now->transfer);
	}
}

static int error_of(const struct reading *now)
{
	switch (rs_transfer_outcome(&now->transfer)) {
	case RS_VERDICT_NOT_FOUND:
		return -ENOENT;
	case RS_VERDICT_REFUSED:
		return -EPERM;
	default:
		return now->error;
	}
}

static int run(struct reading *now)
{
	while (rs_transfer_next(&now->transfer) != RS_TRANSFER_END) {
		if (fatal_signal_pending(current))
			return -EINTR;
		do_step(now);
	}
	return 0;
}

int rs_read(struct rs_firmware_ask *ask)
{
	struct reading now = { .name = ask->name, .folder = ask->folder };
	u64 start = ktime_get_ns();
	int status;

	rs_transfer_start(&now.transfer, ask->name, strlen(ask->name),
			  ask->folder[0] ? 1 : ARRAY_SIZE(folders));
	status = run(&now);
	ask->elapsed_ns = ktime_get_ns() - start;
	ask->error = -error_of(&now);
	if (!status && !ask->error)
		status = rs_answer(ask, now.data, now.bytes);
	vfree(now.data);
	if (now.file)
		fput(now.file);
	return status;
}
