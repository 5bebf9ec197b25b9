/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of scsi_mod that no header declares (drivers/scsi/scsi_scan.c, scsi_priv.h). */
#ifndef RINGSIDE_SCSI_FUNCTIONS_H
#define RINGSIDE_SCSI_FUNCTIONS_H

#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>

struct scsi_target *scsi_alloc_target(struct device *parent, int channel, uint id);
struct scsi_device *scsi_alloc_sdev(struct scsi_target *starget, u64 lun, void *hostdata);
void __scsi_remove_device(struct scsi_device *sdev);
void scsi_target_reap(struct scsi_target *starget);

#endif
