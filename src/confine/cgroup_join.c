// SPDX-License-Identifier: Apache-2.0
/*
 * Processes into cgroups: a container's first one by itself, others from outside, all of them where a hierarchy is added later; and the
 * way down from the container's cgroup to one below it, which exec can be told to go.
 *
 * Threat: the container makes cgroups below its own and names them as it likes: the way down follows no links and leaves neither
 * the directory nor the file system.
 */
#include "confine/cgroup_impl.h"
#include "sys/syscall.h"

static int descend(struct cgroup_hier *h, const char *path, struct error *err)
{
    _cleanup_close_ int dir = sys_openat2(h->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
                                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    if (dir < 0)
        return errno == ENOENT ? -ENOENT : error_errno(err, -errno, "cannot open cgroup %s", path);
    int join = openat(dir, h->v2 ? "cgroup.procs" : "tasks", (h->v2 ? O_RDWR : O_WRONLY) | O_CLOEXEC);
    if (join < 0)
        return error_errno(err, -errno, "cannot open the process list of cgroup %s", path);
    close(h->joinfd);
    close(h->dirfd);
    h->joinfd = join;
    h->dirfd = TAKE_FD(dir);
    return 0;
}

/* The hierarchy of cg that a controller's name means; v2 has them all. */
static struct cgroup_hier *hier_named(struct cgroup *cg, const char *name, size_t len)
{
    for (size_t i = 0; i < cg->n; i++)
        for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
            const char *known = cgroup_controller_name(c, cg->h[i].v2);
            if ((cg->h[i].v2 || (cg->h[i].controllers & CGROUP_BIT(c))) && known && strlen(known) == len &&
                strncmp(known, name, len) == 0)
                return &cg->h[i];
        }
    return NULL;
}

int cgroup_descend(struct cgroup *cg, const char *where, struct error *err)
{
    const char *colon = strchr(where, ':'), *path = colon ? colon + 1 : where;
    bool found = false;
    int r = 0;
    path += strspn(path, "/");
    if (*path == '\0')
        return 0; /* the container's own */
    for (const char *name = where; colon && name < colon;) {
        size_t len = strcspn(name, ",:");
        struct cgroup_hier *h = hier_named(cg, name, len);
        r = h ? descend(h, path, err) : -ENOENT;
        if (r < 0)
            return r == -ENOENT ? error_set(err, r, "--cgroup: the container has no cgroup %s in %.*s", path,
                                            (int) len, name)
                                : r;
        name += len + (name + len < colon);
    }
    for (size_t i = 0; !colon && i < cg->n; i++) {
        r = descend(&cg->h[i], path, err);
        if (r < 0 && r != -ENOENT)
            return r;
        found |= r == 0;
    }
    return colon || found ? 0 : error_set(err, -ENOENT, "--cgroup: the container has no cgroup %s", path);
}

int cgroup_clone_fd(const struct cgroup *cg)
{
    const struct cgroup_hier *h = cgroup_hier_v2(cg);

    return h ? h->dirfd : -1;
}

/* Is the caller in the list that fd (cgroup.procs) shows? Pids there are of the reader's own pid namespace. */
static bool listed_self(int fd)
{
    char buf[4096], mine[16];
    size_t keep = 0;
    off_t at = 0;
    int len = str_format(mine, sizeof mine, "\n%d\n", (int) getpid());

    buf[keep++] = '\n';
    for (;;) {
        ssize_t n = pread(fd, buf + keep, sizeof buf - keep, at);
        if (n <= 0 || len < 0)
            return false;
        at += n;
        if (memmem(buf, keep + (size_t) n, mine, (size_t) len))
            return true;
        n += (ssize_t) keep;
        keep = MIN_OF((size_t) n, sizeof mine);
        memmove(buf, buf + n - keep, keep);
    }
}

int cgroup_join_self(const struct cgroup *cg, struct error *err)
{
    for (size_t i = 0; i < cg->n; i++) {
        const struct cgroup_hier *h = &cg->h[i];
        if (h->v2 && listed_self(h->joinfd))
            continue;
        if (write(h->joinfd, "0", 1) < 0)
            return error_errno(err, -errno, "cannot enter cgroup %s%s", h->root, cg->path);
    }
    return 0;
}

static int add_pid(const struct cgroup *cg, const struct cgroup_hier *h, pid_t pid, struct error *err)
{
    char text[16];
    int r = str_format(text, sizeof text, "%d", (int) pid);
    _cleanup_close_ int fd = -1;

    if (r < 0)
        return error_set(err, r, "bad pid");
    fd = file_open(h->dirfd, "cgroup.procs", O_WRONLY, 0, err);
    if (fd < 0)
        return fd;
    if (write(fd, text, (size_t) r) < 0)
        return error_errno(err, -errno, "cannot put process %d into cgroup %s%s", (int) pid, h->root,
                           cg->path);
    return 0;
}

int cgroup_add_pid(const struct cgroup *cg, pid_t pid, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < cg->n && r == 0; i++)
        r = add_pid(cg, &cg->h[i], pid, err);
    return r;
}

int cgroup_move_all(const struct cgroup *cg, const struct cgroup_hier *h, struct error *err)
{
    for (int round = 0; round < 1000; round++) {
        _cleanup_pid_list_ struct pid_list all = { 0 }, in = { 0 };
        size_t moved = 0;
        int r = cgroup_all_pids(cg, &all, err);
        if (r == 0)
            r = cgroup_tree_pids(h->dirfd, &in, err);
        for (size_t i = 0; i < all.n && r == 0; i++) {
            if (pid_list_has(&in, all.v[i]))
                continue;
            r = add_pid(cg, h, all.v[i], err);
            moved += r == 0;
            if (r == -ESRCH) /* gone meanwhile */
                r = 0;
        }
        if (r < 0)
            return r;
        if (moved == 0)
            return 0;
    }
    return error_set(err, -EBUSY, "processes of cgroup %s fork faster than they can be moved", cg->path);
}
