// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one request, then everything that comes back until its acknowledgement (or the end of a dump). Messages are
 * built in a fixed buffer on the stack; each attribute is bounds-checked going in and coming out.
 *
 * Threat: messages that another process sends to our socket: only those of the kernel (port 0) with our sequence number count.
 */
#include "sys/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#define REQUEST_MAX 512
#define REPLY_MAX 32768 /* what the kernel fills at most at once */

struct request {
    union {
        struct nlmsghdr head;
        char space[REQUEST_MAX];
    };
};

int netlink_open(struct netlink *ret, struct error *err)
{
    int one = 1;
    struct netlink nl = { .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), .sequence = 1 };
    if (nl.fd < 0)
        return error_errno(err, -errno, "cannot open a netlink socket");
    /* Both are niceties: a reason in words, and requests about one interface answered about one. */
    (void) setsockopt(nl.fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
    (void) setsockopt(nl.fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
    *ret = nl;
    return 0;
}

void netlink_close(struct netlink *nl)
{
    cleanup_close(&nl->fd);
    nl->fd = -1;
}

/* ---- building ---- */

static void *request_begin(struct request *q, struct netlink *nl, uint16_t type, uint16_t flags, size_t body)
{
    memset(q, 0, sizeof(*q));
    q->head = (struct nlmsghdr){
        .nlmsg_len = (uint32_t) NLMSG_LENGTH(body),
        .nlmsg_type = type,
        .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags),
        .nlmsg_seq = ++nl->sequence,
    };
    return NLMSG_DATA(&q->head);
}

/* Attributes here are a name, a number or an address: they always fit. */
static void request_add(struct request *q, uint16_t type, const void *data, size_t n)
{
    size_t at = NLMSG_ALIGN(q->head.nlmsg_len);
    if (at + RTA_SPACE(n) > sizeof(q->space))
        abort();
    struct rtattr a = { .rta_len = (unsigned short) RTA_LENGTH(n), .rta_type = type };
    memcpy(q->space + at, &a, sizeof(a));
    memcpy(q->space + at + RTA_LENGTH(0), data, n);
    q->head.nlmsg_len = (uint32_t) (at + RTA_LENGTH(n));
}

/* What is added until request_end() is inside this attribute. body: bytes before the inner attributes, all 0. */
static size_t request_begin_nest(struct request *q, uint16_t type, size_t body)
{
    static const char zero[sizeof(struct ifinfomsg)];
    size_t at = NLMSG_ALIGN(q->head.nlmsg_len);
    request_add(q, type, zero, body);
    return at;
}

static void request_end(struct request *q, size_t at)
{
    struct rtattr a;
    memcpy(&a, q->space + at, sizeof(a));
    a.rta_len = (unsigned short) (q->head.nlmsg_len - at);
    memcpy(q->space + at, &a, sizeof(a));
}

/* ---- talking ---- */

