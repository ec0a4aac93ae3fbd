// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the kernel gives all capabilities in a user namespace to whoever makes it; what is missing are ids. unshare() makes
 * the namespaces, a helper process that stayed outside runs newuidmap and newgidmap on us, or we write the one line that
 * everybody may write.
 *
 * Threats. A directory that somebody else controls, named by XDG_RUNTIME_DIR: state there would make us signal and mount for them;
 * owner and mode are checked. newuidmap from a directory of the caller's choice: only the usual ones are looked into, and it gets
 * an empty environment. A pid in the shared namespace's register that is another process by now: start times are compared,
 * and the namespace must be our child and owned by us. The caller's supplementary groups stay in the single-id form, since the
 * kernel forbids to drop them there (a group may be what denies access to a file): that is said, not hidden.
 */
#include "confine/rootless.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "confine/subids.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/self.h"

#define FIRST_USER_NAMESPACE 0xEFFFFFFDU /* inode; linux/proc_ns.h PROC_USER_INIT_INO, uapi since 6.18 */

static enum rootless_mode mode;
static bool entered;
static int inside = -1;

void rootless_set_mode(enum rootless_mode m)
{
    mode = m;
}

static bool has_sys_admin(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1U << CAP_SYS_ADMIN));
}

bool rootless_user(void)
{
    return getauxval(AT_EUID) != 0 && !entered && geteuid() != 0 && !has_sys_admin();
}

bool rootless_inside(void)
{
    struct stat st;
    if (inside < 0)
        inside = fstatat(AT_FDCWD, "/proc/self/ns/user", &st, 0) == 0 && st.st_ino != FIRST_USER_NAMESPACE;
    return inside > 0;
}

bool rootless_lenient(void)
{
    return mode == ROOTLESS_ALWAYS ||
           (mode == ROOTLESS_AUTO && (getauxval(AT_EUID) != 0 || rootless_inside()));
}

bool rootless_children_foreign(void)
{
    return entered || getauxval(AT_EUID) != 0;
}

/* ---- maps ---- */

struct maps {
    struct oci_id_maps uids, gids;
};

static int write_own_map(int proc_fd, const char *file, const struct oci_id_map *m, struct error *err)
{
    char text[40];
    int r = str_format(text, sizeof(text), "%u %u 1", m->container_id, m->host_id);
    return r < 0 ? r : proc_write(proc_fd, file, text, err);
}

/* One id each: what the kernel lets everybody write. */
static int map_single(const struct maps *maps, struct error *err)
{
    _cleanup_close_ int proc_fd = proc_open(err);
    int r = proc_fd < 0 ? proc_fd : proc_write(proc_fd, "self/setgroups", "deny", err);
    if (r >= 0)
        r = write_own_map(proc_fd, "self/uid_map", &maps->uids.v[0], err);
    if (r >= 0)
        r = write_own_map(proc_fd, "self/gid_map", &maps->gids.v[0], err);
    return r;
}

static const char *find_mapper(const char *name, char *buf, size_t size)
{
    static const char *const dirs[] = { "/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin" };
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
        if (str_format(buf, size, "%s/%s", dirs[i], name) > 0 &&
            faccessat(AT_FDCWD, buf, X_OK, AT_EACCESS) == 0)
            return buf;
    return NULL;
}

static char **mapper_arguments(const char *name, pid_t pid, const struct oci_id_maps *maps)
{
    char **argv = xcalloc(3 * maps->n + 3, sizeof(*argv));
    size_t n = 0;
    argv[n++] = xstrdup(name);
    argv[n++] = xasprintf("%d", (int) pid);
    for (size_t i = 0; i < maps->n; i++) {
        argv[n++] = xasprintf("%u", maps->v[i].container_id);
        argv[n++] = xasprintf("%u", maps->v[i].host_id);
        argv[n++] = xasprintf("%u", maps->v[i].size);
    }
    return argv;
}

static void free_arguments(char **argv)
{
    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
    free(argv);
}

struct mapper {
    char path[2][64];
    char **argv[2];
    int go[2], said[2]; /* pipes: to the helper, from its programs */
};

static int reap(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The helper, outside: waits until the namespace is there, then runs both programs. */
static _noreturn_ void run_mappers(const struct mapper *m)
{
    static char *const no_environment[] = { NULL };
    char c;
    ssize_t n;
    close(m->go[1]);
    do
        n = read(m->go[0], &c, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1 || dup2(m->said[1], STDOUT_FILENO) < 0 || dup2(m->said[1], STDERR_FILENO) < 0)
        _exit(1);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execve(m->path[i], m->argv[i], no_environment);
            _exit(127);
        }
        if (pid < 0 || reap(pid) != 0)
            _exit(1);
    }
    _exit(0);
}

