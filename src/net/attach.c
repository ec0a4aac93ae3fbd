// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: under the lock of .net, in this order: rules, address, ports, lease, interfaces, published ports. What fails takes back
 * what was made; a kill leaves claims that are recognised as stale.
 *
 * The host's end has the gateway's address, and the container's for its peer, so one request makes address and route; the same holds for the
 * other end. Every container has the same gateway, each on a link of its own.
 *
 * Threat: a moment in which the container sends and no rule looks. The rules are there before the interface is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "net/lease.h"
#include "net/rules.h"
#include "sys/file.h"
#include "sys/netfilter.h"
#include "sys/netlink.h"

#define SUBNET_PREFIX 16
#define HOSTS (1u << (32 - SUBNET_PREFIX))
#define RANDOM_TRIES 64

struct attach {
    struct net_dir d;
    const struct net_request *req;
    int netns, filter;
    struct arena *a;
    struct net_lease lease;
    uint32_t subnet;
};

/* ---- rules ---- */

struct lease_list {
    struct net_lease *v;
    size_t n, at;
};

static int next_lease(void *arg, struct net_lease *ret)
{
    struct lease_list *l = arg;
    if (l->at >= l->n)
        return 0;
    *ret = l->v[l->at++];
    return 1;
}

static int load_rules(struct net_dir *d, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct lease_list l = { 0 };
    int r = lease_all(d, a, &l.v, &l.n, err);
    return r < 0 ? r : rules_load(d->fd, d->path, next_lease, &l, err);
}

static int ensure_rules(struct attach *t, struct error *err)
{
    bool present = false;
    t->filter = netfilter_open(err);
    int r = t->filter < 0 ? t->filter : rules_present(t->filter, &present, err);
    return r < 0 || present ? r : load_rules(&t->d, err);
}

int net_reload(const char *state, struct error *err)
{
    struct net_dir d;
    int r = net_dir_open(state, true, &d, err);
    if (r < 0)
        return r;
    r = load_rules(&d, err);
    net_dir_close(&d);
    return r;
}

const char *net_obstacle(struct arena *a)
{
    bool drops = false;
    size_t n = 0;
    _cleanup_close_ int fd = netfilter_open(NULL);
    if (fd < 0 || netfilter_policy_drops(fd, NFPROTO_IPV4, "filter", "FORWARD", &drops, NULL) < 0 || !drops)
        return NULL;
    /* Docker leaves this chain to others; it has one rule at most in it itself. */
    if (netfilter_count_rules(fd, NFPROTO_IPV4, "filter", "DOCKER-USER", &n, NULL) == 0 && n > 1)
        return NULL;
    return arena_strdup(
        a,
        "another firewall (docker's, it seems) drops all that this host forwards, and no rule of ours can change that: the "
        "container will not get out until you run \"iptables -I DOCKER-USER -i oak+ -j ACCEPT\" and \"iptables -I "
        "DOCKER-USER -o oak+ -j ACCEPT\" (FORWARD in place of DOCKER-USER where there is no docker)");
}

/* ---- address ---- */

static int choose_subnet(struct attach *t, struct error *err)
{
    static const uint8_t candidates[][4] = { { 10, 77, 0, 0 },  { 10, 177, 0, 0 }, { 172, 29, 0, 0 },
                                             { 172, 30, 0, 0 }, { 10, 207, 0, 0 }, { 10, 237, 0, 0 } };
    struct netlink nl = NETLINK_INIT;
    bool routed = true;
    size_t i = 0;
    int r = netlink_open(&nl, err);
    for (; r == 0 && i < ARRAY_LEN(candidates); i++) {
        r = netlink_subnet_routed(&nl, candidates[i], SUBNET_PREFIX, &routed, err);
        if (!routed)
            break;
    }
    netlink_close(&nl);
    if (r < 0)
        return r;
    if (routed)
        return error_set(err, -EADDRINUSE,
                         "this host has routes into each of the networks that could be taken (10.77.0.0/16, "
                         "10.177.0.0/16, 172.29.0.0/16 …)");
    char text[16];
    t->subnet = (uint32_t) candidates[i][0] << 24 | (uint32_t) candidates[i][1] << 16;
    net_address_format(t->subnet, text);
    return file_replace(t->d.fd, "subnet", text, strlen(text), 0600, false, err);
}

