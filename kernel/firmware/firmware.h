/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the firmware module: request.c asks the kernel as a driver does, read.c reads by
 * path as our core says, main.c is the device. */
#ifndef RINGSIDE_FIRMWARE_H
#define RINGSIDE_FIRMWARE_H

#include <linux/device.h>

#include "include/ringside/uapi/firmware.h"

/* Each answers `ask`: its outs are set where 0 is returned. Killable. */
int rs_request(struct device *asker, struct rs_firmware_ask *ask);
int rs_request_without_event(struct device *asker, struct rs_firmware_ask *ask);
int rs_read(struct rs_firmware_ask *ask);

/* What was got: size and sum. EINTR: killed. */
int rs_answer(struct rs_firmware_ask *ask, const u8 *data, size_t bytes);

#endif
