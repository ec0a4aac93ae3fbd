// SPDX-License-Identifier: Apache-2.0
/*
 * The processes of a cgroup and of those below it: listing, signalling, removing.
 *
 * Threats: a container that forks faster than it is killed (forks are stopped first: cgroup.kill does it in the kernel, on v1
 * pids.max 0 does; then rounds until a round finds nobody new); a pid that is reused between listing and kill (pinned by a
 * pidfd and looked up in the list again before the signal); a container that made cgroups of its own inside (the whole
 * subtree is walked, with one descriptor a level and a bound on levels).
 */
#include "confine/cgroup_impl.h"

#include <dirent.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"

#define DEPTH_MAX 128
#define PIDS_TEXT_MAX (64u << 20)
#define BATCH 64 /* pidfds held at once */
#define KILL_MS 5000
#define REMOVE_MS 2000

struct names {
    char **v;
    size_t n, cap;
};

static void cleanup_names(struct names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}
#define _cleanup_names_ __attribute__((cleanup(cleanup_names)))

static int add_name(int dirfd _unused_, const char *name, unsigned char type, void *arg)
{
    struct names *l = arg;

    if (type != DT_DIR)
        return 0;
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 8;
        l->v = xreallocarray(l->v, l->cap, sizeof *l->v);
    }
    l->v[l->n++] = xstrdup(name);
    return 0;
}

static int compare_pids(const void *a, const void *b)
{
    pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;

    return (x > y) - (x < y);
}

bool pid_list_has(const struct pid_list *l, pid_t pid)
{
    return l->n > 0 && bsearch(&pid, l->v, l->n, sizeof pid, compare_pids);
}

static void pid_list_add(struct pid_list *l, pid_t pid)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 32;
        l->v = xreallocarray(l->v, l->cap, sizeof *l->v);
    }
    l->v[l->n++] = pid;
}

static void pid_list_sort(struct pid_list *l)
{
    size_t out = 0;

    if (l->n == 0)
        return;
    qsort(l->v, l->n, sizeof *l->v, compare_pids);
    for (size_t i = 0; i < l->n; i++) {
        if (out == 0 || l->v[out - 1] != l->v[i])
            l->v[out++] = l->v[i];
    }
    l->n = out;
}

/* The processes of one directory. 0 in the file is a process that our pid namespace does not show: nothing we could signal. */
static int read_procs(int dirfd, struct pid_list *l, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char *save = NULL;
    int r = file_read(dirfd, "cgroup.procs", PIDS_TEXT_MAX, &text, NULL, err);

    if (r == -EOPNOTSUPP) { /* a threaded cgroup; its domain, further up, lists the processes */
        error_clear(err);
        return 0;
    }
    if (r < 0)
        return r;
    for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
        int32_t pid;
        if (parse_i32(s, &pid) == 0 && pid > 0)
            pid_list_add(l, pid);
    }
    return 0;
}

static bool gone(int r)
{
    return r == -ENOENT || r == -ENODEV;
}

static int walk(int dirfd, struct pid_list *l, int depth, struct error *err)
{
    _cleanup_names_ struct names names = { 0 };
    int r = read_procs(dirfd, l, err);

    if (r == 0)
        r = dir_each(dirfd, ".", add_name, &names, err);
    for (size_t i = 0; i < names.n && r == 0; i++) {
        _cleanup_close_ int fd = openat(dirfd, names.v[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (depth >= DEPTH_MAX)
            return error_set(err, -ELOOP, "cgroups are nested more than %d deep", DEPTH_MAX);
        r = fd < 0 ? error_errno(err, -errno, "cannot open cgroup %s", names.v[i])
                   : walk(fd, l, depth + 1, err);
        if (gone(r)) { /* removed while we walked */
            error_clear(err);
            r = 0;
        }
    }
    return r;
}

int cgroup_tree_pids(int dirfd, struct pid_list *l, struct error *err)
{
    int r = walk(dirfd, l, 0, err);

    pid_list_sort(l);
    return r;
}

int cgroup_all_pids(const struct cgroup *cg, struct pid_list *l, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < cg->n && r == 0; i++) {
        r = walk(cg->h[i].dirfd, l, 0, err);
        if (gone(r)) { /* the cgroup itself was removed: nobody is in it */
            error_clear(err);
            r = 0;
        }
    }
    pid_list_sort(l);
    return r;
}

int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_n, struct error *err)
{
    _cleanup_pid_list_ struct pid_list l = { 0 };
    int r = cgroup_all_pids(cg, &l, err);

    if (r < 0)
        return r;
    *ret_n = l.n;
    *ret = l.n ? TAKE_PTR(l.v) : xcalloc(1, sizeof **ret);
    return 0;
}

