// SPDX-License-Identifier: Apache-2.0
/*
 * net/net.h: the network "bridge": a container's own network namespace with one interface eth0, outgoing traffic, and what it publishes.
 *
 * No container is on a common link with another: each has a pair of interfaces of its own, with one IPv4 address (/32) on either end, and
 * the host routes between them and the world. So there is nobody whose ARP could be spoofed, and which traffic passes is decided in one
 * place, nftables' table "inet oakum" (net/rules.h), which never names a container: its rules are about a group of interfaces.
 *
 * In the state directory, all below .net (0700), gone after a reboot as the interfaces are:
 *   .net          held by flock while anything below it changes
 *   subnet        "10.77.0.0", the /16 that was free when it was first needed
 *   next          number of the address to try next: an address is used again as late as can be
 *   address/A     link whose text is the id of the container that has address A
 *   port/P        the same for a published port, P such as "tcp-8080-127.0.0.1"
 *   lease/ID      what a container has (struct net_lease)
 *
 * Crash safety: links are made before the lease and the lease before the interface. A claim whose owner has no lease, or whose lease's interface
 * is gone, is stale: whoever needs it takes it away. The kernel removes both interfaces with the container's namespace.
 *
 * IPv4 only: the container's interface has no other IPv6 address than the link's own, and nothing of IPv6 passes.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/util.h"

/* One published port. Addresses and ports are in the host's byte order. */
struct net_port {
    uint8_t protocol;     /* IPPROTO_TCP, _UDP, _SCTP */
    uint32_t address;     /* of the host; 0: every one */
    uint16_t first, last; /* on the host: one of these, the first that is free; 0: any */
    uint16_t container;
};
struct net_ports {
    struct net_port *v;
    size_t n;
};

/* ---- ports.c: pure ---- */

#define NET_PORTS_MAX 1024 /* of one container */
/*
 * Docker's [[ADDRESS:][HOST[-HOST]]:]CONTAINER[-CONTAINER][/tcp|udp|sctp], added to list. Without an address it is 127.0.0.1; 0.0.0.0 is every
 * one. -EINVAL: a sentence.
 */
int net_ports_parse(struct arena *a, const char *value, struct net_ports *list, struct error *err);
/* "80/tcp", "80-82/udp" of --expose and images: each on a random port of 127.0.0.1. */
int net_ports_expose(struct arena *a, const char *value, struct net_ports *list, struct error *err);
/* What net_ports_parse() reads as this one port. */
const char *net_port_format(struct arena *a, const struct net_port *p);
const char *net_protocol_name(uint8_t protocol); /* "tcp" */
/* -EINVAL without words. */
int net_address_parse(const char *text, uint32_t *ret);
/* Dotted, at least 16 bytes. */
void net_address_format(uint32_t address, char *buf);
int net_mac_parse(const char *text, uint8_t ret[6]);

/* ---- lease.c ---- */

struct net_lease {
    uint32_t address, gateway;
    uint8_t mac[6];
    char interface[16];     /* the host's end */
    struct net_ports ports; /* each with first == last */
};
/* state: path of the state directory. -ENOENT without a message: it has none. */
int net_lease_read(const char *state, const char *id, struct arena *a, struct net_lease *ret,
                   struct error *err);

struct net_request {
    const char *id;
    uint32_t address; /* 0: any */
    bool has_mac;
    uint8_t mac[6];
    struct net_ports ports;
};
/*
 * Connects the network namespace, which has no eth0 yet, and publishes ports. The calling thread enters it for a moment: single-threaded
 * callers only. What the container had before is given back first. Loads our table when its rules are not there. -EADDRINUSE: a port or
 * address is taken. In the arena.
 */
int net_attach(const char *state, const struct net_request *req, int netns, struct arena *a,
               struct net_lease *ret, struct error *err);
/* Gives back what a container has; nothing is success. The interfaces go with the namespace. */
int net_release(const char *state, const char *id, struct error *err);
/* Writes our table anew, with the ports of all that have a lease. */
int net_reload(const char *state, struct error *err);
/*
 * Sentences about what of others stands in the way (a firewall that drops what is forwarded), NULL: nothing. In the arena.
 */
const char *net_obstacle(struct arena *a);
