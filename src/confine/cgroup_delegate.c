// SPDX-License-Identifier: Apache-2.0
/*
 * Version 2: what a container may do with its own cgroup. The kernel's "no internal processes" rule shapes all of it: a cgroup that
 * passes controllers on to those below it can hold no process itself. So a container that divides its cgroup (systemd, another engine)
 * moves its processes down first, exec has to go where they went, and a cgroup that is delegated from the start lies below the
 * one with the limits.
 *
 * Threats: a container that lifts its own limits: what is given are the directory and the files of the kernel's list, by which
 * processes are moved and controllers passed on, never a limit's file. A path of the container's choice (/proc/PID/cgroup): it
 * must lie below the container's cgroup, and is walked beneath a descriptor of that.
 */
#include "confine/cgroup_impl.h"

#define DELEGATE_LIST "/sys/kernel/cgroup/delegate" /* Linux 4.15 */

static int give(int dirfd, uid_t uid, struct error *err)
{
    _cleanup_free_ char *list = NULL;
    char *save = NULL;

    /* runtime-spec, "Cgroup ownership": these three where the kernel has no list; a file that is not there is none. */
    if (file_read(AT_FDCWD, DELEGATE_LIST, CGROUP_VALUE_MAX, &list, NULL, NULL) < 0)
        list = xstrdup("cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
    if (fchown(dirfd, uid, (gid_t) -1) < 0)
        return error_errno(err, -errno, "cannot give the cgroup to user %u", (unsigned) uid);
    for (char *name = strtok_r(list, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
        if (strchr(name, '/') || fchownat(dirfd, name, uid, (gid_t) -1, AT_SYMLINK_NOFOLLOW) == 0 ||
            errno == ENOENT)
            continue;
        return error_errno(err, -errno, "cannot give the cgroup's %s to user %u", name, (unsigned) uid);
    }
    return 0;
}

int cgroup_give(const struct cgroup *cg, uid_t uid, struct error *err)
{
    const struct cgroup_hier *h = cgroup_hier_v2(cg);

    return cg->host.v2_base && h && uid != 0 ? give(h->dirfd, uid, err) : 0;
}

/* "+cpu +memory": all that the cgroup has itself. */
static int all_controllers(int dirfd, char **ret, struct error *err)
{
    _cleanup_free_ char *have = NULL;
    char *save = NULL, *text = xstrdup("");
    int r = file_read(dirfd, "cgroup.controllers", CGROUP_VALUE_MAX, &have, NULL, err);

    for (char *name = r < 0 ? NULL : strtok_r(have, " \n", &save); name;
         name = strtok_r(NULL, " \n", &save)) {
        char *longer = xasprintf("%s%s+%s", text, text[0] ? " " : "", name);
        free(text);
        text = longer;
    }
    *ret = text;
    return r;
}

int cgroup_delegate(struct cgroup *cg, const char *name, uid_t uid, struct error *err)
{
    const struct cgroup_hier *h = cgroup_hier_v2(cg);
    char path[NAME_MAX + 2];
    int r;

    if (!cg->host.v2_base || !h)
        return error_set(err, -EOPNOTSUPP,
                         "a cgroup can be delegated on a host with cgroup version 2 alone only");
    if (strchr(name, '/') || str_format(path, sizeof(path), "/%s", name) < 0 ||
        cgroup_path_check(path, NULL) < 0)
        return error_set(err, -EINVAL, "\"%s\" is not the name of a cgroup", name);
    if (mkdirat(h->dirfd, name, 0755) < 0)
        return error_errno(err, -errno, "cannot make the cgroup %s", name);
    _cleanup_close_ int dir = file_open(h->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
    r = dir < 0 ? dir : uid != 0 ? give(dir, uid, err) : 0;
    if (r >= 0)
        r = all_controllers(h->dirfd, &cg->delegate_controllers, err);
    if (r >= 0)
        r = cg->delegate_fd = file_open(dir, "cgroup.procs", O_WRONLY, 0, err);
    if (r >= 0)
        r = cg->control_fd = file_open(h->dirfd, "cgroup.subtree_control", O_WRONLY, 0, err);
    return r < 0 ? r : 0;
}

int cgroup_enter_delegated(const struct cgroup *cg, struct error *err)
{
    const char *all = cg->delegate_controllers;

    if (cg->delegate_fd < 0)
        return 0;
    if (write(cg->delegate_fd, "0", 1) < 0)
        return error_errno(err, -errno, "cannot enter the delegated cgroup");
    if (all[0] != '\0' && write(cg->control_fd, all, strlen(all)) < 0)
        return error_errno(err, -errno, "cannot pass \"%s\" on to the delegated cgroup", all);
    return 0;
}

int cgroup_follow(struct cgroup *cg, int proc_fd, pid_t pid, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char name[32], *save = NULL;
    int r = cg->host.v2_base ? str_format(name, sizeof(name), "%d/cgroup", (int) pid) : -EBUSY;

    if (r > 0)
        r = file_read(proc_fd, name, CGROUP_VALUE_MAX, &text, NULL, err);
    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *path = str_after(line, "0::"), *below = path ? str_after(path, cg->path) : NULL;
        if (below && below[0] == '/')
            return cgroup_descend(cg, below, err);
    }
    return error_set(err, -EBUSY,
                     "no process can be put into cgroup %s, nor is the container's first one below it",
                     cg->path);
}
