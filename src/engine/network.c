// SPDX-License-Identifier: Apache-2.0
/*
 * engine/network.c: a container's /etc/hosts and /etc/resolv.conf, and its connection to the network "bridge" (net/net.h), which is made
 * while its first process waits: before that there is no namespace, after it the program might find no network.
 *
 * Both files are mounted before the container's address is known, so hosts is written again in its place, not replaced.
 *
 * Threat: words of a flag that become a line of their own in these files; they were checked to be one word (options_network.c).
 */
#include <errno.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "confine/rootless.h"
#include "engine/engine_internal.h"
#include "sys/file.h"

#define OWN_LINE "# this container, written at each start\n"
#define FILE_MAX (1u << 20)

int network_check(const struct launch *l, struct error *err)
{
    if (network_is_bridge(l->opt->network) && (l->rootless_ids > 0 || rootless_inside()))
        return error_set(
            err, -EPERM,
            "--network bridge needs root; an ordinary user's container has --network none, host or container:NAME, and "
            "pasta can connect it (see docs/deployment.md)");
    return 0;
}

/* ---- files ---- */

static int write_file(int dirfd, const char *name, const struct strbuf *text, struct error *err)
{
    _cleanup_close_ int fd = file_open(dirfd, name, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644, err);
    if (fd < 0)
        return fd;
    int r = fchmod(fd, 0644) < 0 ? -errno : write_all(fd, text->buf, text->len);
    if (r == 0 && ftruncate(fd, (off_t) text->len) < 0)
        r = -errno;
    return r < 0 ? error_errno(err, r, "cannot write the container's %s", name) : 0;
}

static int write_hosts(struct launch *l, struct error *err)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    strbuf_adds(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for (size_t i = 0; i < l->opt->add_hosts.n; i++)
        strbuf_addf(&text, "%s\n", l->opt->add_hosts.v[i]);
    return write_file(l->dirfd, "hosts", &text, err);
}

/* Lines of the host's file that hold in another network namespace too: its loopback is not the container's. *ret_servers: how many. */
static int copy_resolv(const char *path, const struct run_options *o, struct strbuf *out, size_t *ret_servers)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    *ret_servers = 0;
    int r = file_read(AT_FDCWD, path, FILE_MAX, &text, &len, NULL);
    if (r < 0)
        return r;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        const char *server = str_after(line, "nameserver ");
        bool kept = (server != NULL && o->dns.n == 0 && str_after(server, "127.") == NULL &&
                     !str_eq(server, "::1") && strchr(server, '%') == NULL) ||
                    ((str_after(line, "search ") != NULL || str_after(line, "domain ") != NULL) &&
                     o->dns_search.n == 0) ||
                    (str_after(line, "options ") != NULL && o->dns_options.n == 0);
        if (kept)
            strbuf_addf(out, "%s\n", line);
        *ret_servers += kept && server != NULL;
    }
    return 0;
}

static void add_words(struct strbuf *out, const char *key, const struct oci_strings *words)
{
    if (words->n == 0 || (words->n == 1 && str_eq(words->v[0], ".")))
        return;
    strbuf_adds(out, key);
    for (size_t i = 0; i < words->n; i++)
        strbuf_addf(out, " %s", words->v[i]);
    strbuf_adds(out, "\n");
}

static int write_resolv(struct launch *l, struct error *err)
{
    /* The second is systemd-resolved's: who asks it on loopback is told there whom it asks. */
    static const char *const sources[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf" };
    const struct run_options *o = l->opt;
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    size_t servers = 0;
    bool bridge = network_is_bridge(o->network);
    for (size_t i = 0; bridge && servers == 0 && i < (o->dns.n > 0 ? 1 : ARRAY_LEN(sources)); i++) {
        strbuf_reset(&text);
        copy_resolv(sources[i], o, &text, &servers);
    }
    if (bridge && servers == 0 && o->dns.n == 0)
        log_warn("this host names no name server that a container could reach; give one with --dns ADDRESS");
    for (size_t i = 0; i < o->dns.n; i++)
        strbuf_addf(&text, "nameserver %s\n", o->dns.v[i]);
    add_words(&text, "search", &o->dns_search);
    add_words(&text, "options", &o->dns_options);
    return write_file(l->dirfd, "resolv.conf", &text, err);
}

int network_files(struct launch *l, struct error *err)
{
    if (!options_network_files(l->opt))
        return 0;
    int r = write_hosts(l, err);
    return r < 0 ? r : write_resolv(l, err);
}

/* Host name and domain after the address, as docker writes it. */
static int add_own_line(struct launch *l, const struct net_lease *lease, struct error *err)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    _cleanup_free_ char *old = NULL;
    size_t len;
    char address[16];
    const char *name = l->spec->hostname, *domain = l->spec->domainname;
    int r = file_read(l->dirfd, "hosts", FILE_MAX, &old, &len, err);
    if (r < 0)
        return r;
    char *own = strstr(old, OWN_LINE);
    strbuf_add(&text, old, own != NULL ? (size_t) (own - old) : len);
    net_address_format(lease->address, address);
    strbuf_addf(&text, OWN_LINE "%s\t%s", address, name != NULL ? name : l->name);
    if (name != NULL && !str_empty(domain))
        strbuf_addf(&text, ".%s %s", domain, name);
    strbuf_adds(&text, "\n");
    return write_file(l->dirfd, "hosts", &text, err);
}

