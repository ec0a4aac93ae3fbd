// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: symlinkat() is the claim, the lease says what belongs to it. A claim is looked at when somebody needs the same: its owner's
 * interface is gone when the owner's namespace is, whatever ended it, and then all that the owner had is released. That is done under the
 * lock of .net, so nobody is between a claim and his interface then.
 *
 * Threat: an address that is given to another container while a published port still leads to it. Elements of the maps are taken away
 * before the claim of an address is.
 */
#include "net/lease.h"

#include <errno.h>
#include <sys/file.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "net/rules.h"
#include "sys/file.h"
#include "sys/netfilter.h"
#include "sys/netlink.h"

#define LEASE_MAX (256u << 10)
#define ID_LENGTH 64

int net_dir_open(const char *state, bool create, struct net_dir *ret, struct error *err)
{
    static const char *const below[] = { "address", "port", "lease" };
    struct net_dir d = { .path = xasprintf("%s/.net", state) };
    d.fd = dir_open(AT_FDCWD, d.path, NULL);
    int r = d.fd;
    if (r == -ENOENT && create) {
        r = dir_make_all(AT_FDCWD, d.path, 0700, err);
        if (r == 0)
            r = d.fd = dir_open(AT_FDCWD, d.path, err);
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(below); i++)
            if (mkdirat(d.fd, below[i], 0700) < 0 && errno != EEXIST)
                r = error_errno(err, -errno, "cannot make %s/%s", d.path, below[i]);
    } else if (r < 0 && r != -ENOENT) {
        error_errno(err, r, "cannot open %s", d.path);
    }
    if (r >= 0)
        r = dir_check_private(d.fd, d.path, err);
    if (r >= 0)
        r = file_lock(d.fd, LOCK_EX, d.path, err);
    if (r < 0) {
        net_dir_close(&d);
        return r;
    }
    *ret = d;
    return 0;
}

void net_dir_close(struct net_dir *d)
{
    if (d->fd >= 0)
        close(d->fd);
    free(d->path);
    *d = (struct net_dir){ .fd = -1 };
}

/* ---- the text of a lease ---- */

static int read_first_line(char *line, struct net_lease *l)
{
    char *words[4];
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        words[i] = strsep(&line, " ");
        if (words[i] == NULL)
            return -EINVAL;
    }
    return net_address_parse(words[0], &l->address) < 0 || net_address_parse(words[1], &l->gateway) < 0 ||
                   net_mac_parse(words[2], l->mac) < 0 || line != NULL ||
                   str_format(l->interface, sizeof(l->interface), "%s", words[3]) < 0
               ? -EINVAL
               : 0;
}

int lease_look(int dirfd, const char *id, struct arena *a, struct net_lease *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char path[80];
    size_t len;
    struct net_lease l = { 0 };
    if (str_format(path, sizeof(path), "lease/%s", id) < 0)
        return -ENOENT;
    int r = file_read(dirfd, path, LEASE_MAX, &text, &len, NULL);
    if (r < 0)
        return r == -ENOENT ? r : error_errno(err, r, "cannot read the lease of container %.12s", id);
    char *rest = text, *line = strsep(&rest, "\n");
    r = line != NULL ? read_first_line(line, &l) : -EINVAL;
    while (r == 0 && (line = strsep(&rest, "\n")) != NULL && line[0] != '\0')
        r = net_ports_parse(a, line, &l.ports, NULL);
    if (r < 0)
        return error_set(err, -EINVAL, "the lease of container %.12s is damaged", id);
    *ret = l;
    return 0;
}

int lease_write(struct net_dir *d, const char *id, const struct net_lease *l, struct error *err)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    _cleanup_arena_ struct arena *a = arena_new();
    char address[16], gateway[16], path[80];
    net_address_format(l->address, address);
    net_address_format(l->gateway, gateway);
    strbuf_addf(&text, "%s %s %02x:%02x:%02x:%02x:%02x:%02x %s\n", address, gateway, l->mac[0], l->mac[1],
                l->mac[2], l->mac[3], l->mac[4], l->mac[5], l->interface);
    for (size_t i = 0; i < l->ports.n; i++)
        strbuf_addf(&text, "%s\n", net_port_format(a, &l->ports.v[i]));
    if (str_format(path, sizeof(path), "lease/%s", id) < 0)
        return -ENAMETOOLONG;
    return file_replace(d->fd, path, text.buf, text.len, 0600, false, err);
}

int net_lease_read(const char *state, const char *id, struct arena *a, struct net_lease *ret,
                   struct error *err)
{
    _cleanup_free_ char *path = xasprintf("%s/.net", state);
    _cleanup_close_ int fd = dir_open(AT_FDCWD, path, NULL);
    return fd < 0 ? -ENOENT : lease_look(fd, id, a, ret, err);
}

const char *lease_port_name(struct arena *a, const struct net_port *p, uint32_t address)
{
    char text[16];
    net_address_format(address, text);
    return arena_printf(a, "%s-%u-%s", net_protocol_name(p->protocol), p->first, text);
}

/* ---- release ---- */

