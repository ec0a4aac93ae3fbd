// SPDX-License-Identifier: Apache-2.0
/*
 * net/rules.h: nftables' table "inet oakum". Nothing here touches another table, and each change is one transaction.
 */
#pragma once

#include "net/net.h"

#define NET_TABLE "oakum"
#define NET_GROUP 0x6f616b75u /* "oaku": the group of our interfaces on the host */

/* Whether all rules are there. fd: netfilter_open(). */
int rules_present(int fd, bool *ret, struct error *err);
/*
 * Loads the table, in the place of one that is there, by the program nft. dirfd: .net, whose path is given; where the rules are written.
 * lease: called with arg until it returns 0, to fill in each container that publishes ports. -ENOENT: there is no nft.
 */
int rules_load(int dirfd, const char *path, int (*lease)(void *arg, struct net_lease *ret), void *arg,
               struct error *err);
/* One port of a container: an element of a map. */
int rules_publish(int fd, const struct net_port *p, uint32_t address, struct error *err);
int rules_unpublish(int fd, const struct net_port *p, struct error *err);
