// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the record is a symbolic link "resctrl" in the state directory, made before the groups are; its text says which are
 * ours to remove: letters (c: the class, n: it has the container's name, m: a monitoring group), a slash, the class.
 *
 * Threat: a group that is left behind by a kill; there are few of them (the processor has 8 or 16 classes), so leaks soon refuse
 * the next container.
 */
#include "runtime/rdt.h"

#include <errno.h>
#include <limits.h>

#include "confine/resctrl.h"
#include "sys/file.h"

#define RECORD "resctrl"

static int record(int dirfd, const struct resctrl_group *g, struct error *err)
{
    _cleanup_free_ char *text = xasprintf("%s%s%s/%s", g->made_clos ? "c" : "", g->own_name ? "n" : "",
                                          g->own_mon ? "m" : "", g->clos);
    if (!g->made_clos && !g->own_mon)
        return 0;
    return symlinkat(text, dirfd, RECORD) < 0 ? error_errno(err, -errno, "cannot record the resctrl group")
                                              : 0;
}

int rdt_begin(const struct oci_intel_rdt *rdt, int dirfd, const char *id, struct error *err)
{
    struct resctrl_group g;
    if (!rdt->set)
        return 0;
    _cleanup_close_ int root = resctrl_open(err);
    int r = root < 0 ? root : resctrl_plan(root, rdt, id, &g, err);
    if (r >= 0)
        r = record(dirfd, &g, err);
    if (r >= 0) {
        r = resctrl_make(root, &g, err);
        if (r < 0) /* it may be another container's by now */
            unlinkat(dirfd, RECORD, 0);
    }
    return r < 0 ? r : resctrl_fill(root, rdt, &g, err);
}

int rdt_join(const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct error *err)
{
    if (!rdt->set)
        return 0;
    const struct resctrl_group g = { .clos = !rdt->clos_id               ? id
                                             : str_eq(rdt->clos_id, "/") ? ""
                                                                         : rdt->clos_id,
                                     .id = id,
                                     .own_mon = rdt->enable_monitoring.set && rdt->enable_monitoring.v };
    _cleanup_close_ int root = resctrl_open(err);
    return root < 0 ? root : resctrl_join(root, &g, pid, err);
}

/* 0: nothing is recorded, 1: *ret points into text. */
static int read_record(int dirfd, const char *id, char text[static PATH_MAX], struct resctrl_group *ret,
                       struct error *err)
{
    ssize_t n = readlinkat(dirfd, RECORD, text, PATH_MAX - 1);
    if (n < 0)
        return 0;
    text[n] = '\0';
    char *clos = strchr(text, '/');
    if (!clos)
        return error_set(err, -EBADMSG, "the record of the resctrl group of %s is damaged", id);
    *clos++ = '\0';
    *ret = (struct resctrl_group){ .clos = clos,
                                   .id = id,
                                   .made_clos = strchr(text, 'c') != NULL,
                                   .own_name = strchr(text, 'n') != NULL,
                                   .own_mon = strchr(text, 'm') != NULL };
    return 1;
}

int rdt_update(const struct oci_intel_rdt *change, int dirfd, const char *id, struct error *err)
{
    char text[PATH_MAX];
    struct resctrl_group g;
    int r = read_record(dirfd, id, text, &g, err);
    if (r == 0)
        return error_set(err, -EPERM,
                         "container %s has no class of service of its own (linux.intelRdt) to change", id);
    if (r < 0)
        return r;
    _cleanup_close_ int root = resctrl_open(err);
    return root < 0 ? root : resctrl_change(root, change, &g, err);
}

int rdt_forget(int dirfd, const char *id, struct error *err)
{
    char text[PATH_MAX];
    struct resctrl_group g;
    int r = read_record(dirfd, id, text, &g, err);
    if (r <= 0)
        return r;
    _cleanup_close_ int root = resctrl_open(NULL);
    return root < 0 ? 0 : resctrl_remove(root, &g, err); /* unmounted: the groups have gone with it */
}