static int owner_of(int fd, const char *path, char *owner)
{
    char text[ID_LENGTH + 2];
    ssize_t n = readlinkat(fd, path, text, sizeof(text));
    if (n < 0)
        return -errno;
    if (n > ID_LENGTH)
        n = ID_LENGTH;
    memcpy(owner, text, (size_t) n);
    owner[n] = '\0';
    return 0;
}

static int unlink_own(struct net_dir *d, const char *kind, const char *name, const char *id,
                      struct error *err)
{
    char path[80], owner[ID_LENGTH + 1];
    if (str_format(path, sizeof(path), "%s/%s", kind, name) < 0 || owner_of(d->fd, path, owner) < 0 ||
        !str_eq(owner, id))
        return 0;
    return unlinkat(d->fd, path, 0) < 0 && errno != ENOENT
               ? error_errno(err, -errno, "cannot give %s back", path)
               : 0;
}

static int unpublish(const struct net_lease *l, struct error *err)
{
    if (l->ports.n == 0)
        return 0;
    _cleanup_close_ int fd = netfilter_open(err);
    int r = fd < 0 ? fd : 0;
    for (size_t i = 0; r == 0 && i < l->ports.n; i++)
        r = rules_unpublish(fd, &l->ports.v[i], err);
    return r;
}

int lease_release(struct net_dir *d, const char *id, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_lease l = { 0 };
    char name[80], address[16];
    int r = lease_look(d->fd, id, a, &l, err);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = unpublish(&l, err);
    for (size_t i = 0; r == 0 && i < l.ports.n; i++)
        r = unlink_own(d, "port", lease_port_name(a, &l.ports.v[i], l.ports.v[i].address), id, err);
    net_address_format(l.address, address);
    if (r == 0)
        r = unlink_own(d, "address", address, id, err);
    if (r == 0 && str_format(name, sizeof(name), "lease/%s", id) > 0 && unlinkat(d->fd, name, 0) < 0 &&
        errno != ENOENT)
        r = error_errno(err, -errno, "cannot give the lease of container %.12s back", id);
    return r;
}

int net_release(const char *state, const char *id, struct error *err)
{
    _cleanup_free_ char *path = xasprintf("%s/.net/lease/%s", state, id);
    struct net_dir d;
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    int r = net_dir_open(state, false, &d, err);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = lease_release(&d, id, err);
    net_dir_close(&d);
    return r;
}

/* ---- claims ---- */

static bool interface_exists(const char *name)
{
    struct netlink nl = NETLINK_INIT;
    uint32_t index;
    int r = netlink_open(&nl, NULL);
    if (r == 0)
        r = netlink_link_index(&nl, name, &index, NULL);
    netlink_close(&nl);
    return r != -ENODEV;
}

static bool is_stale(struct net_dir *d, const char *owner)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_lease l = { 0 };
    int r = lease_look(d->fd, owner, a, &l, NULL);
    return r == -ENOENT || (r == 0 && !interface_exists(l.interface));
}

int lease_taken(struct net_dir *d, const char *kind, const char *name, const char *id, char *owner)
{
    char path[80];
    if (str_format(path, sizeof(path), "%s/%s", kind, name) < 0)
        return -ENAMETOOLONG;
    int r = owner_of(d->fd, path, owner);
    if (r < 0 || str_eq(owner, id))
        return r == -ENOENT || r == 0 ? 0 : r;
    if (!is_stale(d, owner) || lease_release(d, owner, NULL) < 0)
        return -EADDRINUSE;
    return unlinkat(d->fd, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int lease_claim(struct net_dir *d, const char *kind, const char *name, const char *id, char *owner,
                struct error *err)
{
    char path[80];
    int r = lease_taken(d, kind, name, id, owner);
    if (r < 0)
        return r == -EADDRINUSE ? r : error_errno(err, r, "cannot claim the %s %s", kind, name);
    if (str_format(path, sizeof(path), "%s/%s", kind, name) < 0)
        return -ENAMETOOLONG;
    return symlinkat(id, d->fd, path) < 0 && errno != EEXIST
               ? error_errno(err, -errno, "cannot claim the %s %s", kind, name)
               : 0;
}

struct collect {
    struct net_dir *d;
    struct arena *a;
    struct net_lease *v;
    size_t n;
    struct error *err;
};

static int collect_one(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct collect *c = arg;
    struct net_lease l = { 0 };
    (void) dirfd;
    (void) type;
    int r = lease_look(c->d->fd, name, c->a, &l, c->err);
    if (r < 0)
        return r == -ENOENT ? 0 : r; /* a temporary file of one that is being written */
    if (!interface_exists(l.interface))
        return lease_release(c->d, name, c->err);
    c->v = arena_grow(c->a, c->v, c->n, c->n + 1, sizeof(*c->v));
    c->v[c->n++] = l;
    return 0;
}

int lease_all(struct net_dir *d, struct arena *a, struct net_lease **ret, size_t *ret_n, struct error *err)
{
    struct collect c = { .d = d, .a = a, .err = err };
    int r = dir_each(d->fd, "lease", collect_one, &c, err);
    *ret = c.v;
    *ret_n = c.n;
    return r;
}
