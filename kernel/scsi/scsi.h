/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the SCSI module: send.c sends to where there is no device, add.c adds devices from
 * what is known of them, main.c is the device. */
#ifndef RINGSIDE_SCSI_H
#define RINGSIDE_SCSI_H

#include <scsi/scsi_host.h>

#include "include/ringside/uapi/scsi.h"

struct rs_sent;

/* The commands of one call, on their way: their own copy, and room for what they read. */
struct rs_sending {
	u32 count;
	struct rs_scsi_command *commands;
	struct rs_sent *sent;
};

/* Whether the host's driver was written for such an address. */
static inline bool rs_is_addressable(const struct Scsi_Host *host, u32 channel, u32 target, u64 lun)
{
	return channel <= host->max_channel && target < host->max_id && lun < host->max_lun &&
	       (int)target != host->this_id;
}

/* Room for what the commands read, which are known to be good; sending->sent is NULL before. */
int rs_send_take(struct rs_sending *sending);
/* With the host's scan_mutex held. Outs of all commands are set where 0 is returned. */
int rs_send(struct Scsi_Host *host, struct rs_sending *sending);
/* Without it: what was read goes to user memory. */
int rs_send_copy(const struct rs_sending *sending);
void rs_send_drop(struct rs_sending *sending);

/* Without it. Sets added and answered. */
int rs_add(struct Scsi_Host *host, struct rs_scsi_add *add, const struct rs_scsi_page *pages);

int rs_add_init(void);
void rs_add_exit(void);

#endif
