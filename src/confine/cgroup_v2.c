// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup v2: one tree, controllers enabled from the root down to the parent of a cgroup.
 *
 * Threat: a limit file that does not exist because some ancestor does not pass the controller on. It is read what the new
 * cgroup really has, and what is missing is enabled from the top; an ancestor that holds processes of its own cannot pass
 * anything on (the kernel's "no internal processes" rule), which is told in words, since the kernel only says EBUSY.
 */
#include "confine/cgroup_impl.h"

#include <poll.h>

#include "base/clock.h"
#include "sys/mnt.h"

#define FREEZE_MS 10000

/* Bits that a directory offers (cgroup.controllers). */
static int read_controllers(int base, const char *dir, unsigned *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];
    int r = str_format(path, sizeof path, "%s/cgroup.controllers", dir);

    if (r > 0)
        r = file_read(base, path, CGROUP_VALUE_MAX, &text, NULL, err);
    if (r < 0)
        return r;
    *ret = cgroup_parse_controllers(text, true);
    return 0;
}

static int enable_failed(const char *dir, unsigned bits, int code, const char *const *fields,
                         struct error *err)
{
    const char *field = "cgroup", *name = "?";
    char shown[PATH_MAX];

    cgroup_show_path(shown, dir);
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (bits & CGROUP_BIT(c)) {
            field = fields[c];
            name = cgroup_controller_name(c, true);
            break;
        }
    }
    if (code == -EBUSY)
        return error_set(
            err, code,
            "linux.resources.%s: controller \"%s\" cannot be enabled in %s, since processes are in that cgroup "
            "itself; move them into a cgroup below it",
            field, name, shown);
    if (code == -EOPNOTSUPP)
        return error_set(
            err, code,
            "linux.resources.%s: controller \"%s\" cannot be enabled in %s, which is a threaded cgroup",
            field, name, shown);
    return error_errno(err, code, "linux.resources.%s: cannot enable controller \"%s\" in %s", field, name,
                       shown);
}

/* Writes "+a +b" to one ancestor's cgroup.subtree_control; one by one when that fails, to name the culprit. */
static int enable_in(int base, const char *dir, unsigned bits, const char *const *fields, struct error *err)
{
    char path[PATH_MAX], text[256] = "";
    size_t len = 0;
    int r = str_format(path, sizeof path, "%s/cgroup.subtree_control", dir);

    if (r < 0)
        return error_set(err, r, "cgroup path is too long");
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (!(bits & CGROUP_BIT(c)))
            continue;
        r = str_format(text + len, sizeof text - len, "%s+%s", len ? " " : "",
                       cgroup_controller_name(c, true));
        len += r > 0 ? (size_t) r : 0;
    }
    r = file_write_value(base, path, text, NULL);
    if (r == 0)
        return 0;
    if (bits & (bits - 1)) {
        for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
            int one = (bits & CGROUP_BIT(c)) ? enable_in(base, dir, CGROUP_BIT(c), fields, err) : 0;
            if (one < 0)
                return one;
        }
        return 0;
    }
    return enable_failed(dir, bits, r, fields, err);
}

/* Bits that dir passes on to those below it. */
static unsigned passed_on(int base, const char *dir)
{
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];

    if (str_format(path, sizeof path, "%s/cgroup.subtree_control", dir) < 0 ||
        file_read(base, path, CGROUP_VALUE_MAX, &text, NULL, NULL) < 0)
        return 0;
    return cgroup_parse_controllers(text, true);
}

/* Makes `missing` available in path: every ancestor passes it on, from the root down. */
static int enable(struct cgroup *cg, const char *root, unsigned missing, const char *const *fields,
                  struct error *err)
{
    char full[PATH_MAX];
    unsigned have = 0;
    int r = cgroup_full_path(full, root, cg->path, err);

    if (r == 0)
        r = read_controllers(cg->host.base, root, &have, err);
    if (r < 0)
        return r;
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if ((missing & CGROUP_BIT(c)) && !(have & CGROUP_BIT(c)))
            return error_set(err, -ENODEV, "linux.resources.%s: this host has no cgroup controller \"%s\"",
                             fields[c], cgroup_controller_name(c, !!cgroup_controller_name(c, true)));
    }
    for (char *p = full + strlen(root); r == 0 && *p == '/'; p += 1 + strcspn(p + 1, "/")) {
        *p = '\0';
        /* What is on already need not be written, which a user to whom the rest is delegated may not. */
        unsigned on = passed_on(cg->host.base, full);
        r = missing & ~on ? enable_in(cg->host.base, full, missing & ~on, fields, err) : 0;
        *p = '/';
    }
    return r;
}

