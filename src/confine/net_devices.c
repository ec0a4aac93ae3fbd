// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one netlink socket in each of the two namespaces. Everything is looked up on both sides first, then each
 * interface is moved and named in one request, found again by its new name (its index may have changed), given its addresses
 * and brought up. A new name that ends in "%d" is completed here with the first free number, as the kernel would do, so that
 * the interface can be found again.
 *
 * Threat: an interface of the host that goes somewhere else than was meant. Other names are exact: the kernel would take any '%'
 * as a pattern to be filled in, so it is refused; the target must not be the namespace that we are in.
 */
#include "confine/net_devices.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>

#include "sys/file.h"
#include "sys/netlink.h"
#include "sys/syscall.h"

#define INTERFACES_MAX 32768 /* the kernel looks through so many as well (8 pages of bits) */

struct move {
    struct netlink host, container;
    int target; /* the container's network namespace */
};

static const char *new_name(const struct oci_net_device *d)
{
    return str_empty(d->name) ? d->host_name : d->name;
}

/* "eth%d", and no other '%'. */
static bool is_template(const char *name)
{
    const char *percent = strchr(name, '%');
    return percent && percent != name && str_eq(percent, "%d");
}

int net_devices_check(const struct oci_linux *l, struct error *err)
{
    if (l->n_net_devices > 0 && !l->namespaces[OCI_NS_NETWORK].set)
        return error_set(err, -EINVAL, "linux.netDevices: needs a network namespace in linux.namespaces");
    for (size_t i = 0; i < l->n_net_devices; i++) {
        const struct oci_net_device *d = &l->net_devices[i];
        bool template = is_template(new_name(d));
        if ((strchr(new_name(d), '%') && !template) || strchr(d->host_name, '%'))
            return error_set(err, -EINVAL,
                             "linux.netDevices.%s: a name may have a %% only in a %%d at its end",
                             d->host_name);
        for (size_t k = 0; k < i && !template; k++)
            if (str_eq(new_name(d), new_name(&l->net_devices[k])))
                return error_set(err, -EINVAL, "linux.netDevices.%s: %s would be called %s too", d->host_name,
                                 l->net_devices[k].host_name, new_name(d));
    }
    return 0;
}

/* A socket in the container's namespace; we come back at once. */
static int open_inside(struct move *m, int own, struct error *err)
{
    if (setns(m->target, CLONE_NEWNET) < 0)
        return error_errno(err, -errno, "cannot enter the container's network namespace");
    int r = netlink_open(&m->container, err);
    if (setns(own, CLONE_NEWNET) < 0)
        return error_errno(err, -errno, "cannot return to the network namespace");
    return r;
}

static int open_both(struct move *m, int proc_fd, pid_t pid, struct error *err)
{
    char path[48];
    struct stat a, b;
    if (str_format(path, sizeof(path), "%d/ns/net", (int) pid) < 0)
        return -ENAMETOOLONG;
    _cleanup_close_ int own = file_open(proc_fd, "self/ns/net", O_RDONLY, 0, err);
    if (own < 0)
        return own;
    m->target = file_open(proc_fd, path, O_RDONLY, 0, err);
    if (m->target < 0)
        return m->target;
    if (fstat(own, &a) < 0 || fstat(m->target, &b) < 0)
        return error_errno(err, -errno, "cannot look at the network namespaces");
    if (a.st_ino == b.st_ino && a.st_dev == b.st_dev)
        return error_set(err, -EINVAL, "the container's network namespace is the runtime's own");
    int r = netlink_open(&m->host, err);
    return r < 0 ? r : open_inside(m, own, err);
}

/* Whatever can be known to fail, before anything is moved. */
static int look(struct move *m, const struct oci_net_device *d, struct error *err)
{
    uint32_t index;
    int r = netlink_link_index(&m->host, d->host_name, &index, err);
    if (r < 0)
        return r;
    if (is_template(new_name(d)))
        return 0;
    r = netlink_link_index(&m->container, new_name(d), &index, NULL);
    if (r == -ENODEV)
        return 0;
    return r < 0 ? error_errno(err, r, "cannot look into the container's network namespace")
                 : error_set(err, -EEXIST, "the container has an interface %s already", new_name(d));
}

static int restore_addresses(struct move *m, uint32_t index, const struct netlink_address *a, size_t n,
                             struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i].scope != RT_SCOPE_UNIVERSE || !(a[i].flags & IFA_F_PERMANENT))
            continue;
        int r = netlink_address_add(&m->container, index, &a[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The name in the container; a template is completed. */
static int choose_name(struct move *m, const struct oci_net_device *d, char ret[IFNAMSIZ], struct error *err)
{
    const char *name = new_name(d);
    size_t stem = strlen(name) - strlen("%d");
    if (!is_template(name))
        return str_format(ret, IFNAMSIZ, "%s", name);
    for (unsigned i = 0; i < INTERFACES_MAX; i++) {
        uint32_t index;
        int r = str_format(ret, IFNAMSIZ, "%.*s%u", (int) stem, name, i);
        if (r < 0)
            return error_set(err, r, "there is no room for a number in %s", name);
        r = netlink_link_index(&m->container, ret, &index, NULL);
        if (r == -ENODEV)
            return 0;
        if (r < 0)
            return error_errno(err, r, "cannot look into the container's network namespace");
    }
    return error_set(err, -ENFILE, "the container has no name left for %s", name);
}

static int move_one(struct move *m, const struct oci_net_device *d, struct error *err)
{
    _cleanup_free_ struct netlink_address *addresses = NULL;
    char name[IFNAMSIZ];
    size_t n = 0;
    uint32_t index;
    int r = choose_name(m, d, name, err);
    if (r >= 0)
        r = netlink_link_index(&m->host, d->host_name, &index, err);
    if (r >= 0)
        r = netlink_addresses(&m->host, index, &addresses, &n, err);
    if (r >= 0)
        r = netlink_link_move(&m->host, index, m->target, name, err);
    if (r >= 0)
        r = netlink_link_index(&m->container, name, &index, err);
    if (r >= 0)
        r = restore_addresses(m, index, addresses, n, err);
    if (r >= 0)
        r = netlink_link_up(&m->container, index, err);
    return r;
}

int net_devices_move(const struct oci_linux *l, int proc_fd, pid_t pid, struct error *err)
{
    if (l->n_net_devices == 0)
        return 0;
    struct move m = { .host = NETLINK_INIT, .container = NETLINK_INIT, .target = -1 };
    int r = open_both(&m, proc_fd, pid, err);
    if (r < 0)
        r = error_context(err, r, "linux.netDevices");
    for (int moving = 0; moving < 2; moving++)
        for (size_t i = 0; r >= 0 && i < l->n_net_devices; i++) {
            const struct oci_net_device *d = &l->net_devices[i];
            r = moving ? move_one(&m, d, err) : look(&m, d, err);
            if (r < 0)
                r = error_context(err, r, "linux.netDevices.%s", d->host_name);
        }
    netlink_close(&m.host);
    netlink_close(&m.container);
    cleanup_close(&m.target);
    return r;
}