/* The kernel's words about an error, which stand behind the request's header in the answer. */
static const char *extended_message(const struct nlmsghdr *h, char *buf, size_t size)
{
    size_t at = NLMSG_LENGTH(sizeof(struct nlmsgerr));
    buf[0] = '\0';
    if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
        return buf;
    if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
        const struct nlmsgerr *e = NLMSG_DATA(h);
        at += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(struct nlmsghdr);
    }
    while (at + sizeof(struct nlattr) <= h->nlmsg_len) {
        struct nlattr a;
        memcpy(&a, (const char *) h + at, sizeof(a));
        if (a.nla_len < sizeof(a) || at + a.nla_len > h->nlmsg_len)
            break;
        if ((a.nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
            (void) snprintf(buf, size, " (%.*s)", (int) (a.nla_len - sizeof(a)),
                            (const char *) h + at + sizeof(a));
        at += NLA_ALIGN(a.nla_len);
    }
    return buf;
}

typedef void message_fn(const struct nlmsghdr *h, void *arg);

/* 1: that was the end; 0: more is to come. what names the request in an error. */
static int take_message(const struct netlink *nl, const struct nlmsghdr *h, message_fn *fn, void *arg,
                        const char *what, struct error *err)
{
    char words[200];
    if (h->nlmsg_seq != nl->sequence)
        return 0;
    if (h->nlmsg_type == NLMSG_DONE)
        return 1;
    if (h->nlmsg_type != NLMSG_ERROR) {
        if (fn)
            fn(h, arg);
        return 0;
    }
    if (h->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return error_set(err, -EPROTO, "%s: the kernel's answer is cut off", what);
    const struct nlmsgerr *e = NLMSG_DATA(h);
    return e->error == 0
               ? 1
               : error_errno(err, e->error, "%s%s", what, extended_message(h, words, sizeof(words)));
}

/* One datagram's messages. */
static int take_datagram(const struct netlink *nl, const char *buf, size_t n, message_fn *fn, void *arg,
                         const char *what, struct error *err)
{
    size_t at = 0;
    while (at + sizeof(struct nlmsghdr) <= n) {
        const struct nlmsghdr *h = (const void *) (buf + at);
        if (h->nlmsg_len < sizeof(*h) || at + h->nlmsg_len > n)
            return error_set(err, -EPROTO, "%s: the kernel's answer is damaged", what);
        int r = take_message(nl, h, fn, arg, what, err);
        if (r != 0)
            return r;
        at += NLMSG_ALIGN(h->nlmsg_len);
    }
    return 0;
}

static int talk(struct netlink *nl, const struct request *q, message_fn *fn, void *arg, const char *what,
                struct error *err)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    if (sendto(nl->fd, q, q->head.nlmsg_len, 0, (struct sockaddr *) &kernel, sizeof(kernel)) < 0)
        return error_errno(err, -errno, "%s", what);
    _cleanup_free_ char *buf = xmalloc(REPLY_MAX);
    for (;;) {
        struct sockaddr_nl from = { 0 };
        struct iovec iov = { buf, REPLY_MAX };
        struct msghdr m = {
            .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1
        };
        ssize_t n = recvmsg(nl->fd, &m, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, -errno, "%s", what);
        if (m.msg_flags & MSG_TRUNC)
            return error_set(err, -EMSGSIZE, "%s: the kernel's answer is too long", what);
        if (from.nl_pid != 0)
            continue;
        int r = take_datagram(nl, buf, (size_t) n, fn, arg, what, err);
        if (r != 0)
            return r < 0 ? r : 0;
    }
}

/* ---- links ---- */

static void take_index(const struct nlmsghdr *h, void *arg)
{
    if (h->nlmsg_type == RTM_NEWLINK && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg)))
        *(uint32_t *) arg = (uint32_t) ((const struct ifinfomsg *) NLMSG_DATA(h))->ifi_index;
}

