// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_port.c: `oakum port`: which port of the host leads to which of a container. */
#include <errno.h>

#include "cli/commands.h"
#include "engine/engine.h"

/* asked: "80", "80/tcp", or NULL. */
static bool wanted(const struct net_port *p, const char *asked)
{
    char number[8], whole[24];
    if (asked == NULL || str_format(number, sizeof(number), "%u", p->container) < 0 ||
        str_format(whole, sizeof(whole), "%u/%s", p->container, net_protocol_name(p->protocol)) < 0)
        return asked == NULL;
    return str_eq(asked, whole) || (str_eq(asked, number) && str_eq(net_protocol_name(p->protocol), "tcp"));
}

static int list_ports(struct engine *e, const char *name, const char *asked, struct strbuf *out,
                      struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct engine_container c;
    struct net_lease l = { 0 };
    int r = engine_get(e, name, &c, err);
    if (r < 0)
        return r;
    r = engine_lease(e, &c, a, &l, err);
    engine_container_clear(&c);
    if (r < 0 && r != -ENOENT)
        return r;
    for (size_t i = 0; i < l.ports.n; i++) {
        const struct net_port *p = &l.ports.v[i];
        char address[16];
        if (!wanted(p, asked))
            continue;
        net_address_format(p->address, address);
        if (asked == NULL)
            strbuf_addf(out, "%u/%s -> ", p->container, net_protocol_name(p->protocol));
        strbuf_addf(out, "%s:%u\n", address, p->first);
    }
    return asked != NULL && out->len == 0 ? error_set(err, -ENOENT, "container %s publishes no port %s%s",
                                                      name, asked, strchr(asked, '/') != NULL ? "" : "/tcp")
                                          : 0;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, 2, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0 ||
        list_ports(e, argv[1], words > 1 ? argv[2] : NULL, &out, &err) < 0)
        return fail(cli, 1, &err);
    return out_write(&out);
}

const struct command cmd_port = {
    .name = "port",
    .synopsis = "CONTAINER [PORT[/PROTOCOL]]",
    .summary = "Show which ports of the host lead to a container",
    .details =
        "Of a running container; each line is an address and a port of the host. A PORT without protocol is tcp.",
    .run = run,
};
