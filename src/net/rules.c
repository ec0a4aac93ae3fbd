// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the rules are about the group that all host ends of our interfaces are in, so that a container comes and goes without a change
 * of them; published ports are elements of two maps. Whether the rules are there is asked at each start by counting them: a firewall that
 * is loaded anew often begins by taking away everybody's.
 *
 * Threats, each with its rule:
 *   a container that sends with an address that is not its own: its route must lead back to the interface that it came from
 *   a container that reaches services of the host on loopback, since the host routes loopback traffic to it
 *     (route_localnet): dropped before the connection table is asked, so that only answers are left
 *   the host's own addresses, other containers, the link-local range with the cloud's metadata service: refused
 *   a neighbour of the host that routes packets to a container's address past the published ports: only what was
 *     translated by us, and answers, are forwarded to a container
 *   a port published on loopback reached from outside: translated only when it comes from the host itself
 */
#include "net/rules.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <sys/wait.h>

#include "base/strbuf.h"
#include "sys/file.h"
#include "sys/netfilter.h"
#include "sys/program.h"

#define GROUP "1868655477" /* NET_GROUP */
_Static_assert(NET_GROUP == 1868655477u, "the rules name the group by its number");

static const struct {
    const char *head; /* of a chain; NULL: a rule */
    const char *rule;
} rules[] = {
    { "guard { type filter hook prerouting priority raw; policy accept;", NULL },
    { NULL, "iifgroup " GROUP " meta nfproto ipv6 drop" },
    { NULL, "iifgroup " GROUP " ip daddr 127.0.0.0/8 drop" },
    { NULL, "iifgroup " GROUP " fib saddr . iif oif missing drop" },
    { "translate { type nat hook prerouting priority dstnat; policy accept;", NULL },
    { NULL, "ip daddr 127.0.0.0/8 return" },
    { NULL, "dnat ip to meta l4proto . ip daddr . th dport map @published" },
    { NULL, "fib daddr type local dnat ip to meta l4proto . th dport map @everywhere" },
    { "translate_own { type nat hook output priority -100; policy accept;", NULL },
    { NULL, "dnat ip to meta l4proto . ip daddr . th dport map @published" },
    { NULL, "fib daddr type local dnat ip to meta l4proto . th dport map @everywhere" },
    { "disguise { type nat hook postrouting priority srcnat; policy accept;", NULL },
    { NULL, "oifgroup " GROUP " ip saddr 127.0.0.0/8 masquerade" },
    { NULL, "iifgroup " GROUP " masquerade" },
    { "pass { type filter hook forward priority filter; policy accept;", NULL },
    { NULL, "oifgroup " GROUP " ct state established,related accept" },
    { NULL, "oifgroup " GROUP " ct status dnat accept" },
    { NULL, "iifgroup " GROUP " oifgroup " GROUP " reject with icmpx type admin-prohibited" },
    { NULL, "oifgroup " GROUP " drop" },
    { NULL, "iifgroup " GROUP " ip daddr 169.254.0.0/16 reject with icmpx type admin-prohibited" },
    { "host { type filter hook input priority filter; policy accept;", NULL },
    { NULL, "iifgroup " GROUP " ct state established,related accept" },
    { NULL, "iifgroup " GROUP " reject with icmpx type admin-prohibited" },
};

int rules_present(int fd, bool *ret, struct error *err)
{
    size_t want = 0, n = 0;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        want += rules[i].rule != NULL;
    int r = netfilter_count_rules(fd, NFPROTO_INET, NET_TABLE, NULL, &n, err);
    if (r == 0)
        *ret = n >= want;
    return r;
}

/* ---- the whole table ---- */

static void write_ports(struct strbuf *out, const struct net_lease *l)
{
    char host[16], to[16];
    net_address_format(l->address, to);
    for (size_t i = 0; i < l->ports.n; i++) {
        const struct net_port *p = &l->ports.v[i];
        const char *protocol = net_protocol_name(p->protocol);
        net_address_format(p->address, host);
        if (p->address == 0)
            strbuf_addf(out, "add element inet " NET_TABLE " everywhere { %s . %u : %s . %u }\n", protocol,
                        p->first, to, p->container);
        else
            strbuf_addf(out, "add element inet " NET_TABLE " published { %s . %s . %u : %s . %u }\n",
                        protocol, host, p->first, to, p->container);
    }
}

static void write_table(struct strbuf *out)
{
    /* One that is not there cannot be deleted, so it is made first; all of it is one transaction. */
    strbuf_adds(out,
                "table inet " NET_TABLE "\ndelete table inet " NET_TABLE "\ntable inet " NET_TABLE " {\n"
                " map published { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }\n"
                " map everywhere { type inet_proto . inet_service : ipv4_addr . inet_service; }\n");
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].head != NULL)
            strbuf_addf(out, "%s chain %s\n", i > 0 ? " }\n" : "", rules[i].head);
        else
            strbuf_addf(out, "  %s\n", rules[i].rule);
    }
    strbuf_adds(out, " }\n}\n");
}

static int run_nft(const char *file, struct error *err)
{
    _cleanup_free_ char *program = NULL, *output = NULL;
    size_t len;
    int status = 0;
    if (program_find("nft", &program) < 0 && faccessat(AT_FDCWD, "/usr/sbin/nft", X_OK, 0) == 0)
        program = xstrdup("/usr/sbin/nft");
    if (program == NULL)
        return error_set(
            err, -ENOENT,
            "--network bridge needs the program nft; install Debian's package nftables, or take --network none");
    char *argv[] = { program, (char[]){ "-f" }, (char *) file, NULL };
    int r = program_output(program, argv, 1 << 16, &output, &len, &status, err);
    if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        r = error_set(err, -EIO, "nft has refused the rules in %s; it says above why", file);
    return r;
}

int rules_load(int dirfd, const char *path, int (*lease)(void *arg, struct net_lease *ret), void *arg,
               struct error *err)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    struct net_lease l;
    write_table(&text);
    while (lease(arg, &l) > 0)
        write_ports(&text, &l);
    int r = file_replace(dirfd, "rules.nft", text.buf, text.len, 0600, false, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *file = xasprintf("%s/rules.nft", path);
    return run_nft(file, err);
}

/* ---- one port ---- */

/* Network byte order, in a field of 4 bytes. */
static void put(uint8_t *to, size_t *at, uint32_t value, size_t bytes)
{
    memset(to + *at, 0, 4);
    for (size_t i = 0; i < bytes; i++)
        to[*at + i] = (uint8_t) (value >> (8 * (bytes - 1 - i)));
    *at += 4;
}

static struct netfilter_element element(const struct net_port *p, uint32_t address)
{
    struct netfilter_element e = { .table = NET_TABLE, .map = p->address == 0 ? "everywhere" : "published" };
    put(e.key, &e.key_length, p->protocol, 1);
    if (p->address != 0)
        put(e.key, &e.key_length, p->address, 4);
    put(e.key, &e.key_length, p->first, 2);
    put(e.data, &e.data_length, address, 4);
    put(e.data, &e.data_length, p->container, 2);
    return e;
}

int rules_publish(int fd, const struct net_port *p, uint32_t address, struct error *err)
{
    struct netfilter_element e = element(p, address);
    return netfilter_element_add(fd, &e, err);
}

int rules_unpublish(int fd, const struct net_port *p, struct error *err)
{
    struct netfilter_element e = element(p, 0);
    return netfilter_element_delete(fd, &e, err);
}