int netlink_link_index(struct netlink *nl, const char *name, uint32_t *ret, struct error *err)
{
    struct request q;
    uint32_t index = 0;
    char what[64];
    if (strlen(name) >= IFNAMSIZ)
        return error_set(err, -ENODEV, "interface %.40s: the name is too long", name);
    (void) snprintf(what, sizeof(what), "interface %s", name);
    request_begin(&q, nl, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
    request_add(&q, IFLA_IFNAME, name, strlen(name) + 1);
    int r = talk(nl, &q, take_index, &index, what, err);
    if (r >= 0 && index == 0)
        r = error_set(err, -ENODEV, "%s: there is none", what);
    if (r >= 0)
        *ret = index;
    return r;
}

int netlink_link_move(struct netlink *nl, uint32_t index, int netns_fd, const char *name, struct error *err)
{
    struct request q;
    uint32_t fd = (uint32_t) netns_fd;
    struct ifinfomsg *body = request_begin(&q, nl, RTM_NEWLINK, NLM_F_ACK, sizeof(*body));
    body->ifi_index = (int) index;
    request_add(&q, IFLA_NET_NS_FD, &fd, sizeof(fd));
    request_add(&q, IFLA_IFNAME, name, strnlen(name, IFNAMSIZ - 1) + 1);
    return talk(nl, &q, NULL, NULL, "cannot move the interface", err);
}

int netlink_link_up(struct netlink *nl, uint32_t index, struct error *err)
{
    struct request q;
    struct ifinfomsg *body = request_begin(&q, nl, RTM_NEWLINK, NLM_F_ACK, sizeof(*body));
    body->ifi_index = (int) index;
    body->ifi_flags = body->ifi_change = IFF_UP;
    return talk(nl, &q, NULL, NULL, "cannot bring the interface up", err);
}

int netlink_veth_add(struct netlink *nl, const struct netlink_veth *v, struct error *err)
{
    struct request q;
    uint32_t fd = (uint32_t) v->peer_netns;
    request_begin(&q, nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, sizeof(struct ifinfomsg));
    request_add(&q, IFLA_IFNAME, v->name, strnlen(v->name, IFNAMSIZ - 1) + 1);
    request_add(&q, IFLA_GROUP, &v->group, sizeof(v->group));
    size_t info = request_begin_nest(&q, IFLA_LINKINFO, 0);
    request_add(&q, IFLA_INFO_KIND, "veth", strlen("veth") + 1);
    size_t data = request_begin_nest(&q, IFLA_INFO_DATA, 0);
    size_t peer = request_begin_nest(&q, VETH_INFO_PEER, sizeof(struct ifinfomsg));
    request_add(&q, IFLA_IFNAME, v->peer_name, strnlen(v->peer_name, IFNAMSIZ - 1) + 1);
    request_add(&q, IFLA_NET_NS_FD, &fd, sizeof(fd));
    if (v->has_mac)
        request_add(&q, IFLA_ADDRESS, v->peer_mac, sizeof(v->peer_mac));
    request_end(&q, peer);
    request_end(&q, data);
    request_end(&q, info);
    return talk(nl, &q, NULL, NULL, "cannot make the pair of interfaces", err);
}

int netlink_link_delete(struct netlink *nl, uint32_t index, struct error *err)
{
    struct request q;
    struct ifinfomsg *body = request_begin(&q, nl, RTM_DELLINK, NLM_F_ACK, sizeof(*body));
    body->ifi_index = (int) index;
    return talk(nl, &q, NULL, NULL, "cannot remove the interface", err);
}

int netlink_route_localnet(struct netlink *nl, uint32_t index, struct error *err)
{
    struct request q;
    uint32_t on = 1;
    struct ifinfomsg *body = request_begin(&q, nl, RTM_NEWLINK, NLM_F_ACK, sizeof(*body));
    body->ifi_index = (int) index;
    size_t spec = request_begin_nest(&q, IFLA_AF_SPEC, 0);
    size_t inet = request_begin_nest(&q, AF_INET, 0);
    size_t conf = request_begin_nest(&q, IFLA_INET_CONF, 0);
    request_add(&q, IPV4_DEVCONF_ROUTE_LOCALNET, &on, sizeof(on));
    request_end(&q, conf);
    request_end(&q, inet);
    request_end(&q, spec);
    return talk(nl, &q, NULL, NULL, "cannot let the interface carry loopback traffic", err);
}

int netlink_route_default(struct netlink *nl, uint32_t index, const uint8_t gateway[4], struct error *err)
{
    struct request q;
    struct rtmsg *body = request_begin(&q, nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                                       sizeof(*body));
    *body = (struct rtmsg){ .rtm_family = AF_INET,
                            .rtm_table = RT_TABLE_MAIN,
                            .rtm_protocol = RTPROT_STATIC,
                            .rtm_scope = RT_SCOPE_UNIVERSE,
                            .rtm_type = RTN_UNICAST };
    request_add(&q, RTA_GATEWAY, gateway, 4);
    request_add(&q, RTA_OIF, &index, sizeof(index));
    return talk(nl, &q, NULL, NULL, "cannot set the default route", err);
}

struct overlap {
    const uint8_t *subnet;
    unsigned prefix;
    bool found;
};

static uint32_t network_of(const uint8_t a[4], unsigned prefix)
{
    uint32_t n = (uint32_t) a[0] << 24 | (uint32_t) a[1] << 16 | (uint32_t) a[2] << 8 | a[3];
    return prefix == 0 ? 0 : n >> (32 - prefix);
}

static void take_route(const struct nlmsghdr *h, void *arg)
{
    struct overlap *o = arg;
    if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
        return;
    const struct rtmsg *m = NLMSG_DATA(h);
    /* A default route leads everywhere and says nothing about who is there. */
    if (m->rtm_family != AF_INET || m->rtm_dst_len == 0 || m->rtm_dst_len > 32)
        return;
    int left = (int) RTM_PAYLOAD(h);
    for (const struct rtattr *a = RTM_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type != RTA_DST || RTA_PAYLOAD(a) != 4)
            continue;
        unsigned prefix = MIN_OF((unsigned) m->rtm_dst_len, o->prefix);
        uint8_t dst[4];
        memcpy(dst, RTA_DATA(a), sizeof(dst));
        o->found |= network_of(dst, prefix) == network_of(o->subnet, prefix);
    }
}

int netlink_subnet_routed(struct netlink *nl, const uint8_t subnet[4], unsigned prefix, bool *ret,
                          struct error *err)
{
    struct request q;
    struct overlap o = { .subnet = subnet, .prefix = prefix };
    struct rtmsg *body = request_begin(&q, nl, RTM_GETROUTE, NLM_F_DUMP, sizeof(*body));
    body->rtm_family = AF_INET;
    int r = talk(nl, &q, take_route, &o, "cannot read the routes", err);
    if (r >= 0)
        *ret = o.found;
    return r;
}