static int unshare_both(struct error *err)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
        inside = 1;
        entered = true;
        return 0;
    }
    int code = -errno;
    if (code == -EPERM || code == -ENOSPC || code == -EUSERS)
        return error_errno(err, code,
                           "this host does not let ordinary users make user namespaces (see the sysctls "
                           "user.max_user_namespaces and kernel.unprivileged_userns_clone, and AppArmor's)");
    return error_errno(err, code, "cannot make a user namespace");
}

static int hear_mapper(const struct mapper *m, pid_t pid, struct error *err)
{
    char text[400];
    size_t len = 0;
    ssize_t n;
    while ((n = read(m->said[0], text + len, sizeof(text) - 1 - len)) > 0 || (n < 0 && errno == EINTR))
        len += n > 0 ? (size_t) n : 0;
    text[len] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (reap(pid) == 0)
        return 0;
    return error_set(err, -EPERM, "the id maps cannot be set: %s",
                     text[0] ? text : "newuidmap or newgidmap failed");
}

static int map_by_helper(struct mapper *m, struct error *err)
{
    if (pipe2(m->go, O_CLOEXEC) < 0 || pipe2(m->said, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    pid_t pid = fork();
    if (pid == 0)
        run_mappers(m);
    if (pid < 0)
        return error_errno(err, -errno, "cannot start newuidmap");
    close(m->go[0]);
    close(m->said[1]);
    m->go[0] = m->said[1] = -1;
    int r = unshare_both(err);
    if (r < 0 || write(m->go[1], "g", 1) != 1) {
        close(m->go[1]); /* it ends without the word */
        m->go[1] = -1;
        reap(pid);
        return r < 0 ? r : error_set(err, -EPIPE, "the helper that writes the id maps is gone");
    }
    return hear_mapper(m, pid, err);
}

static bool is_single(const struct oci_id_maps *maps, uint32_t own)
{
    return maps->n == 1 && maps->v[0].size == 1 && maps->v[0].host_id == own;
}

static int enter(const struct maps *maps, struct error *err)
{
    if (is_single(&maps->uids, geteuid()) && is_single(&maps->gids, getegid())) {
        int r = unshare_both(err);
        return r < 0 ? r : map_single(maps, err);
    }
    struct mapper m = { .go = { -1, -1 }, .said = { -1, -1 } };
    static const char *const names[] = { "newuidmap", "newgidmap" };
    for (int i = 0; i < 2; i++)
        if (!find_mapper(names[i], m.path[i], sizeof(m.path[i])))
            return error_set(
                err, -ENOENT,
                "more than one id for an ordinary user needs %s (Debian's package uidmap), which "
                "is not there",
                names[i]);
    m.argv[0] = mapper_arguments(names[0], getpid(), &maps->uids);
    m.argv[1] = mapper_arguments(names[1], getpid(), &maps->gids);
    int r = map_by_helper(&m, err);
    free_arguments(m.argv[0]);
    free_arguments(m.argv[1]);
    for (int i = 0; i < 2; i++) {
        cleanup_close(&m.go[i]);
        cleanup_close(&m.said[i]);
    }
    return r;
}

/* ---- a specification's ---- */

/* Each host id by its own number, and the caller's. */
static void identity(const struct oci_id_maps *from, uint32_t own, struct arena *a, struct oci_id_maps *ret)
{
    bool has_own = false;
    ret->v = arena_array(a, from->n + 1, sizeof(*ret->v));
    ret->n = 0;
    for (size_t i = 0; i < from->n; i++) {
        const struct oci_id_map *m = &from->v[i];
        ret->v[ret->n++] = (struct oci_id_map){ .container_id = m->host_id,
                                                .host_id = m->host_id,
                                                .size = m->size };
        has_own |= own >= m->host_id && own - m->host_id < m->size;
    }
    if (!has_own)
        ret->v[ret->n++] = (struct oci_id_map){ .container_id = own, .host_id = own, .size = 1 };
}

int rootless_enter_spec(const struct oci_spec *spec, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    const struct oci_namespace *user = &l->namespaces[OCI_NS_USER];
    if (!user->set || user->path || l->uid_mappings.n == 0 || l->gid_mappings.n == 0)
        return error_set(
            err, -EINVAL,
            "linux.namespaces: uid %u is no root, so the container needs a new user namespace with id maps "
            "(\"oakum-runtime spec --rootless\" shows one)",
            geteuid());
    _cleanup_arena_ struct arena *a = arena_new();
    struct maps maps;
    identity(&l->uid_mappings, geteuid(), a, &maps.uids);
    identity(&l->gid_mappings, getegid(), a, &maps.gids);
    return enter(&maps, err);
}

static int keep_capabilities(struct error *err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];
    int r = (int) syscall(SYS_capget, &header, data);
    for (int i = 0; i < 2; i++)
        data[i].inheritable = data[i].permitted;
    if (r == 0)
        r = (int) syscall(SYS_capset, &header, data);
    for (unsigned cap = 0; r == 0 && cap < 64; cap++)
        if (data[cap / 32].permitted & (1U << cap % 32))
            r = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
    return r < 0 ? error_errno(err, -errno, "cannot keep capabilities") : 0;
}

int rootless_protect(struct error *err)
{
    if (!entered || self_on_readonly_mount)
        return self_protect(err);
    int r = geteuid() != 0 ? keep_capabilities(err) : 0;
    return r < 0 ? r : self_again(err);
}

/* ---- namespaces of others ---- */

static bool same_namespace(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static int open_user_namespace(int proc_fd, pid_t pid, struct error *err)
{
    char path[32];
    int r = pid == 0 ? str_format(path, sizeof(path), "self/ns/user")
                     : str_format(path, sizeof(path), "%d/ns/user", (int) pid);
    return r < 0 ? r : file_open(proc_fd, path, O_RDONLY, 0, err);
}

static int enter_user_namespace(int fd, struct error *err)
{
    if (setns(fd, CLONE_NEWUSER) < 0)
        return error_errno(err, -errno, "cannot join the user namespace");
    inside = 1;
    entered = true;
    return unshare(CLONE_NEWNS) < 0 ? error_errno(err, -errno, "cannot make a mount namespace") : 0;
}

/* Of the namespaces between ours and the container's, the one that is a child of ours: there we have every capability. */
int rootless_join(pid_t pid, struct error *err)
{
    _cleanup_close_ int proc_fd = proc_open(err);
    if (proc_fd < 0)
        return proc_fd;
    _cleanup_close_ int own = open_user_namespace(proc_fd, 0, err);
    _cleanup_close_ int at = own < 0 ? own : open_user_namespace(proc_fd, pid, err);
    if (at < 0)
        return at;
    for (int depth = 0; depth < 32 && !same_namespace(at, own); depth++) {
        int parent = ioctl(at, NS_GET_PARENT);
        if (parent < 0)
            return error_errno(err, -errno, "the container's user namespace was not made by this user");
        bool found = same_namespace(parent, own);
        if (found) {
            close(parent);
            return enter_user_namespace(at, err);
        }
        close(at);
        at = parent;
    }
    return 0;
}

/* ---- the engine's ---- */

static void shared_maps(struct arena *a, struct maps *ret)
{
    struct subids ids = { 0 };
    char path[64];
    bool able = find_mapper("newuidmap", path, sizeof(path)) && find_mapper("newgidmap", path, sizeof(path));
    if (able)
        subids_read(a, &ids);
    struct oci_id_maps *to[] = { &ret->uids, &ret->gids };
    const struct subid_list *from[] = { &ids.uids, &ids.gids };
    uint32_t own[] = { geteuid(), getegid() };
    bool ranges = ids.uids.n > 0 && ids.gids.n > 0;
    for (int i = 0; i < 2; i++) {
        uint32_t next = 1;
        to[i]->v = arena_array(a, from[i]->n + 1, sizeof(*to[i]->v));
        to[i]->v[0] = (struct oci_id_map){ .container_id = 0, .host_id = own[i], .size = 1 };
        to[i]->n = 1;
        for (size_t k = 0; ranges && k < from[i]->n && next < INT_MAX; k++) {
            uint32_t size = MIN_OF(from[i]->v[k].count, (uint32_t) INT_MAX - next);
            to[i]->v[to[i]->n++] = (struct oci_id_map){ .container_id = next,
                                                        .host_id = from[i]->v[k].first,
                                                        .size = size };
            next += size;
        }
    }
}

struct search {
    int proc_fd, own_fd, found_fd;
};

/* An entry: name = pid, text = start time. The dead are forgotten. */
static int look_at_entry(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct search *s = arg;
    char text[24];
    uint32_t pid;
    uint64_t start = 0;
    (void) type;
    ssize_t n = readlinkat(dirfd, name, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    if (n <= 0 || parse_u32(name, &pid) < 0 || parse_u64(text, &start) < 0 ||
        proc_state(s->proc_fd, (pid_t) pid, start) == 0) {
        (void) unlinkat(dirfd, name, 0);
        return 0;
    }
    if (s->found_fd >= 0)
        return 0;
    _cleanup_close_ int fd = open_user_namespace(s->proc_fd, (pid_t) pid, NULL);
    _cleanup_close_ int parent = fd < 0 ? -1 : ioctl(fd, NS_GET_PARENT);
    uid_t owner;
    if (parent >= 0 && same_namespace(parent, s->own_fd) && ioctl(fd, NS_GET_OWNER_UID, &owner) == 0 &&
        owner == geteuid())
        s->found_fd = TAKE_FD(fd);
    return 0;
}

static int register_self(int dirfd, int proc_fd, struct error *err)
{
    char name[16], text[24];
    uint64_t start;
    int r = proc_start_time(proc_fd, getpid(), &start, err);
    if (r >= 0)
        r = str_format(name, sizeof(name), "%d", (int) getpid());
    if (r >= 0)
        r = str_format(text, sizeof(text), "%llu", (unsigned long long) start);
    if (r < 0)
        return r;
    if (symlinkat(text, dirfd, name) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot register with the user namespace");
    return 0;
}

int rootless_register(int state_fd, struct error *err)
{
    _cleanup_close_ int dirfd = rootless_inside() ? dir_open(state_fd, ".userns", NULL) : -1;
    _cleanup_close_ int proc_fd = dirfd < 0 ? -1 : proc_open(err);
    return dirfd < 0 ? 0 : proc_fd < 0 ? proc_fd : register_self(dirfd, proc_fd, err);
}

int rootless_enter_shared(int state_fd, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct maps maps;
    if (mkdirat(state_fd, ".userns", 0700) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot make the register of the user namespace");
    _cleanup_close_ int dirfd = dir_open(state_fd, ".userns", err);
    _cleanup_close_ int proc_fd = dirfd < 0 ? dirfd : proc_open(err);
    struct search s = { .proc_fd = proc_fd, .own_fd = -1, .found_fd = -1 };
    int r = proc_fd < 0 ? proc_fd : file_lock(dirfd, LOCK_EX, "the user namespace", err);
    if (r >= 0)
        r = s.own_fd = open_user_namespace(proc_fd, 0, err);
    if (r >= 0)
        r = dir_each(dirfd, ".", look_at_entry, &s, err);
    if (r >= 0 && s.found_fd >= 0) {
        r = enter_user_namespace(s.found_fd, err);
    } else if (r >= 0) {
        shared_maps(a, &maps);
        r = enter(&maps, err);
    }
    cleanup_close(&s.own_fd);
    cleanup_close(&s.found_fd);
    return r < 0 ? r : register_self(dirfd, proc_fd, err);
}

bool rootless_groups_denied(void)
{
    char text[8] = "";
    _cleanup_close_ int proc_fd = proc_open(NULL);
    _cleanup_close_ int fd = proc_fd < 0
                                 ? -1
                                 : sys_openat2(proc_fd, "self/setgroups", O_RDONLY | O_CLOEXEC, 0,
                                               RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    return n >= 4 && memcmp(text, "deny", 4) == 0;
}

/* ---- directories ---- */

static int check_ours(const char *dir, const char *variable, struct error *err)
{
    if (dir[0] != '/')
        return error_set(err, -EINVAL, "%s is %s, which is not an absolute path", variable, dir);
    _cleanup_close_ int fd = dir_open(AT_FDCWD, dir, err);
    int r = fd < 0 ? fd : dir_check_private(fd, dir, err);
    return r < 0 ? error_context(err, r, "%s", variable) : 0;
}

int rootless_state_dir(char **ret, struct error *err)
{
    const char *dir = getenv("XDG_RUNTIME_DIR");
    char usual[40];
    if (str_empty(dir)) {
        dir = usual;
        if (str_format(usual, sizeof(usual), "/run/user/%u", (unsigned) geteuid()) < 0 ||
            faccessat(AT_FDCWD, usual, F_OK, 0) < 0)
            return error_set(
                err, -ENOENT,
                "XDG_RUNTIME_DIR is not set and there is no /run/user/%u: name a directory of yours for the "
                "state of containers",
                (unsigned) geteuid());
    }
    int r = check_ours(dir, "XDG_RUNTIME_DIR", err);
    if (r >= 0)
        *ret = xasprintf("%s/oakum", dir);
    return r < 0 ? r : 0;
}

int rootless_data_dir(char **ret, struct error *err)
{
    const char *dir = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (!str_empty(dir) &&
        dir[0] == '/') /* a relative one is to be ignored (XDG Base Directory Specification) */
        *ret = xasprintf("%s/oakum", dir);
    else if (!str_empty(home) && home[0] == '/')
        *ret = xasprintf("%s/.local/share/oakum", home);
    else
        return error_set(err, -ENOENT,
                         "neither XDG_DATA_HOME nor HOME is set: name a directory for images with --root");
    return 0;
}
