// SPDX-License-Identifier: Apache-2.0
/*
 * Where an ordinary user may make cgroups. Version 2 only: a subtree is delegated by giving its directory, cgroup.procs and
 * cgroup.subtree_control to the user (kernel: cgroup-v2.rst "Delegation"). A process may be moved only where the user can write the
 * cgroup.procs of the nearest common ancestor, so our own cgroup or the one above it is the place. What it can pass on is what
 * it has, when no process is in it, else what it passes on already.
 */
#include "confine/cgroup_impl.h"

/* Our cgroup's path in the v2 tree, from /proc/self/cgroup ("0::/PATH"). NULL: none, or outside of the cgroup namespace. */
static char *own_path(void)
{
    _cleanup_free_ char *text = NULL;
    if (file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_VALUE_MAX, &text, NULL, NULL) < 0)
        return NULL;
    for (char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *path = str_after(line, "0::/");
        if (path)
            return xstrndup(path - 1, strcspn(path, "\n") + 1);
    }
    return NULL;
}

static bool may_write(int base, const char *path)
{
    char full[PATH_MAX];
    static const char *const files[] = { "", "/cgroup.procs", "/cgroup.subtree_control" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (str_format(full, sizeof(full), ".%s%s", path, files[i]) < 0 ||
            faccessat(base, full, W_OK, AT_EACCESS) < 0)
            return false;
    return true;
}

static unsigned passes_on(int base, const char *path)
{
    _cleanup_free_ char *procs = NULL, *text = NULL;
    char full[PATH_MAX];
    if (str_format(full, sizeof(full), ".%s/cgroup.procs", path) < 0 ||
        file_read(base, full, CGROUP_VALUE_MAX, &procs, NULL, NULL) < 0)
        return 0;
    const char *file = procs[0] ? "cgroup.subtree_control" : "cgroup.controllers";
    if (str_format(full, sizeof(full), ".%s/%s", path, file) < 0 ||
        file_read(base, full, CGROUP_VALUE_MAX, &text, NULL, NULL) < 0)
        return 0;
    return cgroup_parse_controllers(text, true);
}

char *cgroup_delegated(unsigned *ret_controllers)
{
    struct cgroup_host h;
    *ret_controllers = 0;
    if (cgroup_host_open(&h, NULL) < 0)
        return NULL;
    _cleanup_free_ char *own = h.v2_base ? own_path() : NULL;
    char *found = NULL;
    if (own && cgroup_path_check(own, NULL) == 0) {
        _cleanup_free_ char *above = xstrndup(own, (size_t) (strrchr(own, '/') - own));
        const char *const places[] = { above, own };
        for (size_t i = 0; i < ARRAY_LEN(places) && !found; i++)
            if (places[i][0] && may_write(h.base, places[i])) {
                found = xstrdup(places[i]);
                *ret_controllers = passes_on(h.base, found);
            }
    }
    cgroup_host_close(&h);
    return found;
}
