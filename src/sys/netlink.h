// SPDX-License-Identifier: Apache-2.0
/*
 * sys/netlink.h: the little of rtnetlink(7) that moving an interface into another network namespace and connecting one takes. A socket belongs to
 * the network namespace that its maker was in, whatever namespace the process enters later; so one for each side.
 *
 * Errors are negative errnos with the kernel's extended message where it gave one. All calls block until the kernel has answered.
 * Needs CAP_NET_ADMIN in the user namespace that owns the network namespace; for a move in both.
 */
#pragma once

#include <linux/if_addr.h>

#include "base/error.h"
#include "base/util.h"

struct netlink {
    int fd;
    uint32_t sequence;
};
#define NETLINK_INIT \
    {                \
        .fd = -1     \
    }

/* In the network namespace of the caller. */
int netlink_open(struct netlink *ret, struct error *err);
void netlink_close(struct netlink *nl);
#define _cleanup_netlink_ __attribute__((cleanup(netlink_close)))

/* The index of an interface; -ENODEV (with a message) when there is none of that name. */
int netlink_link_index(struct netlink *nl, const char *name, uint32_t *ret, struct error *err);
/*
 * Moves the interface and gives it a name in one request. The kernel takes it down and forgets its addresses and routes; MTU and
 * hardware address stay. Its index may change. -EEXIST: the name is taken there.
 */
int netlink_link_move(struct netlink *nl, uint32_t index, int netns_fd, const char *name, struct error *err);
int netlink_link_up(struct netlink *nl, uint32_t index, struct error *err);

struct netlink_veth {
    const char *name, *peer_name;
    uint32_t group; /* of name, as nft's iifgroup sees it */
    int peer_netns; /* where the peer is born */
    bool has_mac;   /* else the kernel makes one up */
    uint8_t peer_mac[6];
};
/* A pair of Ethernet interfaces, both down. -EEXIST: a name is taken. */
int netlink_veth_add(struct netlink *nl, const struct netlink_veth *v, struct error *err);
/* And its peer, wherever that is. */
int netlink_link_delete(struct netlink *nl, uint32_t index, struct error *err);
/* 127.0.0.0/8 may be routed out of this interface and come in there (net.ipv4.conf.NAME.route_localnet): whoever sets it filters. */
int netlink_route_localnet(struct netlink *nl, uint32_t index, struct error *err);
/* The IPv4 default route; the gateway must be reachable through the interface already. */
int netlink_route_default(struct netlink *nl, uint32_t index, const uint8_t gateway[4], struct error *err);
/* Whether a route of this host other than the default one leads into, or contains, the IPv4 subnet. */
int netlink_subnet_routed(struct netlink *nl, const uint8_t subnet[4], unsigned prefix, bool *ret,
                          struct error *err);

struct netlink_address {
    uint8_t family; /* AF_INET, AF_INET6 */
    uint8_t prefix, scope;
    uint8_t length;    /* bytes of each address below: 4 or 16 */
    uint32_t flags;    /* IFA_F_* */
    uint32_t priority; /* metric of the prefix route; 0: the kernel's */
    bool has_peer, has_broadcast;
    uint8_t local[16], peer[16], broadcast[16];
};
/* All addresses of an interface, both families. Caller frees. */
int netlink_addresses(struct netlink *nl, uint32_t index, struct netlink_address **ret, size_t *ret_n,
                      struct error *err);
/* Flags that only describe (permanent, tentative …) are left to the kernel. */
int netlink_address_add(struct netlink *nl, uint32_t index, const struct netlink_address *a,
                        struct error *err);
/* One RTM_NEWADDR message (n bytes from the kernel) as an address of interface index. 0: another interface or family; 1: read. Pure, for tests. */
struct nlmsghdr;
int netlink_address_read(const struct nlmsghdr *msg, uint32_t index, struct netlink_address *ret);