/* ---- signals ---- */

/* Signals up to BATCH listed processes: pin each, list again, send to those still listed. Number sent, or negative errno. */
static int signal_batch(const struct cgroup *cg, const pid_t *pids, size_t n, int sig, struct error *err)
{
    _cleanup_pid_list_ struct pid_list again = { 0 };
    int fds[BATCH], sent = 0, r, failed = 0;

    for (size_t i = 0; i < n; i++) {
        fds[i] = sys_pidfd_open(pids[i], 0);
        /* ESRCH: it is gone. EINVAL: 0, of a pid namespace that we do not see. */
        if (fds[i] < 0 && errno != ESRCH && errno != EINVAL)
            failed = error_errno(err, -errno, "cannot open process %d of cgroup %s", (int) pids[i], cg->path);
    }
    r = failed < 0 ? failed : cgroup_all_pids(cg, &again, err);
    for (size_t i = 0; i < n; i++) {
        if (fds[i] < 0)
            continue;
        if (r == 0 && pid_list_has(&again, pids[i])) {
            if (sys_pidfd_send_signal(fds[i], sig, NULL, 0) == 0)
                sent++;
            else if (errno != ESRCH)
                r = error_errno(err, -errno, "cannot signal process %d of cgroup %s", (int) pids[i],
                                cg->path);
        }
        close(fds[i]);
    }
    return r < 0 ? r : sent;
}

/* Rounds until one finds nobody that was not signalled in an earlier one. */
static int signal_rounds(const struct cgroup *cg, int sig, struct error *err)
{
    _cleanup_pid_list_ struct pid_list done = { 0 };
    int64_t end = clock_monotonic_ms() + KILL_MS;

    for (;;) {
        _cleanup_pid_list_ struct pid_list now = { 0 };
        bool news = false;
        int r = cgroup_all_pids(cg, &now, err);
        if (r < 0)
            return r;
        for (size_t i = 0; i < now.n; i++)
            news |= !pid_list_has(&done, now.v[i]);
        if (!news)
            return 0;
        if (clock_monotonic_ms() > end)
            return error_set(err, -EBUSY,
                             "processes of cgroup %s keep forking faster than they are signalled", cg->path);
        for (size_t i = 0; i < now.n; i += BATCH) {
            r = signal_batch(cg, now.v + i, MIN_OF(now.n - i, (size_t) BATCH), sig, err);
            if (r < 0)
                return r;
        }
        for (size_t i = 0; i < now.n; i++)
            pid_list_add(&done, now.v[i]);
        pid_list_sort(&done);
    }
}

