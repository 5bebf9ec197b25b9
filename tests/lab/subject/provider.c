// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What tests/modules breaks, first half: a module that exports one function of each kind and needs
 * nothing but the kernel. Loading it does nothing.
 */
#include <linux/module.h>

int ringside_provide(int value);
int ringside_provide_gpl(int value);
int ringside_provide_spaced(int value);

int ringside_provide(int value)
{
	return value;
}
EXPORT_SYMBOL(ringside_provide);

int ringside_provide_gpl(int value)
{
	return value;
}
EXPORT_SYMBOL_GPL(ringside_provide_gpl);

int ringside_provide_spaced(int value)
{
	return value;
}
EXPORT_SYMBOL_NS(ringside_provide_spaced, RINGSIDE_TEST);

MODULE_DESCRIPTION("provider of the module linker's tests");
MODULE_LICENSE("GPL");
