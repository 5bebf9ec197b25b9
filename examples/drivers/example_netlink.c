// SPDX-License-Identifier: LGPL-2.1-or-later
/* Generic netlink: a request with a typed attribute, its answer, and an event to a group. */
#include <linux/module.h>
#include <net/genetlink.h>

enum { EXAMPLE_CMD_UNSPEC, EXAMPLE_CMD_DOUBLE, EXAMPLE_CMD_EVENT };
enum { EXAMPLE_A_UNSPEC, EXAMPLE_A_VALUE, EXAMPLE_A_LAST = EXAMPLE_A_VALUE };

static struct genl_family family;
static const struct nla_policy policy[EXAMPLE_A_LAST + 1] = {
	[EXAMPLE_A_VALUE] = { .type = NLA_U32 },
};

static struct sk_buff *message(u32 port, u32 sequence, u8 command, u32 value)
{
	struct sk_buff *buffer = genlmsg_new(nla_total_size(sizeof(u32)), GFP_KERNEL);
	void *head = buffer ? genlmsg_put(buffer, port, sequence, &family, 0, command) : NULL;

	if (!head || nla_put_u32(buffer, EXAMPLE_A_VALUE, value)) {
		nlmsg_free(buffer);
		return NULL;
	}
	genlmsg_end(buffer, head);
	return buffer;
}

static int on_double(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *answer, *event;
	u32 value;

	if (!info->attrs[EXAMPLE_A_VALUE])
		return -EINVAL;
	value = 2 * nla_get_u32(info->attrs[EXAMPLE_A_VALUE]);
	event = message(0, 0, EXAMPLE_CMD_EVENT, value);
	if (event)
		genlmsg_multicast(&family, event, 0, 0, GFP_KERNEL); /* nobody there: no matter */
	answer = message(info->snd_portid, info->snd_seq, EXAMPLE_CMD_DOUBLE, value);
	return answer ? genlmsg_reply(answer, info) : -ENOMEM;
}

static const struct genl_ops calls[] = {
	{ .cmd = EXAMPLE_CMD_DOUBLE, .doit = on_double, .flags = GENL_ADMIN_PERM },
};
static const struct genl_multicast_group groups[] = { { .name = "events" } };
static struct genl_family family __ro_after_init = {
	.name = "example",
	.version = 1,
	.maxattr = EXAMPLE_A_LAST,
	.policy = policy,
	.ops = calls,
	.n_ops = ARRAY_SIZE(calls),
	.resv_start_op = EXAMPLE_CMD_DOUBLE + 1, /* 0 is refused */
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

static int __init begin(void)
{
	return genl_register_family(&family);
}

static void __exit end(void)
{
	genl_unregister_family(&family);
}
module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("Generic netlink, as small as it gets");
MODULE_LICENSE("GPL");