static int find_subnet(struct attach *t, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(t->d.fd, "subnet", 64, &text, &len, NULL);
    if (r == -ENOENT)
        return choose_subnet(t, err);
    if (r == 0)
        r = net_address_parse(text, &t->subnet);
    return r < 0 ? error_errno(err, r, "%s/subnet", t->d.path) : 0;
}

static uint32_t read_next(struct attach *t)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    uint32_t n;
    return file_read(t->d.fd, "next", 64, &text, &len, NULL) == 0 && parse_u32(text, &n) == 0 && n >= 2 &&
                   n < HOSTS - 1
               ? n
               : 2;
}

static int claim_address(struct attach *t, uint32_t address, char *owner, struct error *err)
{
    char text[16];
    net_address_format(address, text);
    int r = lease_claim(&t->d, "address", text, t->req->id, owner, err);
    if (r == 0)
        t->lease.address = address;
    return r;
}

static int fixed_address(struct attach *t, struct error *err)
{
    char owner[65], text[16], subnet[16];
    uint32_t host = t->req->address - t->subnet;
    net_address_format(t->req->address, text);
    net_address_format(t->subnet, subnet);
    if (host < 2 || host >= HOSTS - 1)
        return error_set(err, -EINVAL, "--ip %s is not one of the network's %s/%d that a container can have",
                         text, subnet, SUBNET_PREFIX);
    int r = claim_address(t, t->req->address, owner, err);
    return r == -EADDRINUSE ? error_set(err, r, "--ip %s: container %.12s has this address", text, owner) : r;
}

static int any_address(struct attach *t, struct error *err)
{
    uint32_t first = read_next(t), n = first;
    char owner[65], text[16];
    do {
        int r = claim_address(t, t->subnet + n, owner, err);
        n = n + 1 < HOSTS - 1 ? n + 1 : 2;
        if (r == -EADDRINUSE)
            continue;
        if (r == 0 && str_format(text, sizeof(text), "%u", n) > 0)
            r = file_replace(t->d.fd, "next", text, strlen(text), 0600, false, err);
        return r;
    } while (n != first);
    return error_set(err, -EADDRINUSE, "every address of the network is taken");
}

/* ---- ports ---- */

static int probe_socket(const struct net_port *p)
{
    int fd = socket(AF_INET, (p->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC,
                    p->protocol);
    int one = 1;
    if (fd >= 0 && p->protocol != IPPROTO_UDP)
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
                          sizeof(one)); /* closing connections are no service */
    return fd < 0 ? -errno : fd;
}

/* Whether a program of the host has the port. port 0: *ret is one that none has. */
static int probe_host(const struct net_port *p, uint16_t port, uint16_t *ret)
{
    struct net_port tcp = { .protocol = IPPROTO_TCP };
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(p->address) };
    socklen_t size = sizeof(in);
    _cleanup_close_ int fd = probe_socket(p);
    if (fd == -EPROTONOSUPPORT && port != 0) { /* so no program of the host has it */
        *ret = port;
        return 0;
    }
    if (fd == -EPROTONOSUPPORT)
        fd = probe_socket(&tcp);
    if (fd < 0 || bind(fd, (struct sockaddr *) &in, sizeof(in)) < 0 ||
        getsockname(fd, (struct sockaddr *) &in, &size) < 0)
        return fd < 0 ? fd : -errno;
    *ret = ntohs(in.sin_port);
    return 0;
}

/* Somebody who has the port on another address does not matter, unless one of the two is every address. */
struct any_search {
    struct attach *t;
    const char *prefix;
    char *owner;
};

static int any_match(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct any_search *s = arg;
    (void) dirfd;
    (void) type;
    return str_after(name, s->prefix) != NULL ? lease_taken(&s->t->d, "port", name, s->t->req->id, s->owner)
                                              : 0;
}

static int port_is_free(struct attach *t, const struct net_port *p, char *owner)
{
    struct any_search s = { .t = t, .owner = owner };
    s.prefix = arena_printf(t->a, "%s-%u-", net_protocol_name(p->protocol), p->first);
    return p->address == 0 ? dir_each(t->d.fd, "port", any_match, &s, NULL)
                           : lease_taken(&t->d, "port", lease_port_name(t->a, p, 0), t->req->id, owner);
}

