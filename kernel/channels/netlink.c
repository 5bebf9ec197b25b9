// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Generic netlink family "ringside": MESSAGE to the kernel (its answer comes back), MESSAGE as a
 * dump (a stream), EVENT to the group "events". A socket's DATA is counted by its port, until that
 * is closed; an attribute's length has 16 bits, which bounds a message.
 */
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "kernel/channels/channels.h"

#define PORTS_MAX 1024
#define NETLINK_MESSAGE_MAX 65000

static DEFINE_XARRAY_ALLOC(sessions); /* by port; of the initial network namespace alone */
static atomic_t session_count;

/* A policy's own minimum and maximum have 16 bits, one of which is a sign. */
static struct netlink_range_validation message_range = {
	.min = sizeof(struct rs_message), .max = NETLINK_MESSAGE_MAX
};
static struct netlink_range_validation length_range = {
	.max = NETLINK_MESSAGE_MAX - sizeof(struct rs_message)
};
static const struct nla_policy policy[RS_CHANNEL_A_LAST + 1] = {
	[RS_CHANNEL_A_MESSAGE] = NLA_POLICY_FULL_RANGE(NLA_BINARY, &message_range),
	[RS_CHANNEL_A_LENGTH] = NLA_POLICY_FULL_RANGE(NLA_U32, &length_range),
	[RS_CHANNEL_A_COUNT] = { .type = NLA_U32 },
	[RS_CHANNEL_A_CHECKED] = NLA_POLICY_MAX(NLA_U32, 1),
	[RS_CHANNEL_A_FIRST] = { .type = NLA_U64 },
};

static struct genl_family family;

static struct rs_session *make_session(u32 port)
{
	struct rs_session *session;

	if (atomic_inc_return(&session_count) > PORTS_MAX) {
		atomic_dec(&session_count);
		return ERR_PTR(-ENOSPC);
	}
	session = rs_session_open();
	if (session && !xa_err(xa_store(&sessions, port, session, GFP_KERNEL)))
		return session;
	if (session)
		rs_session_close(session);
	atomic_dec(&session_count);
	return ERR_PTR(-ENOMEM);
}

/* Of the port that asks, whose calls come one at a time (genl_lock): nobody else makes it. */
static struct rs_session *session_of(u32 port)
{
	struct rs_session *session = xa_load(&sessions, port);

	return session ? session : make_session(port);
}

/* One attribute, as the answer to `info`. */
static int send_reply(const struct genl_info *info, u8 command, int attribute, const void *value,
		      u32 bytes)
{
	struct sk_buff *skb = genlmsg_new(nla_total_size(bytes), GFP_KERNEL);
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put_reply(skb, (struct genl_info *)info, &family, 0, command);
	if (!head || nla_put(skb, attribute, bytes, value)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, (struct genl_info *)info);
}

static int take(struct rs_session *session, struct genl_info *info)
{
	const struct nlattr *attribute = info->attrs[RS_CHANNEL_A_MESSAGE];
	u32 bytes = nla_len(attribute);
	void *message = kmemdup(nla_data(attribute), bytes, GFP_KERNEL);
	int status;

	if (!message)
		return -ENOMEM;
	mutex_lock(&session->lock);
	status = rs_session_take(session, message, bytes);
	mutex_unlock(&session->lock);
	if (status > 0)
		status = send_reply(info, RS_CHANNEL_CMD_MESSAGE, RS_CHANNEL_A_MESSAGE, message,
				    bytes);
	kfree(message);
	return status;
}

static int set_up(struct rs_session *session, const struct genl_info *info)
{
	const struct nlattr *checked = info->attrs[RS_CHANNEL_A_CHECKED];
	int status;

	mutex_lock(&session->lock);
	status = rs_session_setup(session, 0, checked ? nla_get_u32(checked) : 0);
	mutex_unlock(&session->lock);
	return status;
}

static int on_message(struct sk_buff *skb, struct genl_info *info)
{
	struct rs_session *session = session_of(info->snd_portid);

	if (IS_ERR(session))
		return PTR_ERR(session);
	return info->attrs[RS_CHANNEL_A_MESSAGE] ? take(session, info) : set_up(session, info);
}

static int on_counts(struct sk_buff *skb, struct genl_info *info)
{
	struct rs_session *session = session_of(info->snd_portid);
	struct rs_channel_counts counts;

	if (IS_ERR(session))
		return PTR_ERR(session);
	rs_sink_counts(&session->sink, (unsigned long long *)&counts);
	return send_reply(info, RS_CHANNEL_CMD_COUNTS, RS_CHANNEL_A_COUNTS, &counts,
			  sizeof(counts));
}

struct stream {
	u32 length, checked;
	u64 next, end;
};

