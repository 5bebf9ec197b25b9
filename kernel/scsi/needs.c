// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the module takes unexported symbols for (kernel/base/needs.mk). */
/* An enum that is only declared is a struct in gcc's BTF: this header defines the one that is. */
#include <linux/property.h>

#include "kernel/scsi/functions.h"

struct ringside_needs {
	typeof(scsi_alloc_target) *scsi_alloc_target;
	typeof(scsi_alloc_sdev) *scsi_alloc_sdev;
	typeof(__scsi_remove_device) *__scsi_remove_device;
	typeof(scsi_target_reap) *scsi_target_reap;
} ringside_needs;
