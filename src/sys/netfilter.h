// SPDX-License-Identifier: Apache-2.0
/*
 * sys/netfilter.h: the little of nf_tables' netlink protocol that must be quick: looking whether rules are there, and one element of a
 * map. Whole tables are loaded by the program nft.
 *
 * Errors are negative errnos with a message. Needs CAP_NET_ADMIN in the user namespace of the caller's network namespace.
 */
#pragma once

#include "base/error.h"
#include "base/util.h"

/* A NETLINK_NETFILTER socket of the caller's network namespace; plain descriptor. */
int netfilter_open(struct error *err);

/* How many rules the chain has; chain NULL: all chains of the table. 0 too when there is no such table. family: NFPROTO_*. */
int netfilter_count_rules(int fd, uint8_t family, const char *table, const char *chain, size_t *ret,
                          struct error *err);
/* Whether a base chain is there whose policy is to drop. Without one: false. */
int netfilter_policy_drops(int fd, uint8_t family, const char *table, const char *chain, bool *ret,
                           struct error *err);

#define NETFILTER_DATA_MAX 16
struct netfilter_element {
    const char *table, *map;                                   /* table of family inet */
    uint8_t key[NETFILTER_DATA_MAX], data[NETFILTER_DATA_MAX]; /* each field of a concatenation padded to 4 */
    size_t key_length, data_length;
};
/* One transaction. -EEXIST: the key is there with other data. */
int netfilter_element_add(int fd, const struct netfilter_element *e, struct error *err);
/* One that is not there is success, as is a table that is not. */
int netfilter_element_delete(int fd, const struct netfilter_element *e, struct error *err);
