// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An init function that fails with `fail`, after it has waited as `wait` says: "killable" until its
 * loader is killed, "deaf" until `go` is written, whatever happens to its loader. It holds a
 * reference to ringside_hard.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/wait.h>

int ringside_hard_step(int value);

static int fail;
module_param(fail, int, 0);
static char *wait = "";
module_param(wait, charp, 0);
static bool go;
module_param(go, bool, 0200);

static DECLARE_WAIT_QUEUE_HEAD(never);

static int __init start(void)
{
	ringside_hard_step(1);
	if (!strcmp(wait, "killable"))
		return wait_event_killable(never, READ_ONCE(go));
	while (!strcmp(wait, "deaf") && !READ_ONCE(go))
		msleep(10);
	return -fail;
}

static void __exit stop(void)
{
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside's tests: an init that fails or waits");
MODULE_LICENSE("GPL");