/* Two flags of this container that want the same: the second one's claim would be taken for its own. */
static bool given_before(const struct attach *t, const struct net_port *p)
{
    for (size_t i = 0; i < t->lease.ports.n; i++) {
        const struct net_port *o = &t->lease.ports.v[i];
        if (o->protocol == p->protocol && o->first == p->first &&
            (o->address == p->address || o->address == 0 || p->address == 0))
            return true;
    }
    return false;
}

/* -EADDRINUSE with a message. */
static int try_port(struct attach *t, const struct net_port *asked, uint16_t number, struct error *err)
{
    struct net_port p = *asked;
    char owner[65] = "", address[16];
    net_address_format(p.address, address);
    int r = probe_host(asked, number, &p.first);
    p.last = p.first;
    if (r == -EADDRNOTAVAIL)
        return error_set(err, r, "port %u cannot be published on %s: this host does not have that address",
                         number, address);
    if (r == -EADDRINUSE)
        return error_set(err, r, "port %u/%s of %s is taken: a program of this host listens there", number,
                         net_protocol_name(p.protocol), address);
    if (r < 0)
        return error_errno(err, r, "port %u/%s of %s", number, net_protocol_name(p.protocol), address);
    if (given_before(t, &p))
        return error_set(err, -EADDRINUSE, "port %u/%s of %s is published twice", p.first,
                         net_protocol_name(p.protocol), address);
    r = port_is_free(t, &p, owner);
    if (r == 0)
        r = lease_claim(&t->d, "port", lease_port_name(t->a, &p, p.address), t->req->id, owner, err);
    if (r == -EADDRINUSE)
        return error_set(err, r, "port %u/%s of %s is taken: container %.12s publishes it", p.first,
                         net_protocol_name(p.protocol), address, owner);
    if (r < 0)
        return r;
    t->lease.ports.v[t->lease.ports.n++] = p;
    return 0;
}

static int claim_port(struct attach *t, const struct net_port *p, struct error *err)
{
    int r = -EADDRINUSE;
    if (p->first == 0)
        for (int i = 0; i < RANDOM_TRIES && r == -EADDRINUSE; i++)
            r = try_port(t, p, 0, err);
    else
        for (unsigned n = p->first; n <= p->last && r == -EADDRINUSE; n++)
            r = try_port(t, p, (uint16_t) n, err);
    if (r == 0)
        error_clear(err);
    return r;
}

static int claim_ports(struct attach *t, struct error *err)
{
    int r = 0;
    t->lease.ports.v = arena_array(t->a, MAX_OF(t->req->ports.n, (size_t) 1), sizeof(*t->lease.ports.v));
    for (size_t i = 0; r == 0 && i < t->req->ports.n; i++)
        r = claim_port(t, &t->req->ports.v[i], err);
    return r;
}

/* ---- interfaces ---- */

static void put_address(uint8_t to[16], uint32_t address)
{
    uint32_t n = htonl(address);
    memcpy(to, &n, sizeof(n));
}

static int add_address(struct netlink *nl, uint32_t index, uint32_t local, uint32_t peer, struct error *err)
{
    struct netlink_address a = { .family = AF_INET, .prefix = 32, .length = 4, .has_peer = true };
    put_address(a.local, local);
    put_address(a.peer, peer);
    int r = netlink_address_add(nl, index, &a, err);
    return r < 0 ? r : netlink_link_up(nl, index, err);
}

static int inside_open(int netns, struct netlink *ret, struct error *err)
{
    _cleanup_close_ int own = file_open(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY, 0, err);
    if (own < 0)
        return own;
    if (setns(netns, CLONE_NEWNET) < 0)
        return error_errno(err, -errno, "cannot enter the container's network namespace");
    int r = netlink_open(ret, err);
    if (setns(own, CLONE_NEWNET) < 0)
        r = error_errno(err, -errno, "cannot return to the network namespace");
    return r;
}

