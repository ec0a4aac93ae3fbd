// SPDX-License-Identifier: Apache-2.0
/* net/lease.h: the claims below .net of the state directory (net/net.h). All but lease_look() are called with the lock held. */
#pragma once

#include "net/net.h"

struct net_dir {
    char *path; /* STATE/.net */
    int fd;     /* holds the lock */
};
/* Opens and locks; create: makes what is missing. -ENOENT (no message) without create. */
int net_dir_open(const char *state, bool create, struct net_dir *ret, struct error *err);
/* Really closes: the lock must be free, whatever the process does next. */
void net_dir_close(struct net_dir *d);

int lease_look(int dirfd, const char *id, struct arena *a, struct net_lease *ret, struct error *err);
int lease_write(struct net_dir *d, const char *id, const struct net_lease *l, struct error *err);
/* Elements of maps first, the lease last. No lease is success. */
int lease_release(struct net_dir *d, const char *id, struct error *err);
/* Puts the link kind/name ("address", "port") there for id; of a stale owner everything is released. -EADDRINUSE: owner (65 bytes) has it, no message. */
int lease_claim(struct net_dir *d, const char *kind, const char *name, const char *id, char *owner,
                struct error *err);
/* The same look, without a claim: -EADDRINUSE when somebody else than id has it. */
int lease_taken(struct net_dir *d, const char *kind, const char *name, const char *id, char *owner);
/* Name of the claim of port p->first on address. */
const char *lease_port_name(struct arena *a, const struct net_port *p, uint32_t address);
/* All leases whose interface is there; those without are released. In the arena. */
int lease_all(struct net_dir *d, struct arena *a, struct net_lease **ret, size_t *ret_n, struct error *err);
