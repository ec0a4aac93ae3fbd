// SPDX-License-Identifier: Apache-2.0
/* cli/ports.c: PORTS of ps and NetworkSettings of inspect, from the container's lease. */
#include "cli/ports.h"

void ports_text(struct engine *e, const struct engine_container *c, struct strbuf *out)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_lease l;
    char address[16];
    if (engine_lease(e, c, a, &l, NULL) < 0)
        return;
    for (size_t i = 0; i < l.ports.n; i++) {
        const struct net_port *p = &l.ports.v[i];
        net_address_format(p->address, address);
        strbuf_addf(out, "%s%s:%u->%u/%s", i > 0 ? ", " : "", address, p->first, p->container,
                    net_protocol_name(p->protocol));
    }
}

static json_t *bindings(const struct net_lease *l)
{
    json_t *all = json_object();
    for (size_t i = 0; i < l->ports.n; i++) {
        const struct net_port *p = &l->ports.v[i];
        _cleanup_free_ char *key = xasprintf("%u/%s", p->container, net_protocol_name(p->protocol));
        json_t *list = json_object_get(all, key), *one = json_object();
        char address[16];
        net_address_format(p->address, address);
        json_object_set_new(one, "HostIp", json_string(address));
        json_object_set_new(one, "HostPort", json_sprintf("%u", p->first));
        if (list == NULL) {
            list = json_array();
            json_object_set_new(all, key, list);
        }
        json_array_append_new(list, one);
    }
    return all;
}

json_t *ports_settings(struct engine *e, const struct engine_container *c)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_lease l = { 0 };
    char address[16] = "", gateway[16] = "";
    json_t *settings = json_object(), *networks = json_object();
    bool connected = engine_lease(e, c, a, &l, NULL) == 0;
    json_t *mac = json_string("");
    if (connected) {
        net_address_format(l.address, address);
        net_address_format(l.gateway, gateway);
        json_decref(mac);
        mac = json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", l.mac[0], l.mac[1], l.mac[2], l.mac[3], l.mac[4],
                           l.mac[5]);
    }
    json_t *one = json_pack("{s:s, s:s, s:O, s:i}", "IPAddress", address, "Gateway", gateway, "MacAddress",
                            mac, "IPPrefixLen", connected ? 32 : 0);
    json_object_update(settings, one);
    json_object_set_new(settings, "Interface", json_string(l.interface));
    json_object_set_new(settings, "Ports", bindings(&l));
    if (c->record->network != NULL)
        json_object_set(networks, c->record->network, one);
    json_decref(one);
    json_decref(mac);
    json_object_set_new(settings, "Networks", networks);
    return settings;
}