static struct stream *stream_of(struct netlink_callback *cb)
{
	return (struct stream *)cb->ctx;
}

static const struct nlattr *attribute_of(const struct genl_dumpit_info *info, int attribute)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return info->info.attrs[attribute];
#else
	return info->attrs[attribute];
#endif
}

static u32 number(const struct genl_dumpit_info *info, int attribute)
{
	const struct nlattr *found = attribute_of(info, attribute);

	return found ? nla_get_u32(found) : 0;
}

static int on_start(struct netlink_callback *cb)
{
	const struct genl_dumpit_info *info = genl_dumpit_info(cb);
	const struct nlattr *first = attribute_of(info, RS_CHANNEL_A_FIRST);
	struct stream *stream = stream_of(cb);

	BUILD_BUG_ON(sizeof(*stream) > sizeof(cb->ctx));
	*stream = (struct stream){ .length = number(info, RS_CHANNEL_A_LENGTH),
				   .checked = number(info, RS_CHANNEL_A_CHECKED),
				   .next = first ? nla_get_u64(first) : 0 };
	stream->end = stream->next + number(info, RS_CHANNEL_A_COUNT);
	cb->min_dump_alloc = nlmsg_total_size(GENL_HDRLEN) +
			     nla_total_size(sizeof(struct rs_message) + stream->length);
	return 0;
}

static bool put_data(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct stream *stream = stream_of(cb);
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				 NLM_F_MULTI, RS_CHANNEL_CMD_MESSAGE);
	struct nlattr *attribute;

	if (!head)
		return false;
	attribute = nla_reserve(skb, RS_CHANNEL_A_MESSAGE,
				sizeof(struct rs_message) + stream->length);
	if (!attribute) {
		genlmsg_cancel(skb, head);
		return false;
	}
	rs_message_make(nla_data(attribute), RS_MESSAGE_DATA, stream->next++, stream->length,
			stream->checked);
	genlmsg_end(skb, head);
	return true;
}

static int on_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct stream *stream = stream_of(cb);

	while (stream->next < stream->end && put_data(skb, cb))
		;
	return skb->len;
}

static const struct genl_ops operations[] = {
	{
		.cmd = RS_CHANNEL_CMD_MESSAGE,
		.flags = GENL_ADMIN_PERM,
		.doit = on_message,
		.start = on_start,
		.dumpit = on_dump,
	},
	{
		.cmd = RS_CHANNEL_CMD_COUNTS,
		.flags = GENL_ADMIN_PERM,
		.doit = on_counts,
	},
};
static const struct genl_multicast_group groups[] = { { .name = RS_CHANNEL_GROUP } };

static struct genl_family family = {
	.name = RS_CHANNEL_FAMILY,
	.version = RS_CHANNEL_VERSION,
	.maxattr = RS_CHANNEL_A_LAST,
	.policy = policy,
	.module = THIS_MODULE,
	.ops = operations,
	.n_ops = ARRAY_SIZE(operations),
	.resv_start_op = RS_CHANNEL_CMD_COUNTS + 1,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

void rs_netlink_event(u64 sequence)
{
	struct rs_message message = { .type = RS_MESSAGE_EVENT, .sequence = sequence };
	struct sk_buff *skb;
	void *head;

	if (!genl_has_listeners(&family, &init_net, 0))
		return;
	skb = genlmsg_new(nla_total_size(sizeof(message)), GFP_ATOMIC);
	head = skb ? genlmsg_put(skb, 0, 0, &family, 0, RS_CHANNEL_CMD_EVENT) : NULL;
	if (!head || nla_put(skb, RS_CHANNEL_A_MESSAGE, sizeof(message), &message)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast(&family, skb, 0, 0, GFP_ATOMIC);
}

static int on_release(struct notifier_block *block, unsigned long event, void *data)
{
	const struct netlink_notify *notify = data;
	struct rs_session *session;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC ||
	    !net_eq(notify->net, &init_net))
		return NOTIFY_DONE;
	session = xa_erase(&sessions, notify->portid);
	if (session) {
		atomic_dec(&session_count);
		rs_session_close(session);
	}
	return NOTIFY_DONE;
}

static struct notifier_block block = { .notifier_call = on_release };

int rs_netlink_start(void)
{
	int status = netlink_register_notifier(&block);

	if (status)
		return status;
	status = genl_register_family(&family);
	if (status)
		netlink_unregister_notifier(&block);
	return status;
}

void rs_netlink_stop(void)
{
	struct rs_session *session;
	unsigned long port;

	genl_unregister_family(&family);
	netlink_unregister_notifier(&block);
	xa_for_each(&sessions, port, session)
		rs_session_close(session);
	xa_destroy(&sessions);
}
