// SPDX-License-Identifier: Apache-2.0
/* How it works: the text is cut from its end, since only what stands before the last colons may be missing. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/parse.h"
#include "net/net.h"

static const struct {
    const char *name;
    uint8_t protocol;
} protocols[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP } };

const char *net_protocol_name(uint8_t protocol)
{
    for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
        if (protocols[i].protocol == protocol)
            return protocols[i].name;
    return "?";
}

int net_address_parse(const char *text, uint32_t *ret)
{
    struct in_addr in;
    if (inet_pton(AF_INET, text, &in) != 1)
        return -EINVAL;
    *ret = ntohl(in.s_addr);
    return 0;
}

void net_address_format(uint32_t address, char *buf)
{
    (void) snprintf(buf, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
                    address & 255);
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int net_mac_parse(const char *text, uint8_t ret[6])
{
    if (strlen(text) != 17)
        return -EINVAL;
    for (size_t i = 0; i < 6; i++) {
        int high = digit(text[3 * i]), low = digit(text[3 * i + 1]);
        if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
            return -EINVAL;
        ret[i] = (uint8_t) (high << 4 | low);
    }
    /* A group's address, or none, is nobody's own. */
    static const uint8_t none[6];
    return (ret[0] & 1) != 0 || memcmp(ret, none, sizeof(none)) == 0 ? -EINVAL : 0;
}

static int port_parse(const char *text, uint16_t *ret)
{
    int64_t n;
    if (text[0] < '0' || text[0] > '9' || parse_i64(text, &n) < 0 || n < 1 || n > 65535)
        return -EINVAL;
    *ret = (uint16_t) n;
    return 0;
}

static int range_parse(char *text, uint16_t *ret_first, uint16_t *ret_last)
{
    char *dash = strchr(text, '-');
    if (dash != NULL)
        *dash = '\0';
    int r = port_parse(text, ret_first);
    *ret_last = *ret_first;
    if (r == 0 && dash != NULL)
        r = port_parse(dash + 1, ret_last);
    return r == 0 && *ret_last < *ret_first ? -EINVAL : r;
}

static int add(struct arena *a, struct net_ports *list, const struct net_port *p, struct error *err)
{
    if (list->n >= NET_PORTS_MAX)
        return error_set(err, -E2BIG, "a container can publish at most %d ports", NET_PORTS_MAX);
    struct net_port *v = arena_array(a, list->n + 1, sizeof(*v));
    if (list->n > 0)
        memcpy(v, list->v, list->n * sizeof(*v));
    v[list->n++] = *p;
    list->v = v;
    return 0;
}

/* The protocol at the end is cut off. */
static int protocol_cut(char *text, uint8_t *ret)
{
    char *slash = strrchr(text, '/');
    *ret = IPPROTO_TCP;
    if (slash == NULL)
        return 0;
    *slash = '\0';
    for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
        if (str_eq(slash + 1, protocols[i].name)) {
            *ret = protocols[i].protocol;
            return 0;
        }
    return -EINVAL;
}

static int expand(struct arena *a, struct net_ports *list, struct net_port p, uint16_t container_last,
                  struct error *err)
{
    unsigned n = container_last - p.container + 1u, host = p.last - p.first + 1u;
    int r = 0;
    if (p.first == 0 || n == 1) { /* any; or the first free one of a range */
        for (unsigned i = 0; r == 0 && i < n; i++, p.container++)
            r = add(a, list, &p, err);
        return r;
    }
    if (n != host)
        return error_set(err, -EINVAL, "%u ports of the host cannot be %u ports of the container", host, n);
    p.last = p.first;
    for (unsigned i = 0; r == 0 && i < n; i++) {
        r = add(a, list, &p, err);
        p.first++;
        p.last++;
        p.container++;
    }
    return r;
}

int net_ports_parse(struct arena *a, const char *value, struct net_ports *list, struct error *err)
{
    struct net_port p = { .address = INADDR_LOOPBACK };
    uint16_t last;
    char *text = arena_strdup(a, value);
    if (strchr(text, '[') != NULL)
        return error_set(err, -ENOTSUP,
                         "\"%s\": IPv6 addresses are not in this version of oakum; give an IPv4 address",
                         value);
    int r = protocol_cut(text, &p.protocol);
    char *container = strrchr(text, ':'), *host = NULL, *address = NULL;
    if (container != NULL) {
        *container = '\0';
        host = strrchr(text, ':');
        if (host != NULL) {
            *host++ = '\0';
            address = text;
        } else {
            host = text;
        }
        /* Docker's "ADDRESS::80"; but ":80" means nothing. */
        if (host[0] == '\0' && address == NULL)
            r = -EINVAL;
    }
    if (r == 0)
        r = range_parse(container != NULL ? container + 1 : text, &p.container, &last);
    if (r == 0 && host != NULL && host[0] != '\0')
        r = range_parse(host, &p.first, &p.last);
    if (r == 0 && address != NULL && address[0] != '\0')
        r = net_address_parse(address, &p.address);
    if (r < 0)
        return error_set(
            err, -EINVAL,
            "\"%s\" must be [[ADDRESS:][HOST]:]CONTAINER[/tcp|udp|sctp], such as 8080:80, 0.0.0.0:53:53/udp or 80",
            value);
    return expand(a, list, p, last, err);
}

int net_ports_expose(struct arena *a, const char *value, struct net_ports *list, struct error *err)
{
    struct net_port p = { .address = INADDR_LOOPBACK };
    uint16_t last;
    char *text = arena_strdup(a, value);
    int r = protocol_cut(text, &p.protocol);
    if (r == 0)
        r = range_parse(text, &p.container, &last);
    if (r < 0)
        return error_set(err, -EINVAL, "\"%s\" must be PORT[-PORT][/tcp|udp|sctp]", value);
    return expand(a, list, p, last, err);
}

const char *net_port_format(struct arena *a, const struct net_port *p)
{
    char address[16];
    net_address_format(p->address, address);
    const char *host = p->first == 0         ? ""
                       : p->first == p->last ? arena_printf(a, "%u", p->first)
                                             : arena_printf(a, "%u-%u", p->first, p->last);
    return arena_printf(a, "%s:%s:%u/%s", address, host, p->container, net_protocol_name(p->protocol));
}
