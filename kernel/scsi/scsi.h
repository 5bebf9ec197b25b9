/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the SCSI module: send.c sends to where there is no device, add.c adds devices from
 * what is known of them, main.c is the device. */
#ifndef RINGSIDE_SCSI_H
#define RINGSIDE_SCSI_H

#include <scsi/scsi_host.h>

#include "include/ringside/uapi/scsi.h"

/* With the host's scan_mutex held. Outs of all commands are set where 0 is returned. */
int rs_send(struct Scsi_Host *host, struct rs_scsi_command *commands, u32 count);

/* Without it. Sets added and answered. */
int rs_add(struct Scsi_Host *host, struct rs_scsi_add *add, const struct rs_scsi_page *pages);

int rs_add_init(void);
void rs_add_exit(void);

#endif
