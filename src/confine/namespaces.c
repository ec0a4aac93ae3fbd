// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: new namespaces are flags of the one clone3 that makes the container's first process. A cgroup namespace is
 * taken later by that process itself: it is rooted where its maker is, so the cgroup has to be joined first. A time namespace is
 * made by the parent: it takes its offsets before anybody is in it.
 *
 * Threats: a path that names another kind of namespace than it says (the mount namespace of another container as "network"):
 * every descriptor must be of nsfs, and is asked for its kind. A map that gives a container the host's ids is written only when the specification
 * says so; setgroups stays allowed, since the maps are written by a privileged parent and cover whole ranges.
 */
#include "confine/namespaces.h"

#include <errno.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "sys/file.h"
#include "sys/proc.h"

static const uint64_t flags[OCI_NS_KINDS] = {
    [OCI_NS_PID] = CLONE_NEWPID,       [OCI_NS_NETWORK] = CLONE_NEWNET, [OCI_NS_MOUNT] = CLONE_NEWNS,
    [OCI_NS_IPC] = CLONE_NEWIPC,       [OCI_NS_UTS] = CLONE_NEWUTS,     [OCI_NS_USER] = CLONE_NEWUSER,
    [OCI_NS_CGROUP] = CLONE_NEWCGROUP, [OCI_NS_TIME] = CLONE_NEWTIME,
};

uint64_t namespace_flag(enum oci_namespace_kind kind)
{
    return flags[kind];
}

const char *namespace_file(enum oci_namespace_kind kind)
{
    static const char *const files[OCI_NS_KINDS] = {
        [OCI_NS_PID] = "pid", [OCI_NS_NETWORK] = "net", [OCI_NS_MOUNT] = "mnt",     [OCI_NS_IPC] = "ipc",
        [OCI_NS_UTS] = "uts", [OCI_NS_USER] = "user",   [OCI_NS_CGROUP] = "cgroup", [OCI_NS_TIME] = "time",
    };
    return files[kind];
}