static int connect_inside(struct attach *t, struct error *err)
{
    struct netlink nl = NETLINK_INIT;
    uint8_t gateway[16];
    uint32_t index;
    put_address(gateway, t->lease.gateway);
    int r = inside_open(t->netns, &nl, err);
    if (r == 0)
        r = netlink_link_index(&nl, "eth0", &index, err);
    if (r == 0)
        r = add_address(&nl, index, t->lease.address, t->lease.gateway, err);
    if (r == 0)
        r = netlink_route_default(&nl, index, gateway, err);
    netlink_close(&nl);
    return r;
}

static int allow_forwarding(struct error *err)
{
    static const char path[] = "/proc/sys/net/ipv4/ip_forward";
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(AT_FDCWD, path, 16, &text, &len, err);
    return r < 0 || text[0] != '0' ? r : file_write_value(AT_FDCWD, path, "1", err);
}

static int connect_both(struct attach *t, struct error *err)
{
    struct netlink nl = NETLINK_INIT;
    struct netlink_veth v = { .name = t->lease.interface,
                              .peer_name = "eth0",
                              .group = NET_GROUP,
                              .peer_netns = t->netns,
                              .has_mac = true };
    uint32_t index;
    memcpy(v.peer_mac, t->lease.mac, sizeof(v.peer_mac));
    int r = netlink_open(&nl, err);
    if (r == 0)
        r = netlink_veth_add(&nl, &v, err);
    if (r == 0)
        r = netlink_link_index(&nl, v.name, &index, err);
    if (r == 0 && t->lease.ports.n > 0)
        r = netlink_route_localnet(&nl, index, err);
    if (r == 0)
        r = add_address(&nl, index, t->lease.gateway, t->lease.address, err);
    if (r == 0)
        r = allow_forwarding(err);
    if (r == 0)
        r = connect_inside(t, err);
    /*
     * Our end was up before the other one was, so it sends nothing until the kernel has taken note of the link, which it may do later; asked
     * about the interface it does so at once (since 6.8). An answer that is lost costs the program its first second.
     */
    if (r == 0)
        r = netlink_link_index(&nl, v.name, &index, err);
    netlink_close(&nl);
    return r;
}

/* A name of its own for each start: the interface of the one before may still be on its way out. */
static void name_interface(struct net_lease *l)
{
    char digits[13];
    random_hex(digits, 6);
    (void) snprintf(l->interface, sizeof(l->interface), "oak%.12s", digits);
}

static void choose_mac(struct attach *t)
{
    static const uint8_t local[2] = { 0x02, 0x6f };
    memcpy(t->lease.mac, local, sizeof(local));
    uint32_t n = htonl(t->lease.address);
    memcpy(t->lease.mac + sizeof(local), &n, sizeof(n));
    if (t->req->has_mac)
        memcpy(t->lease.mac, t->req->mac, sizeof(t->lease.mac));
}

static int attach_locked(struct attach *t, struct error *err)
{
    int r = lease_release(&t->d, t->req->id, err);
    if (r == 0)
        r = ensure_rules(t, err);
    if (r == 0)
        r = find_subnet(t, err);
    if (r == 0)
        r = t->req->address != 0 ? fixed_address(t, err) : any_address(t, err);
    if (r < 0)
        return r;
    t->lease.gateway = t->subnet + 1;
    choose_mac(t);
    name_interface(&t->lease);
    r = claim_ports(t, err);
    /* Also when it fails: what was claimed so far is released by it. */
    int written = lease_write(&t->d, t->req->id, &t->lease, r < 0 ? NULL : err);
    r = r < 0 ? r : written;
    if (r == 0)
        r = connect_both(t, err);
    for (size_t i = 0; r == 0 && i < t->lease.ports.n; i++)
        r = rules_publish(t->filter, &t->lease.ports.v[i], t->lease.address, err);
    if (r < 0)
        lease_release(&t->d, t->req->id, NULL);
    return r;
}

int net_attach(const char *state, const struct net_request *req, int netns, struct arena *a,
               struct net_lease *ret, struct error *err)
{
    struct attach t = { .req = req, .netns = netns, .filter = -1, .a = a };
    int r = net_dir_open(state, true, &t.d, err);
    if (r < 0)
        return r;
    r = attach_locked(&t, err);
    if (t.filter >= 0)
        close(t.filter);
    net_dir_close(&t.d);
    if (r == 0)
        *ret = t.lease;
    return r;
}
