// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a question is one message (or the beginning of a dump); a change is a batch of three: begin, the change, end. What
 * comes back is read until the acknowledgement of the question or change, or the end of the dump.
 *
 * Threat: messages that another process sends to our socket: only those of the kernel (port 0) with our sequence number count.
 */
#include "sys/netfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#define BATCH_MAX 1024
#define REPLY_MAX 32768
#define SEQUENCE 7 /* each socket asks one thing at a time and hears it out */

struct batch {
    union {
        struct nlmsghdr align;
        char space[BATCH_MAX];
    };
    size_t len, message; /* where the last message begins */
};

int netfilter_open(struct error *err)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    return fd < 0 ? error_errno(err, -errno, "cannot open a netfilter socket") : fd;
}

/* ---- building ---- */

static void message_begin(struct batch *b, int type, int flags, uint8_t family, uint16_t resource)
{
    struct nlmsghdr h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)),
                          .nlmsg_type = (uint16_t) type,
                          .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags),
                          .nlmsg_seq = SEQUENCE };
    struct nfgenmsg g = { .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource) };
    b->message = b->len;
    memcpy(b->space + b->len, &h, sizeof(h));
    memcpy(b->space + b->len + NLMSG_HDRLEN, &g, sizeof(g));
    b->len += NLMSG_ALIGN(h.nlmsg_len);
}

/* The message's length is set as it grows. Names and values here are short: they always fit. */
static size_t attribute(struct batch *b, int type, const void *data, size_t n)
{
    struct nlattr a = { .nla_len = (uint16_t) (NLA_HDRLEN + n), .nla_type = (uint16_t) type };
    size_t at = b->len;
    if (at + NLA_ALIGN(a.nla_len) > sizeof(b->space))
        abort();
    memcpy(b->space + at, &a, sizeof(a));
    if (n > 0)
        memcpy(b->space + at + NLA_HDRLEN, data, n);
    b->len += NLA_ALIGN(a.nla_len);
    struct nlmsghdr h;
    memcpy(&h, b->space + b->message, sizeof(h));
    h.nlmsg_len = (uint32_t) (b->len - b->message);
    memcpy(b->space + b->message, &h, sizeof(h));
    return at;
}

static size_t nest(struct batch *b, int type)
{
    return attribute(b, type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(struct batch *b, size_t at)
{
    struct nlattr a;
    memcpy(&a, b->space + at, sizeof(a));
    a.nla_len = (uint16_t) (b->len - at);
    memcpy(b->space + at, &a, sizeof(a));
}

static void attribute_text(struct batch *b, int type, const char *text)
{
    attribute(b, type, text, strlen(text) + 1);
}

/* ---- talking ---- */

typedef void message_fn(const struct nlmsghdr *h, void *arg);

/* 1: that was the end; 0: more is to come; or the kernel's error, without words. */
static int take(const char *buf, size_t n, message_fn *fn, void *arg)
{
    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= n;) {
        struct nlmsghdr h;
        memcpy(&h, buf + at, sizeof(h));
        if (h.nlmsg_len < sizeof(h) || at + h.nlmsg_len > n)
            return -EPROTO;
        if (h.nlmsg_seq == SEQUENCE && h.nlmsg_type == NLMSG_DONE)
            return 1;
        if (h.nlmsg_seq == SEQUENCE && h.nlmsg_type == NLMSG_ERROR) {
            struct nlmsgerr e;
            if (h.nlmsg_len < NLMSG_LENGTH(sizeof(e)))
                return -EPROTO;
            memcpy(&e, buf + at + NLMSG_HDRLEN, sizeof(e));
            return e.error == 0 ? 1 : e.error;
        }
        if (h.nlmsg_seq == SEQUENCE && fn != NULL)
            fn((const void *) (buf + at), arg);
        at += NLMSG_ALIGN(h.nlmsg_len);
    }
    return 0;
}

static int talk(int fd, const struct batch *b, message_fn *fn, void *arg)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    if (sendto(fd, b->space, b->len, 0, (struct sockaddr *) &kernel, sizeof(kernel)) < 0)
        return -errno;
    _cleanup_free_ char *buf = xmalloc(REPLY_MAX);
    for (;;) {
        struct sockaddr_nl from = { 0 };
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(fd, buf, REPLY_MAX, MSG_TRUNC, (struct sockaddr *) &from, &size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || n > REPLY_MAX)
            return n < 0 ? -errno : -EMSGSIZE;
        int r = from.nl_pid == 0 ? take(buf, (size_t) n, fn, arg) : 0;
        if (r != 0)
            return r < 0 ? r : 0;
    }
}