/* ---- the connection ---- */

/* Of the options, into the record: a later start asks for the same. */
int network_record(const struct launch *l, struct engine_record *r, struct error *err)
{
    const struct run_options *o = l->opt;
    struct net_ports ports = o->publish;
    int e = 0;
    for (size_t i = 0; e == 0 && o->publish_all && i < o->expose.n; i++)
        e = net_ports_expose(r->arena, o->expose.v[i], &ports, err);
    const struct oci_strings *exposed = &l->image->config.exposed_ports;
    for (size_t i = 0; e == 0 && o->publish_all && i < exposed->n; i++) {
        e = net_ports_expose(r->arena, exposed->v[i], &ports, err);
        if (e < 0)
            e = error_context(err, e, "a port that the image exposes");
    }
    for (size_t i = 0; e == 0 && i < ports.n; i++)
        oci_strings_add(r->arena, &r->ports, net_port_format(r->arena, &ports.v[i]));
    r->ip = o->ip;
    r->mac = o->mac;
    return e;
}

static int request_of(struct launch *l, struct net_request *req, struct error *err)
{
    const struct engine_record *rec = l->record;
    int r = 0;
    *req = (struct net_request){ .id = l->id };
    for (size_t i = 0; r == 0 && i < rec->ports.n; i++)
        r = net_ports_parse(l->a, rec->ports.v[i], &req->ports, err);
    if (r == 0 && rec->ip != NULL)
        r = net_address_parse(rec->ip, &req->address);
    req->has_mac = rec->mac != NULL;
    if (r == 0 && req->has_mac)
        r = net_mac_parse(rec->mac, req->mac);
    return r < 0 ? error_context(err, r, "the record of container %.12s", l->id) : 0;
}

int network_attach(void *arg, int proc_fd, pid_t pid, struct error *err)
{
    struct launch *l = arg;
    struct net_request req;
    struct net_lease lease = { 0 };
    char path[48];
    int r = request_of(l, &req, err);
    if (r < 0 || str_format(path, sizeof(path), "%d/ns/net", (int) pid) < 0)
        return r < 0 ? r : -ENAMETOOLONG;
    int netns = file_open(proc_fd, path, O_RDONLY, 0, err);
    if (netns < 0)
        return netns;
    r = net_attach(l->e->state, &req, netns, l->a, &lease, err);
    close(netns); /* really: it would keep the interfaces alive */
    if (r == 0)
        r = add_own_line(l, &lease, err);
    if (r < 0)
        return r;
    const char *obstacle = net_obstacle(l->a);
    if (obstacle != NULL)
        log_warn("%s", obstacle);
    return 0;
}

container_network_fn *network_for(const struct launch *l)
{
    return network_is_bridge(l->record->network) ? network_attach : NULL;
}

void network_release(struct engine *e, const struct engine_record *r)
{
    struct error err = { 0 };
    if (r->network != NULL && !network_is_bridge(r->network))
        return;
    if (net_release(e->state, r->id, &err) < 0)
        log_warn("the network of container %.12s could not be given back: %s", r->id, err.msg);
}

int engine_lease(struct engine *e, const struct engine_container *c, struct arena *a, struct net_lease *ret,
                 struct error *err)
{
    bool runs = c->status == ENGINE_RUNNING || c->status == ENGINE_PAUSED;
    return runs && network_is_bridge(c->record->network)
               ? net_lease_read(e->state, c->record->id, a, ret, err)
               : -ENOENT;
}

int engine_network_reload(struct engine *e, struct error *err)
{
    struct runtime *rt;
    if (rootless_inside())
        return error_set(err, -EPERM, "the network's rules are root's");
    int r = engine_runtime(e, &rt, err); /* makes and checks the directory */
    return r < 0 ? r : net_reload(e->state, err);
}