/* ---- addresses ---- */

static bool copy_address(uint8_t to[16], const struct netlink_address *a, const struct rtattr *attr)
{
    if (RTA_PAYLOAD(attr) != a->length)
        return false;
    memcpy(to, RTA_DATA(attr), a->length);
    return true;
}

static void read_attribute(const struct rtattr *attr, struct netlink_address *a, bool *has_local)
{
    bool has_number = RTA_PAYLOAD(attr) >= sizeof(uint32_t);
    switch (attr->rta_type) {
    case IFA_LOCAL: *has_local = copy_address(a->local, a, attr); break;
    case IFA_ADDRESS: a->has_peer = copy_address(a->peer, a, attr); break;
    case IFA_BROADCAST: a->has_broadcast = copy_address(a->broadcast, a, attr); break;
    case IFA_FLAGS:
        if (has_number)
            memcpy(&a->flags, RTA_DATA(attr), sizeof(a->flags));
        break;
    case IFA_RT_PRIORITY:
        if (has_number)
            memcpy(&a->priority, RTA_DATA(attr), sizeof(a->priority));
        break;
    default: break;
    }
}

int netlink_address_read(const struct nlmsghdr *msg, uint32_t index, struct netlink_address *ret)
{
    if (msg->nlmsg_type != RTM_NEWADDR || msg->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
        return 0;
    const struct ifaddrmsg *m = NLMSG_DATA(msg);
    if (m->ifa_index != index || (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
        return 0;
    struct netlink_address a = { .family = m->ifa_family,
                                 .prefix = m->ifa_prefixlen,
                                 .scope = m->ifa_scope,
                                 .flags = m->ifa_flags,
                                 .length = m->ifa_family == AF_INET ? 4 : 16 };
    bool has_local = false;
    int left = (int) IFA_PAYLOAD(msg);
    for (const struct rtattr *attr = IFA_RTA(m); RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
        read_attribute(attr, &a, &has_local);
    if (!has_local && !a.has_peer)
        return 0;
    if (!has_local) { /* IPv6 without a peer has IFA_ADDRESS alone */
        memcpy(a.local, a.peer, sizeof(a.local));
        a.has_peer = false;
    } else if (a.has_peer && memcmp(a.local, a.peer, a.length) == 0) {
        a.has_peer = false;
    }
    *ret = a;
    return 1;
}

struct address_list {
    uint32_t index;
    struct netlink_address *v;
    size_t n;
};

static void take_address(const struct nlmsghdr *h, void *arg)
{
    struct address_list *l = arg;
    struct netlink_address a;
    if (netlink_address_read(h, l->index, &a) == 0)
        return;
    l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
    l->v[l->n++] = a;
}

int netlink_addresses(struct netlink *nl, uint32_t index, struct netlink_address **ret, size_t *ret_n,
                      struct error *err)
{
    struct request q;
    struct address_list l = { .index = index };
    request_begin(&q, nl, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
    int r = talk(nl, &q, take_address, &l, "cannot read the interface's addresses", err);
    if (r < 0) {
        free(l.v);
        return r;
    }
    *ret = l.v;
    *ret_n = l.n;
    return 0;
}

int netlink_address_add(struct netlink *nl, uint32_t index, const struct netlink_address *a,
                        struct error *err)
{
    struct request q;
    /* What somebody set, as against what the kernel found out. */
    uint32_t flags = a->flags & (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
                                 IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN);
    struct ifaddrmsg *body = request_begin(&q, nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                                           sizeof(*body));
    *body = (struct ifaddrmsg){
        .ifa_family = a->family, .ifa_prefixlen = a->prefix, .ifa_scope = a->scope, .ifa_index = index
    };
    request_add(&q, IFA_LOCAL, a->local, a->length);
    request_add(&q, IFA_ADDRESS, a->has_peer ? a->peer : a->local, a->length);
    if (a->has_broadcast)
        request_add(&q, IFA_BROADCAST, a->broadcast, a->length);
    request_add(&q, IFA_FLAGS, &flags, sizeof(flags));
    if (a->priority)
        request_add(&q, IFA_RT_PRIORITY, &a->priority, sizeof(a->priority));
    return talk(nl, &q, NULL, NULL, "cannot give the interface its address", err);
}