static int nft_type(int message)
{
    return NFNL_SUBSYS_NFTABLES << 8 | message;
}

/* ---- questions ---- */

static void count_rule(const struct nlmsghdr *h, void *arg)
{
    if (h->nlmsg_type == nft_type(NFT_MSG_NEWRULE))
        ++*(size_t *) arg;
}

int netfilter_count_rules(int fd, uint8_t family, const char *table, const char *chain, size_t *ret,
                          struct error *err)
{
    struct batch b = { .len = 0 };
    size_t n = 0;
    message_begin(&b, nft_type(NFT_MSG_GETRULE), NLM_F_DUMP, family, 0);
    attribute_text(&b, NFTA_RULE_TABLE, table);
    if (chain != NULL)
        attribute_text(&b, NFTA_RULE_CHAIN, chain);
    int r = talk(fd, &b, count_rule, &n);
    if (r < 0 && r != -ENOENT)
        return error_errno(err, r, "cannot read the rules of nftables' table %s", table);
    *ret = r < 0 ? 0 : n;
    return 0;
}

static void read_policy(const struct nlmsghdr *h, void *arg)
{
    size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    if (h->nlmsg_type != nft_type(NFT_MSG_NEWCHAIN))
        return;
    while (at + sizeof(struct nlattr) <= h->nlmsg_len) {
        struct nlattr a;
        uint32_t policy;
        memcpy(&a, (const char *) h + at, sizeof(a));
        if (a.nla_len < sizeof(a) || at + a.nla_len > h->nlmsg_len)
            return;
        if ((a.nla_type & NLA_TYPE_MASK) == NFTA_CHAIN_POLICY && a.nla_len >= NLA_HDRLEN + sizeof(policy)) {
            memcpy(&policy, (const char *) h + at + NLA_HDRLEN, sizeof(policy));
            *(bool *) arg = ntohl(policy) == NF_DROP;
        }
        at += NLA_ALIGN(a.nla_len);
    }
}

int netfilter_policy_drops(int fd, uint8_t family, const char *table, const char *chain, bool *ret,
                           struct error *err)
{
    struct batch b = { .len = 0 };
    bool drops = false;
    message_begin(&b, nft_type(NFT_MSG_GETCHAIN), NLM_F_ACK, family, 0);
    attribute_text(&b, NFTA_CHAIN_TABLE, table);
    attribute_text(&b, NFTA_CHAIN_NAME, chain);
    int r = talk(fd, &b, read_policy, &drops);
    if (r < 0 && r != -ENOENT)
        return error_errno(err, r, "cannot read nftables' chain %s", chain);
    *ret = drops;
    return 0;
}

/* ---- elements ---- */

static void value(struct batch *b, int type, const uint8_t *data, size_t n)
{
    size_t at = nest(b, type);
    attribute(b, NFTA_DATA_VALUE, data, n);
    nest_end(b, at);
}

static int change(int fd, int message, int flags, const struct netfilter_element *e)
{
    struct batch b = { .len = 0 };
    message_begin(&b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    message_begin(&b, nft_type(message), NLM_F_ACK | flags, NFPROTO_INET, 0);
    attribute_text(&b, NFTA_SET_ELEM_LIST_TABLE, e->table);
    attribute_text(&b, NFTA_SET_ELEM_LIST_SET, e->map);
    size_t list = nest(&b, NFTA_SET_ELEM_LIST_ELEMENTS), item = nest(&b, NFTA_LIST_ELEM);
    value(&b, NFTA_SET_ELEM_KEY, e->key, e->key_length);
    if (message == NFT_MSG_NEWSETELEM)
        value(&b, NFTA_SET_ELEM_DATA, e->data, e->data_length);
    nest_end(&b, item);
    nest_end(&b, list);
    message_begin(&b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    return talk(fd, &b, NULL, NULL);
}

int netfilter_element_add(int fd, const struct netfilter_element *e, struct error *err)
{
    int r = change(fd, NFT_MSG_NEWSETELEM, NLM_F_CREATE, e);
    return r < 0 ? error_errno(err, r, "cannot add to nftables' map %s %s", e->table, e->map) : 0;
}

int netfilter_element_delete(int fd, const struct netfilter_element *e, struct error *err)
{
    int r = change(fd, NFT_MSG_DELSETELEM, 0, e);
    return r < 0 && r != -ENOENT
               ? error_errno(err, r, "cannot remove from nftables' map %s %s", e->table, e->map)
               : 0;
}