/* SIGKILL where the kernel cannot do it at once: no process may fork while the rounds go on. */
static int kill_rounds(const struct cgroup *cg, struct error *err)
{
    const struct cgroup_hier *pids = cgroup_hier_of(cg, CGROUP_PIDS),
                             *freezer = cgroup_hier_of(cg, CGROUP_FREEZER);
    const struct cgroup_hier *v2 = cgroup_hier_v2(cg);
    _cleanup_free_ char *old_max = NULL;
    int r, thaw = 0;

    if (!pids && v2 && faccessat(v2->dirfd, "pids.max", F_OK, 0) == 0)
        pids = v2;
    if (pids && file_read(pids->dirfd, "pids.max", CGROUP_VALUE_MAX, &old_max, NULL, NULL) == 0)
        (void) file_write_value(pids->dirfd, "pids.max", "0", NULL);
    else if (freezer)
        (void) file_write_value(freezer->dirfd, "freezer.state", "FROZEN", NULL);
    r = signal_rounds(cg, SIGKILL, err);
    if (old_max)
        (void) file_write_value(pids->dirfd, "pids.max", old_max, NULL);
    if (freezer) /* the v1 freezer holds even dying processes */
        thaw = file_write_value(freezer->dirfd, "freezer.state", "THAWED", r < 0 ? NULL : err);
    return r < 0 ? r : thaw;
}

int cgroup_signal(const struct cgroup *cg, int sig, struct error *err)
{
    const struct cgroup_hier *v2 = cgroup_hier_v2(cg);

    if (sig != SIGKILL)
        return signal_rounds(cg, sig, err);
    if (v2) {
        int r = file_write_value(v2->dirfd, "cgroup.kill", "1", NULL);
        if (cg->host.v2_base && (r == 0 || r == -ENODEV)) /* removed: nobody is in it */
            return 0;
    }
    return kill_rounds(cg, err);
}

/* ---- removal ---- */

/* Removes the cgroups below fd, deepest first. 0 or the last failure; what cannot be removed yet is tried by the next call. */
static int remove_children(int fd, int depth)
{
    _cleanup_names_ struct names names = { 0 };
    int r = dir_each(fd, ".", add_name, &names, NULL);

    for (size_t i = 0; i < names.n; i++) {
        _cleanup_close_ int sub = -1;
        if (unlinkat(fd, names.v[i], AT_REMOVEDIR) == 0 || errno == ENOENT)
            continue;
        if (depth >= DEPTH_MAX)
            return -ELOOP;
        sub = openat(fd, names.v[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sub >= 0)
            (void) remove_children(sub, depth + 1);
        if (unlinkat(fd, names.v[i], AT_REMOVEDIR) < 0 && errno != ENOENT)
            r = -errno;
    }
    return r;
}

static int report_left(int fd, const char *full, int code, struct error *err)
{
    _cleanup_pid_list_ struct pid_list l = { 0 };
    char text[200] = "";
    char shown[PATH_MAX];
    size_t len = 0;

    cgroup_show_path(shown, full);
    if (fd >= 0)
        (void) cgroup_tree_pids(fd, &l, NULL);
    for (size_t i = 0; i < l.n && i < 8; i++) {
        int r = str_format(text + len, sizeof text - len, " %d", (int) l.v[i]);
        len += r > 0 ? (size_t) r : 0;
    }
    if (l.n > 0)
        return error_set(err, code, "cannot remove cgroup %s: %zu process(es) are left in it:%s%s", shown,
                         l.n, text, l.n > 8 ? " …" : "");
    return error_errno(err, code, "cannot remove cgroup %s", shown);
}

int cgroup_tree_remove(int base, const char *full, struct error *err)
{
    _cleanup_close_ int fd = openat(base, full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t end = clock_monotonic_ms() + REMOVE_MS;
    struct timespec pause = { .tv_nsec = 100 * 1000 };

    for (;;) {
        int code;
        if (unlinkat(base, full, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        code = -errno;
        if (code != -EBUSY && code != -ENOTEMPTY)
            return report_left(-1, full, code, err);
        if (fd >= 0)
            (void) remove_children(fd, 0);
        if (unlinkat(base, full, AT_REMOVEDIR) == 0)
            return 0;
        if (clock_monotonic_ms() > end)
            return report_left(fd, full, code, err);
        nanosleep(&pause, NULL);
        pause.tv_nsec = MIN_OF(pause.tv_nsec * 2, 20L * 1000 * 1000);
    }
}
