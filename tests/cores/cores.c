// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module that the cores are linked into (Kbuild). */
#include <linux/module.h>

MODULE_DESCRIPTION("Every core of Ringside, linked and never loaded");
MODULE_LICENSE("GPL");
