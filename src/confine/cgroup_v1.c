// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup v1: one hierarchy a controller, some of them co-mounted ("cpu,cpuacct").
 *
 * Threats: a control that is silently not applied because its hierarchy is missing (-ENXIO goes up and becomes an error that
 * names the field); a cpuset without cpus, which nobody can join (filled from its parent); a container that sees or writes
 * other cgroups through its /sys/fs/cgroup (its mount shows only hierarchies that it uses, from its cgroup namespace's root,
 * read-only). A frozen process cannot be killed, so nothing here leaves a half-frozen container behind.
 */
#include "confine/cgroup_impl.h"

#include <time.h>

#include "base/clock.h"
#include "sys/mnt.h"

#define FREEZE_MS 10000

/* A new cpuset has no cpus and no memory nodes, and nobody may enter it. Takes over those of its parent where it has none. */
static int cpuset_inherit(int base, const char *dir, const char *parent, struct error *err)
{
    static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        _cleanup_free_ char *own = NULL, *theirs = NULL;
        char path[PATH_MAX];
        int r = str_format(path, sizeof path, "%s/%s", dir, files[i]);
        if (r > 0)
            r = file_read(base, path, CGROUP_VALUE_MAX, &own, NULL, err);
        if (r < 0)
            return r;
        if (own && own[0] != '\0' && own[0] != '\n')
            continue;
        r = str_format(path, sizeof path, "%s/%s", parent, files[i]);
        if (r > 0)
            r = file_read(base, path, CGROUP_VALUE_MAX, &theirs, NULL, err);
        if (r >= 0)
            r = str_format(path, sizeof path, "%s/%s", dir, files[i]);
        if (r > 0)
            r = file_write_value(base, path, theirs, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* For each directory from the first below the root down to the leaf: those without cpus get their parent's. */
static int cpuset_init(int base, const char *root, const char *path, struct error *err)
{
    char full[PATH_MAX], parent[PATH_MAX];
    int r = cgroup_full_path(full, root, path, err);

    for (char *p = full + strlen(root); r == 0 && *p == '/';) {
        char *next = p + 1 + strcspn(p + 1, "/"), c = *next;
        *next = '\0';
        r = str_format(parent, sizeof parent, "%.*s", (int) (p - full), full);
        if (r > 0)
            r = cpuset_inherit(base, full, parent, err);
        *next = c;
        p = next;
    }
    return r;
}

/* Another controller of a hierarchy that is already in use? */
static bool is_comounted(struct cgroup *cg, const char *full, enum cgroup_controller c)
{
    struct stat st, other;

    if (cg->n == 0 || fstatat(cg->host.base, full, &st, 0) < 0)
        return false;
    for (size_t i = 0; i < cg->n; i++) {
        if (fstat(cg->h[i].dirfd, &other) == 0 && other.st_dev == st.st_dev && other.st_ino == st.st_ino) {
            cg->h[i].controllers |= CGROUP_BIT(c);
            return true;
        }
    }
    return false;
}

/* Only these are known to be co-mounted. */
char *cgroup_v1_name(int base, const char *root, enum cgroup_controller c)
{
    char target[256];
    ssize_t n = -1;

    if (c == CGROUP_CPU || c == CGROUP_CPUACCT || c == CGROUP_NET_CLS || c == CGROUP_NET_PRIO)
        n = readlinkat(base, root, target, sizeof target);
    if (n > 0 && n < (ssize_t) sizeof target && !memchr(target, '/', (size_t) n))
        return xstrndup(target, (size_t) n);
    return xstrdup(cgroup_controller_name(c, false));
}

/* The directory that was just made, as a hierarchy of cg. -ENXIO: it is no cgroup (the controller is not mounted here). */
static int open_made(struct cgroup *cg, enum cgroup_controller c, const char *root, const char *full,
                     unsigned made, struct error *err)
{
    _cleanup_close_ int fd = openat(cg->host.base, full, O_RDONLY | O_DIRECTORY | O_CLOEXEC), joinfd = -1;
    struct cgroup_hier *h;

    if (fd < 0)
        return error_errno(err, -errno, "cannot open cgroup %s", full);
    joinfd = openat(fd, "tasks", O_WRONLY | O_CLOEXEC);
    if (joinfd < 0)
        return errno == ENOENT ? -ENXIO : error_errno(err, -errno, "cannot open tasks of cgroup %s", full);
    h = cgroup_hier_add(cg);
    h->controllers = CGROUP_BIT(c);
    h->root = xstrdup(root);
    h->name = cgroup_v1_name(cg->host.base, root, c);
    h->made = made;
    h->dirfd = TAKE_FD(fd);
    h->joinfd = TAKE_FD(joinfd);
    return c == CGROUP_CPUSET ? cpuset_init(cg->host.base, root, cg->path, err) : 0;
}

static int use_at(struct cgroup *cg, enum cgroup_controller c, const char *root, struct error *err)
{
    char full[PATH_MAX];
    unsigned made = 0;
    size_t n = cg->n;
    int r = cgroup_full_path(full, root, cg->path, err);

    if (r == 0)
        r = cgroup_make_dirs(cg->host.base, root, cg->path, &made, err);
    if (r == -EEXIST) {
        if (is_comounted(cg, full, c))
            return 0;
        r = cgroup_clear_leftover(cg->host.base, full, err);
        if (r < 0)
            return r;
        r = cgroup_make_dirs(cg->host.base, root, cg->path, &made, err);
        if (r == -EEXIST)
            return error_set(err, r, "cgroup %s%s is made by somebody else", root, cg->path);
    }
    if (r < 0)
        return r;
    r = open_made(cg, c, root, full, made, err);
    if (r < 0 && cg->n == n) /* else the caller removes it with the rest */
        cgroup_unmake_dirs(cg->host.base, root, cg->path, made);
    return r;
}

int cgroup_v1_use(struct cgroup *cg, enum cgroup_controller c, struct error *err)
{
    const char *root;
    int r = -ENOENT;

    if (cg->host.v2_base)
        return -ENXIO;
    root = cg->host.base >= 0 ? cgroup_host_v1(&cg->host, c) : NULL;
    if (root)
        r = use_at(cg, c, root, err);
    if ((r == -ENOENT || r == -ENXIO) && !cg->host.mountinfo_read) {
        r = cgroup_host_read_mountinfo(&cg->host, err);
        if (r < 0)
            return r;
        root = cgroup_host_v1(&cg->host, c);
        r = root ? use_at(cg, c, root, err) : -ENOENT;
    }
    if (r == -ENOENT) {
        error_clear(err);
        return -ENXIO;
    }
    return r;
}

/* ---- freezer ---- */

static int wait_state(const struct cgroup_hier *h, const char *state, struct error *err)
{
    int64_t end = clock_monotonic_ms() + FREEZE_MS;
    struct timespec pause = { .tv_nsec = 100 * 1000 };

    for (;;) {
        _cleanup_free_ char *text = NULL;
        int r = file_read(h->dirfd, "freezer.state", CGROUP_VALUE_MAX, &text, NULL, err);
        if (r < 0)
            return r;
        if (str_after(text, state))
            return 0;
        if (clock_monotonic_ms() > end)
            return error_set(err, -ETIMEDOUT, "the freezer did not become %s: a process does not stop",
                             state);
        /* A process that forked at the wrong moment stays awake until the state is written again. */
        r = file_write_value(h->dirfd, "freezer.state", state, err);
        if (r < 0)
            return r;
        nanosleep(&pause, NULL);
        pause.tv_nsec = MIN_OF(pause.tv_nsec * 2, 20L * 1000 * 1000);
    }
}

/* Writes the state first: whoever is moved in or forks afterwards is frozen on arrival, so the moving comes to an end. */
static int freeze_into(struct cgroup *cg, const struct cgroup_hier *h, struct error *err)
{
    int r = file_write_value(h->dirfd, "freezer.state", "FROZEN", err);

    if (r == 0)
        r = cgroup_move_all(cg, h, err);
    if (r == 0)
        r = wait_state(h, "FROZEN", err);
    if (r < 0)
        (void) file_write_value(h->dirfd, "freezer.state", "THAWED", NULL);
    return r;
}

int cgroup_v1_freeze(struct cgroup *cg, bool frozen, struct error *err)
{
    struct cgroup_hier *h = cgroup_hier_of(cg, CGROUP_FREEZER), *v2 = cgroup_hier_v2(cg);
    int r;

    if (!h && !frozen)
        return v2 ? cgroup_v2_freeze(v2, false, err) : 0;
    if (!h) {
        r = cgroup_v1_use(cg, CGROUP_FREEZER, err);
        if (r == -ENXIO && !cgroup_host_v2(&cg->host))
            return error_set(err, -EOPNOTSUPP, "cannot freeze: this host has no cgroup freezer");
        if (r == -ENXIO) {
            r = v2 ? 0 : cgroup_v2_use(cg, 0, NULL, err);
            v2 = cgroup_hier_v2(cg);
            if (r == 0)
                r = cgroup_move_all(cg, v2, err);
            return r < 0 ? r : cgroup_v2_freeze(v2, true, err);
        }
        if (r < 0)
            return r;
        h = cgroup_hier_of(cg, CGROUP_FREEZER);
    }
    if (frozen)
        return freeze_into(cg, h, err);
    r = file_write_value(h->dirfd, "freezer.state", "THAWED", err);
    return r < 0 ? r : wait_state(h, "THAWED", err);
}

/* ---- the container's view ---- */

#define OPTIONS_MAX 8

/* A new mount of a hierarchy; options: its controllers. */
static int new_hier(const struct cgroup_hier *h, const char *const *options, unsigned attr, struct error *err)
{
    static const char *const named[] = { "none", "name=systemd", NULL };

    if (h->v2)
        return mnt_new("cgroup2", "cgroup", NULL, attr, err);
    return mnt_new("cgroup", "cgroup", str_eq(h->name, "systemd") ? named : options, attr, err);
}

/* mkdir and mount of one hierarchy below the tmpfs at dirfd. */
static int mount_hier(int dirfd, const struct cgroup_hier *h, unsigned attr, struct error *err)
{
    _cleanup_free_ char *list = xstrdup(h->name);
    _cleanup_close_ int mnt = -1;
    const char *options[OPTIONS_MAX + 1] = { NULL };
    char *save = NULL;
    size_t n = 0;

    if (mkdirat(dirfd, h->name, 0755) < 0)
        return error_errno(err, -errno, "cannot make %s in the container's /sys/fs/cgroup", h->name);
    for (char *s = strtok_r(list, ",", &save); s && n < OPTIONS_MAX; s = strtok_r(NULL, ",", &save))
        options[n++] = s;
    if (h->view < 0)
        mnt = new_hier(h, options, attr, err);
    if (h->view < 0 && mnt < 0)
        return error_context(err, mnt, "container's /sys/fs/cgroup/%s", h->name);
    for (size_t i = 0; i < n && n > 1; i++) {
        if (symlinkat(h->name, dirfd, options[i]) < 0)
            return error_errno(err, -errno, "cannot link %s in the container's /sys/fs/cgroup", options[i]);
    }
    /* The directory was made here a moment ago, on a tmpfs that nobody else has: its name leads nowhere else. */
    if (sys_move_mount(h->view >= 0 ? h->view : mnt, "", dirfd, h->name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_errno(err, -errno, "cannot attach %s in the container's /sys/fs/cgroup", h->name);
    return 0;
}

int cgroup_v1_mount(const struct cgroup *cg, int target_fd, unsigned attr, int *ret_tmpfs, struct error *err)
{
    static const char *const options[] = { "mode=0755", "nr_inodes=64", NULL };
    _cleanup_close_ int mnt = mnt_new("tmpfs", "tmpfs", options, attr & ~(unsigned) MOUNT_ATTR_RDONLY, err);
    int r;

    if (mnt < 0)
        return mnt;
    /* Attached before anything is mounted below it: kernels up to 6.14 refuse mounts on a detached mount. */
    r = mnt_attach(mnt, target_fd, err);
    for (size_t i = 0; i < cg->n && r == 0; i++)
        r = mount_hier(mnt, &cg->h[i], attr, err);
    if (r == 0)
        *ret_tmpfs = TAKE_FD(mnt);
    return r;
}
