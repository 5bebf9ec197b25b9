/* SPDX-License-Identifier: GPL-2.0 */
/* A function for each reason why nothing may be bound to it, on 6.1 and on 6.12. */
#include <linux/module.h>
#include <linux/start_kernel.h>
#include <asm/proto.h>

struct load_info {
	unsigned long wrong;
};

int copy_module_elf(struct module *module, struct load_info *info); /* another layout */
int do_mkdirat(int folder, const char *name, umode_t mode); /* another prototype */
void dummy_handler(void); /* several of that name */
u64 hv_ghcb_hv_call(u64 control, void *input, u32 size); /* a .constprop clone */
void ringside_no_such_function(void);