static int make(struct cgroup *cg, const char *root, struct error *err)
{
    struct cgroup_hier *h;
    char full[PATH_MAX];
    unsigned made = 0;
    int r = cgroup_full_path(full, root, cg->path, err);

    if (r == 0)
        r = cgroup_make_dirs(cg->host.base, root, cg->path, &made, err);
    if (r == -EEXIST) {
        r = cgroup_clear_leftover(cg->host.base, full, err);
        if (r < 0)
            return r;
        r = cgroup_make_dirs(cg->host.base, root, cg->path, &made, err);
        if (r == -EEXIST)
            return error_set(err, r, "cgroup %s is made by somebody else", full);
    }
    if (r < 0)
        return r;
    h = cgroup_hier_add(cg);
    h->v2 = true;
    h->root = xstrdup(root);
    h->name = xstrdup("unified");
    h->made = made;
    h->dirfd = file_open(cg->host.base, full, O_RDONLY | O_DIRECTORY, 0, err);
    if (h->dirfd < 0)
        return h->dirfd;
    h->joinfd = file_open(h->dirfd, "cgroup.procs", O_RDWR, 0, err);
    return h->joinfd < 0 ? h->joinfd : 0;
}

int cgroup_v2_use(struct cgroup *cg, unsigned want, const char *const *fields, struct error *err)
{
    const char *root = cgroup_host_v2(&cg->host);
    struct cgroup_hier *h = cgroup_hier_v2(cg);
    char full[PATH_MAX];
    unsigned have = 0;
    int r = 0;

    want &= ~(CGROUP_BIT(CGROUP_DEVICES) | CGROUP_BIT(CGROUP_FREEZER)); /* no controllers here: BPF, core */
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if ((want & CGROUP_BIT(c)) && !cgroup_controller_name(c, true))
            return error_set(err, -EOPNOTSUPP,
                             "linux.resources.%s: cgroup controller \"%s\" exists in cgroup v1 only",
                             fields[c], cgroup_controller_name(c, false));
    }
    if (!h)
        r = make(cg, root, err);
    if (r < 0 || want == 0)
        return r;
    r = cgroup_full_path(full, root, cg->path, err);
    if (r == 0)
        r = read_controllers(cg->host.base, full, &have, err);
    if (r == 0 && (want & ~have))
        r = enable(cg, root, want & ~have, fields, err);
    return r;
}

int cgroup_v2_mount(int target_fd, unsigned attr, struct error *err)
{
    _cleanup_close_ int mnt = mnt_new("cgroup2", "cgroup", NULL, attr, err);

    return mnt < 0 ? mnt : mnt_attach(mnt, target_fd, err);
}

/* cgroup.events is written by the kernel when the state is reached; poll says POLLPRI then. */
static int wait_frozen(int fd, bool frozen, struct error *err)
{
    int64_t end = clock_monotonic_ms() + FREEZE_MS;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLPRI };
        char text[256];
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        int64_t left = end - clock_monotonic_ms();
        if (n < 0)
            return error_errno(err, -errno, "cannot read cgroup.events");
        text[n] = '\0';
        if (strstr(text, frozen ? "frozen 1" : "frozen 0"))
            return 0;
        if (left <= 0)
            return error_set(err, -ETIMEDOUT, "a process does not %s", frozen ? "freeze" : "thaw");
        (void) poll(&p, 1,
                    (int) MIN_OF(left, (int64_t) 100)); /* bounded: an event may fall before the first poll */
    }
}

int cgroup_v2_freeze(const struct cgroup_hier *h, bool frozen, struct error *err)
{
    _cleanup_close_ int events = file_open(h->dirfd, "cgroup.events", O_RDONLY, 0, err);
    int r;

    if (events < 0)
        return events;
    r = file_write_value(h->dirfd, "cgroup.freeze", frozen ? "1" : "0", err);
    if (r == 0)
        r = wait_frozen(events, frozen, err);
    if (r < 0 && frozen)
        (void) file_write_value(h->dirfd, "cgroup.freeze", "0", NULL);
    return r;
}
