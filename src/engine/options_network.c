// SPDX-License-Identifier: Apache-2.0
/* engine/options_network.c: --network bridge and what goes with it. */
#include <arpa/inet.h>
#include <errno.h>

#include "base/parse.h"
#include "engine/options_internal.h"

bool network_is_bridge(const char *network)
{
    return network != NULL && str_eq(network, "bridge");
}

bool options_own_network(const struct run_options *o)
{
    return o->network == NULL || str_eq(o->network, "none") || network_is_bridge(o->network);
}

static bool asked_for_files(const struct run_options *o)
{
    return o->add_hosts.n > 0 || o->dns.n > 0 || o->dns_search.n > 0 || o->dns_options.n > 0;
}

bool options_network_files(const struct run_options *o)
{
    return network_is_bridge(o->network) || (options_own_network(o) && asked_for_files(o));
}

int run_options_check_network(const struct run_options *o, struct error *err)
{
    const char *network = o->network != NULL ? o->network : "none";
    const struct {
        bool given;
        const char *flag;
    } needs[] = {
        { o->publish.n > 0, "--publish" },
        { o->publish_all, "--publish-all" },
        { o->ip != NULL, "--ip" },
        { o->mac != NULL, "--mac-address" },
    };
    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        if (needs[i].given && !network_is_bridge(o->network))
            return error_set(err, -EINVAL, "%s needs --network bridge; the container has --network %s",
                             needs[i].flag, network);
    if (asked_for_files(o) && !options_own_network(o))
        return error_set(
            err, -EINVAL,
            "--add-host and --dns are for a container with a network of its own, not with --network %s",
            network);
    return 0;
}

int run_options_add_publish(struct run_options *o, const char *value, struct error *err)
{
    return net_ports_parse(o->arena, value, &o->publish, err);
}

int run_options_add_expose(struct run_options *o, const char *value, struct error *err)
{
    struct net_ports unused = { 0 };
    oci_strings_add(o->arena, &o->expose, value);
    return net_ports_expose(o->arena, value, &unused, err);
}

int run_options_set_ip(struct run_options *o, const char *value, struct error *err)
{
    uint32_t address;
    o->ip = value;
    return net_address_parse(value, &address) < 0 || address == 0
               ? error_set(err, -EINVAL, "\"%s\" is not an IPv4 address", value)
               : 0;
}

int run_options_set_mac(struct run_options *o, const char *value, struct error *err)
{
    uint8_t mac[6];
    o->mac = value;
    return net_mac_parse(value, mac) < 0
               ? error_set(err, -EINVAL,
                           "\"%s\" is not the hardware address of one interface, such as 02:42:ac:11:00:02",
                           value)
               : 0;
}

static bool is_address(const char *text)
{
    uint8_t buf[16];
    return inet_pton(AF_INET, text, buf) == 1 || inet_pton(AF_INET6, text, buf) == 1;
}

/* One word of a file that is read by lines and words. */
static int check_word(const char *value, const char *what, struct error *err)
{
    return value[0] == '\0' || text_has_control(value) || strpbrk(value, " #;") != NULL
               ? error_set(err, -EINVAL, "\"%s\" is not %s", value, what)
               : 0;
}

/* Docker's NAME:ADDRESS and NAME=ADDRESS; the address may have colons and brackets. */
int run_options_add_host(struct run_options *o, const char *value, struct error *err)
{
    size_t n = strcspn(value, ":=");
    char *name = arena_strndup(o->arena, value, n), *address = NULL;
    if (value[n] != '\0')
        address = arena_strdup(o->arena, value + n + 1);
    if (address != NULL && address[0] == '[' && address[strlen(address) - 1] == ']') {
        address[strlen(address) - 1] = '\0';
        address++;
    }
    if (address != NULL && str_eq(address, "host-gateway"))
        return error_set(
            err, -ENOTSUP,
            "host-gateway: a container cannot reach the host; give the address of who it is to reach");
    if (address == NULL || !is_address(address))
        return error_set(err, -EINVAL, "\"%s\" must be NAME:ADDRESS, such as db:192.0.2.7", value);
    int r = check_word(name, "a host name", err);
    if (r == 0)
        oci_strings_add(o->arena, &o->add_hosts, arena_printf(o->arena, "%s\t%s", address, name));
    return r;
}

int run_options_add_dns(struct run_options *o, const char *value, struct error *err)
{
    if (!is_address(value))
        return error_set(err, -EINVAL, "\"%s\" is not the address of a name server", value);
    oci_strings_add(o->arena, &o->dns, value);
    return 0;
}

int run_options_add_dns_search(struct run_options *o, const char *value, struct error *err)
{
    oci_strings_add(o->arena, &o->dns_search, value);
    return check_word(value, "a domain, or . for none", err);
}

int run_options_add_dns_option(struct run_options *o, const char *value, struct error *err)
{
    oci_strings_add(o->arena, &o->dns_options, value);
    return check_word(value, "an option of resolv.conf(5)", err);
}