bool namespace_is_callers(int fd, enum oci_namespace_kind kind)
{
    char path[32];
    struct stat a, b;
    if (str_format(path, sizeof(path), "/proc/self/ns/%s", namespace_file(kind)) < 0 || fstat(fd, &a) < 0 ||
        fstatat(AT_FDCWD, path, &b, 0) < 0)
        return true; /* not known: counted as the host's */
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool namespace_same(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int namespace_owner(int fd, struct error *err)
{
    _cleanup_close_ int owner = ioctl(fd, NS_GET_USERNS);
    if (owner < 0)
        return error_errno(err, -errno, "cannot find the user namespace that it belongs to");
    if (namespace_is_callers(owner, OCI_NS_USER))
        return TAKE_FD(owner);
    _cleanup_close_ int parent = ioctl(owner, NS_GET_PARENT);
    if (parent < 0 || !namespace_is_callers(parent, OCI_NS_USER))
        return error_set(err, -EPERM, "belongs to a user namespace that is not one that oakum has made");
    return TAKE_FD(owner);
}

/* given: a descriptor of it, -1 for none. */
static int open_joined(const char *path, int given, enum oci_namespace_kind kind, struct error *err)
{
    struct statfs fs;
    _cleanup_close_ int fd = given >= 0 ? fcntl(given, F_DUPFD_CLOEXEC, 3)
                                        : file_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
    if (fd < 0 && given >= 0)
        return error_errno(err, -errno, "linux.namespaces (%s)", oci_namespace_name(kind));
    if (fd < 0)
        return error_context(err, fd, "linux.namespaces (%s)", oci_namespace_name(kind));
    int type = fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC ? ioctl(fd, NS_GET_NSTYPE) : -1;
    if (type < 0 || (uint64_t) type != flags[kind])
        return error_set(err, -EINVAL, "linux.namespaces: %s is not a %s namespace", path,
                         oci_namespace_name(kind));
    return TAKE_FD(fd);
}

static int check(const struct oci_spec *spec, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    const struct oci_namespace *ns = l->namespaces;
    if (!ns[OCI_NS_MOUNT].set)
        return error_set(err, -EINVAL, "linux.namespaces: a container needs a mount namespace of its own");
    if (ns[OCI_NS_MOUNT].path)
        return error_set(
            err, -ENOTSUP,
            "linux.namespaces: joining a mount namespace by path is not enforced by this version");
    if (l->time_offsets_set && (!ns[OCI_NS_TIME].set || ns[OCI_NS_TIME].path))
        return error_set(err, -EINVAL, "linux.timeOffsets: needs a new time namespace");
    if (ns[OCI_NS_USER].set && !ns[OCI_NS_USER].path && (l->uid_mappings.n == 0 || l->gid_mappings.n == 0))
        return error_set(err, -EINVAL,
                         "linux.uidMappings and linux.gidMappings: a new user namespace needs both");
    if (!ns[OCI_NS_USER].set && (l->uid_mappings.n > 0 || l->gid_mappings.n > 0))
        return error_set(err, -EINVAL, "linux.uidMappings: id maps without a user namespace");
    if ((spec->hostname || spec->domainname) && !ns[OCI_NS_UTS].set)
        return error_set(err, -EINVAL, "hostname: a host name of its own needs a uts namespace");
    return 0;
}

bool namespaces_share_cgroup(const struct namespaces *ns)
{
    return !ns->new_cgroup && (ns->join[OCI_NS_CGROUP] < 0 || (ns->callers & CLONE_NEWCGROUP));
}

static bool same_ids(const struct oci_id_maps *a, const struct oci_id_maps *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++)
        if (a->v[i].container_id != b->v[i].container_id || a->v[i].host_id != b->v[i].host_id ||
            a->v[i].size != b->v[i].size)
            return false;
    return a->n == b->n;
}

/* The maps of a user namespace that exists: everything that the container's root is to own hangs on them. */
static int learn_maps(const struct oci_spec *spec, struct namespaces *ns, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    if (ns->callers & CLONE_NEWUSER)
        return error_set(
            err, -EINVAL,
            "linux.namespaces: the user namespace %s is the caller's own; leave it out to stay in it",
            l->namespaces[OCI_NS_USER].path);
    int r = namespace_read_maps(ns->join[OCI_NS_USER], &ns->uids, &ns->gids, err);
    if (r < 0)
        return error_context(err, r, "linux.namespaces (user)");
    if ((l->uid_mappings.n > 0 && !same_ids(&l->uid_mappings, &ns->uids)) ||
        (l->gid_mappings.n > 0 && !same_ids(&l->gid_mappings, &ns->gids)))
        return error_set(err, -EINVAL,
                         "linux.uidMappings: are not those of the user namespace %s; leave them out",
                         l->namespaces[OCI_NS_USER].path);
    return 0;
}

static int open_one(struct namespaces *ns, const struct oci_namespace *n, int given,
                    enum oci_namespace_kind kind, struct error *err)
{
    if (n->path) {
        ns->join[kind] = open_joined(n->path, given, kind, err);
        if (ns->join[kind] >= 0 && namespace_is_callers(ns->join[kind], kind))
            ns->callers |= flags[kind];
        return ns->join[kind];
    }
    if (n->set && kind == OCI_NS_CGROUP)
        ns->new_cgroup = true;
    else if (n->set && kind == OCI_NS_TIME)
        ns->new_time = true;
    else if (n->set)
        ns->create |= flags[kind];
    return 0;
}

int namespaces_open(const struct oci_spec *spec, const int *given, struct namespaces *ret, struct error *err)
{
    struct namespaces ns = { 0 };
    memset(ns.join, 0xff, sizeof(ns.join)); /* all -1 */
    int r = check(spec, err);
    for (int kind = 0; r >= 0 && kind < OCI_NS_KINDS; kind++)
        r = open_one(&ns, &spec->linux_.namespaces[kind], given ? given[kind] : -1, kind, err);
    if (r >= 0 && ns.join[OCI_NS_USER] >= 0)
        r = learn_maps(spec, &ns, err);
    if (r >= 0 && (spec->hostname || spec->domainname) && (ns.callers & CLONE_NEWUTS))
        r = error_set(
            err, -EINVAL,
            "hostname: would change the host's, because the uts namespace that is joined is the host's");
    if (r < 0) {
        namespaces_close(&ns);
        return r;
    }
    *ret = ns;
    return 0;
}

void namespaces_close(struct namespaces *ns)
{
    for (int kind = 0; kind < OCI_NS_KINDS; kind++) {
        if (ns->join[kind] >= 0)
            close(ns->join[kind]);
        ns->join[kind] = -1;
    }
    free(ns->uids.v);
    free(ns->gids.v);
    ns->uids = ns->gids = (struct oci_id_maps){ 0 };
}

/* ---- time namespaces ---- */

int namespace_new_time(const struct oci_spec *spec, int proc_fd, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    char text[160];
    if (unshare(CLONE_NEWTIME) < 0)
        return error_errno(err, -errno, "cannot make a time namespace");
    if (!l->time_offsets_set)
        return 0;
    int r = str_format(text, sizeof(text), "monotonic %lld %u\nboottime %lld %u\n",
                       (long long) l->monotonic_secs, l->monotonic_nanosecs, (long long) l->boottime_secs,
                       l->boottime_nanosecs);
    if (r >= 0)
        r = proc_write(proc_fd, "self/timens_offsets", text, err);
    return r < 0 ? error_context(err, r, "linux.timeOffsets") : 0;
}

/* ---- user namespaces ---- */

static int write_map(int proc_fd, pid_t pid, const char *file, const struct oci_id_maps *maps,
                     struct error *err)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    char path[48];
    for (size_t i = 0; i < maps->n; i++)
        strbuf_addf(&text, "%u %u %u\n", maps->v[i].container_id, maps->v[i].host_id, maps->v[i].size);
    int r = str_format(path, sizeof(path), "%d/%s", (int) pid, file);
    return r < 0 ? r : proc_write(proc_fd, path, text.buf, err);
}

int namespace_write_maps(int proc_fd, pid_t pid, const struct oci_id_maps *uids,
                         const struct oci_id_maps *gids, struct error *err)
{
    int r = write_map(proc_fd, pid, "uid_map", uids, err);
    if (r >= 0)
        r = write_map(proc_fd, pid, "gid_map", gids, err);
    return r < 0 ? error_context(err, r, "id maps") : 0;
}

static int open_user_ns_of(int proc_fd, pid_t pid, const struct oci_id_maps *uids,
                           const struct oci_id_maps *gids, struct error *err)
{
    char path[48];
    int r = namespace_write_maps(proc_fd, pid, uids, gids, err);
    if (r >= 0)
        r = str_format(path, sizeof(path), "%d/ns/user", (int) pid);
    return r < 0 ? r : file_open(proc_fd, path, O_RDONLY, 0, err);
}

/* Does nothing, and not longer than its maker lives: it holds all of its descriptors, the lock of the state among them. */
static _noreturn_ void hold_namespace(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    while (getppid() == parent)
        pause();
    _exit(0);
}

int namespace_user_with_maps(const struct oci_id_maps *uids, const struct oci_id_maps *gids,
                             struct error *err)
{
    _cleanup_close_ int proc_fd = proc_open(err);
    if (proc_fd < 0)
        return proc_fd;
    struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    pid_t parent = getpid(), pid = sys_clone3(&args, sizeof(args));
    if (pid < 0)
        return error_errno(err, -errno, "cannot make a user namespace");
    if (pid == 0)
        hold_namespace(parent);
    int fd = open_user_ns_of(proc_fd, pid, uids, gids, err);
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return fd;
}

/* Stops in the namespace, so that its maps can be read by somebody outside of it: from inside they look different. */
static _noreturn_ void stop_in_namespace(int userns_fd, pid_t parent)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (setns(userns_fd, CLONE_NEWUSER) < 0)
        _exit(errno);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(0); /* killed before: nobody would end us, and we hold the container's lock */
    kill(getpid(), SIGSTOP);
    _exit(0);
}

static int parse_map(char *text, struct oci_id_maps *ret)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct oci_id_map m = { 0 };
        uint32_t *const to[] = { &m.container_id, &m.host_id, &m.size };
        char *in_line = NULL, *word = strtok_r(line, " ", &in_line);
        for (size_t i = 0; i < ARRAY_LEN(to); i++, word = strtok_r(NULL, " ", &in_line))
            if (!word || parse_u32(word, to[i]) < 0)
                return -EINVAL;
        ret->v = xreallocarray(ret->v, ret->n + 1, sizeof(*ret->v));
        ret->v[ret->n++] = m;
    }
    return ret->n == 0 ? -EINVAL : 0;
}

static int read_map(int proc_fd, pid_t pid, const char *file, struct oci_id_maps *ret, struct error *err)
{
    char path[48];
    _cleanup_free_ char *text = NULL;
    int r = str_format(path, sizeof(path), "%d/%s", (int) pid, file);
    if (r >= 0)
        r = file_read(proc_fd, path, 65536, &text, NULL, err);
    if (r >= 0 && parse_map(text, ret) < 0)
        r = error_set(err, -EINVAL, "the user namespace has no %s", file);
    return r < 0 ? r : 0;
}

int namespace_read_maps(int userns_fd, struct oci_id_maps *ret_uids, struct oci_id_maps *ret_gids,
                        struct error *err)
{
    struct clone_args args = { .exit_signal = SIGCHLD };
    int status;
    _cleanup_close_ int proc_fd = proc_open(err);
    if (proc_fd < 0)
        return proc_fd;
    pid_t parent = getpid(), pid = sys_clone3(&args, sizeof(args));
    if (pid < 0)
        return error_errno(err, -errno, "cannot make a process");
    if (pid == 0)
        stop_in_namespace(userns_fd, parent);
    while (waitpid(pid, &status, WUNTRACED) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status))
        return error_errno(err, -WEXITSTATUS(status), "cannot join the user namespace");
    struct oci_id_maps uids = { 0 }, gids = { 0 };
    int r = read_map(proc_fd, pid, "uid_map", &uids, err);
    if (r >= 0)
        r = read_map(proc_fd, pid, "gid_map", &gids, err);
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (r < 0) {
        free(uids.v);
        free(gids.v);
        return r;
    }
    *ret_uids = uids;
    *ret_gids = gids;
    return 0;
}

uint32_t namespace_host_id(const struct oci_id_maps *maps, uint32_t container_id)
{
    if (maps->n == 0)
        return container_id;
    for (size_t i = 0; i < maps->n; i++) {
        const struct oci_id_map *m = &maps->v[i];
        if (container_id >= m->container_id && container_id - m->container_id < m->size)
            return m->host_id + (container_id - m->container_id);
    }
    return (uint32_t) -1;
}

uint32_t namespace_host_uid(const struct oci_spec *spec, uint32_t uid)
{
    return spec->linux_.namespaces[OCI_NS_USER].set ? namespace_host_id(&spec->linux_.uid_mappings, uid)
                                                    : uid;
}

int namespace_loopback_up(struct error *err)
{
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req) < 0)
        return error_errno(err, -errno, "cannot bring the loopback interface up");
    return 0;
}
