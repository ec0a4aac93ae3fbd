// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: criu dumps the container's tree of processes with its namespaces. What comes from outside of it is declared as
 * external, under names that restore can find again in the specification: bind mounts by their destination, devices by their
 * path, joined network and pid namespaces by kind, standard streams by what they were (descriptors.json).
 *
 * Threat: a container that comes back with less confinement than it had. criu restores capabilities, ids, seccomp filters, labels,
 * limits and namespaces; controls that it does not know are found in the specification, and the checkpoint is refused. So is a
 * mount that nobody can name: restored as something else, it would be another file system.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/parse.h"
#include "confine/landlock.h"
#include "confine/namespaces.h"
#include "runtime/checkpoint.h"
#include "runtime/start.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/root.h"

#define MOUNTINFO_MAX (64u << 20)

int checkpoint_check(const struct oci_spec *spec, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    bool idmapped = false, notifies = l->seccomp.set && l->seccomp.listener_path;
    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct oci_mount *m = &spec->mounts[i];
        idmapped |= m->uid_mappings.n > 0;
        for (size_t k = 0; k < m->options.n; k++)
            idmapped |= str_eq(m->options.v[k], "idmap") || str_eq(m->options.v[k], "ridmap");
    }
    const struct {
        const char *field;
        bool used;
    } rows[] = {
        { "process.terminal", spec->process.terminal },
        { "annotations." ANNOTATION_LANDLOCK, landlock_wanted(spec) },
        { "linux.seccomp.listenerPath", notifies },
        { "linux.memoryPolicy", l->memory_policy_mode != NULL },
        { "linux.netDevices", l->n_net_devices > 0 },
        { "process.ioPriority", spec->process.io_priority_class != NULL },
        { "mounts: id-mapped", idmapped },
        /* The nodes in its /dev, which nobody may make in a user namespace. */
        { "linux.namespaces: user", l->namespaces[OCI_NS_USER].set },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].used)
            return error_set(err, -ENOTSUP, "%s: would not come back at a restore", rows[i].field);
    return 0;
}

bool checkpoint_is_bind(const struct oci_mount *m)
{
    bool bind = m->type && str_eq(m->type, "bind");
    for (size_t i = 0; i < m->options.n; i++)
        bind |= str_eq(m->options.v[i], "bind") || str_eq(m->options.v[i], "rbind");
    return bind;
}

/* ---- mounts ---- */

struct mount_line {
    const char *root, *point, *type;
};

/* mountinfo writes space, tab, newline and backslash as \ooo. In place. */
static void unescape(char *s)
{
    char *to = s;
    for (; *s; s++, to++) {
        *to = *s;
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
            s[3] <= '7') {
            *to = (char) ((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        }
    }
    *to = '\0';
}

static bool parse_mount(char *line, struct mount_line *ret)
{
    char *tail = strstr(line, " - "), *save = NULL, *field[5] = { NULL };
    size_t n = 0;
    if (!tail)
        return false;
    *tail = '\0';
    for (char *w = strtok_r(line, " ", &save); w && n < ARRAY_LEN(field); w = strtok_r(NULL, " ", &save))
        field[n++] = w;
    if (n < ARRAY_LEN(field))
        return false;
    unescape(field[3]);
    unescape(field[4]);
    tail[3 + strcspn(tail + 3, " ")] = '\0';
    *ret = (struct mount_line){ .root = field[3], .point = field[4], .type = tail + 3 };
    return true;
}

/* Where a destination of the specification really is, links resolved in the container's root. */
static bool is_at(int rootfd, const char *destination, const char *point)
{
    char link[40], path[PATH_MAX];
    _cleanup_close_ int fd = root_open(rootfd, destination, O_PATH, NULL);
    if (fd < 0 || str_format(link, sizeof(link), "/proc/self/fd/%d", fd) < 0)
        return false;
    ssize_t n = readlinkat(AT_FDCWD, link, path, sizeof(path) - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return str_eq(path, point);
}

/* File systems that criu makes again, with their content. */
static bool is_made_again(const char *type)
{
    static const char *const types[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2" };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_eq(type, types[i]))
            return true;
    return false;
}

static int declare_mount(struct criu *c, const struct oci_spec *spec, int rootfd, const struct mount_line *m,
                         struct error *err)
{
    if (str_eq(m->point, "/"))
        return 0;
    for (size_t i = spec->n_mounts; i-- > 0;) {
        if (!checkpoint_is_bind(&spec->mounts[i]) || !is_at(rootfd, spec->mounts[i].destination, m->point))
            continue;
        criu_add(c, "--external");
        criu_add(c, "mnt[%s]:%s", m->point, spec->mounts[i].destination);
        return 0;
    }
    /* Without a cgroup namespace these are binds of the container's directory in each hierarchy. */
    if (str_after(m->type, "cgroup") && !spec->linux_.namespaces[OCI_NS_CGROUP].set) {
        criu_add(c, "--external");
        criu_add(c, "mnt[%s]:cgroup%s", m->point, strrchr(m->point, '/'));
        return 0;
    }
    if (str_eq(m->type, "devtmpfs")) {
        criu_add(c, "--external");
        criu_add(c, "mnt[%s]:/dev%s", m->point, m->root);
        return 0;
    }
    return is_made_again(m->type)
               ? 0
               : error_set(err, -ENOTSUP,
                           "the mount %s (%s) is none of the specification's: it cannot be restored",
                           m->point, m->type);
}

static int declare_mounts(struct criu *c, const struct oci_spec *spec, int proc_fd, const struct record *rec,
                          struct error *err)
{
    char path[40], *save = NULL;
    _cleanup_free_ char *text = NULL;
    _cleanup_close_ int root = proc_open_root(proc_fd, rec->pid, rec->start_time, err);
    if (root < 0)
        return root;
    int r = str_format(path, sizeof(path), "%d/mountinfo", (int) rec->pid);
    if (r >= 0)
        r = file_read(proc_fd, path, MOUNTINFO_MAX, &text, NULL, err);
    for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); line && r >= 0;
         line = strtok_r(NULL, "\n", &save)) {
        struct mount_line m;
        if (parse_mount(line, &m))
            r = declare_mount(c, spec, root, &m, err);
    }
    return r;
}

/* ---- namespaces ---- */

static int declare_namespaces(struct criu *c, const struct oci_spec *spec, int proc_fd, pid_t pid,
                              struct error *err)
{
    for (int kind = 0; kind < OCI_NS_KINDS; kind++) {
        const struct oci_namespace *ns = &spec->linux_.namespaces[kind];
        char path[40];
        struct stat st;
        if (!ns->set || !ns->path)
            continue;
        if (kind != OCI_NS_NETWORK && kind != OCI_NS_PID)
            return error_set(err, -ENOTSUP, "linux.namespaces: criu cannot join a %s namespace at a restore",
                             oci_namespace_name(kind));
        const char *file = namespace_file((enum oci_namespace_kind) kind);
        if (str_format(path, sizeof(path), "%d/ns/%s", (int) pid, file) < 0 ||
            fstatat(proc_fd, path, &st, 0) < 0)
            return error_errno(err, -errno, "cannot look at the %s namespace", oci_namespace_name(kind));
        criu_add(c, "--external");
        criu_add(c, "%s[%llu]:%s", file, (unsigned long long) st.st_ino, checkpoint_ns_key(kind));
    }
    return 0;
}

const char *checkpoint_ns_key(enum oci_namespace_kind kind)
{
    return kind == OCI_NS_PID ? "oakum-pid" : "oakum-net";
}

/* ---- standard streams ---- */

static int mount_id_of(int proc_fd, pid_t pid, int fd, uint32_t *ret)
{
    char path[48];
    _cleanup_free_ char *text = NULL;
    int r = str_format(path, sizeof(path), "%d/fdinfo/%d", (int) pid, fd);
    if (r >= 0)
        r = file_read(proc_fd, path, 4096, &text, NULL, NULL);
    const char *at = r < 0 ? NULL : strstr(text, "mnt_id:");
    if (!at)
        return -ENOENT;
    at += 7 + strspn(at + 7, " \t");
    text[(at - text) + (ptrdiff_t) strcspn(at, "\n")] = '\0';
    return parse_u32(at, ret);
}

/* Is mount id among those of pid's mount namespace? */
static bool has_mount(int proc_fd, pid_t pid, uint32_t id)
{
    char path[40], want[24];
    _cleanup_free_ char *text = NULL;
    if (str_format(path, sizeof(path), "%d/mountinfo", (int) pid) < 0 ||
        str_format(want, sizeof(want), "%u ", id) < 0 ||
        file_read(proc_fd, path, MOUNTINFO_MAX, &text, NULL, NULL) < 0)
        return true;
    for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strncmp(p, want, strlen(want)) == 0)
            return true;
    return false;
}

/* What fd of the process is, as criu calls it: "pipe:[N]", or "file[MOUNT:INODE]" for one from outside; else its path. */
static const char *stream_key(struct criu *c, int proc_fd, pid_t pid, int fd)
{
    char path[40], link[PATH_MAX];
    struct stat st;
    uint32_t mount;
    if (str_format(path, sizeof(path), "%d/fd/%d", (int) pid, fd) < 0)
        return "";
    ssize_t n = readlinkat(proc_fd, path, link, sizeof(link) - 1);
    if (n < 0)
        return "";
    link[n] = '\0';
    if (link[0] == '/' && fstatat(proc_fd, path, &st, 0) == 0 && mount_id_of(proc_fd, pid, fd, &mount) == 0 &&
        !has_mount(proc_fd, pid, mount))
        return arena_printf(c->arena, "file[%x:%llx]", mount, (unsigned long long) st.st_ino);
    return arena_strdup(c->arena, link);
}

static int declare_streams(struct criu *c, const struct criu_options *opt, int proc_fd, pid_t pid,
                           struct error *err)
{
    _cleanup_json_ json_t *list = json_array();
    for (int fd = 0; fd < 3; fd++) {
        const char *key = stream_key(c, proc_fd, pid, fd);
        json_array_append_new(list, json_string(key) ?: json_string(""));
        if (str_after(key, "file[")) {
            criu_add(c, "--external");
            criu_add(c, "%s", key);
        }
    }
    _cleanup_free_ char *text = json_text(list, 0), *path = xasprintf("%s/descriptors.json", opt->image_path);
    int r = file_replace(AT_FDCWD, path, text, strlen(text), 0600, false, err);
    return r < 0 ? error_context(err, r, "--image-path") : 0;
}

/* ---- the whole ---- */

static int add_dump_options(struct criu *c, const struct criu_options *opt, pid_t pid, struct error *err)
{
    criu_add(c, "--tree=%d", (int) pid);
    if (opt->leave_running && !opt->pre_dump)
        criu_add(c, "--leave-running");
    if (opt->pre_dump || opt->parent_path)
        criu_add(c, "--track-mem");
    if (opt->parent_path && opt->parent_path[0] == '/')
        return error_set(err, -EINVAL, "--parent-path: must be relative to --image-path");
    if (opt->parent_path)
        criu_add(c, "--prev-images-dir=%s", opt->parent_path);
    if (opt->page_server) {
        const char *colon = strrchr(opt->page_server, ':');
        if (!colon || colon == opt->page_server)
            return error_set(err, -EINVAL, "--page-server: must be ADDRESS:PORT");
        criu_add(c, "--page-server");
        criu_add(c, "--address=%.*s", (int) (colon - opt->page_server), opt->page_server);
        criu_add(c, "--port=%s", colon + 1);
    }
    for (size_t i = 0; i < opt->empty_ns.n; i++)
        if (!str_eq(opt->empty_ns.v[i], "network"))
            return error_set(err, -EINVAL, "--empty-ns: can only be network");
    if (opt->empty_ns.n > 0)
        criu_add(c, "--empty-ns=net");
    return opt->status_fd.set ? criu_pass_status(c, (int) opt->status_fd.v, err) : 0;
}

/* A paused container: criu must know what holds it still, to let it go for the moments that it needs. */
static int declare_freezer(struct criu *c, const struct record *rec, struct error *err)
{
    char link[40], path[PATH_MAX];
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    if (!state_frozen(rec))
        return 0;
    int r = str_empty(rec->cgroup_path) ? error_set(err, -EOPNOTSUPP, "the container has no cgroup")
                                        : cgroup_open(rec->cgroup_path, &cg, err);
    if (r < 0)
        return r;
    r = str_format(link, sizeof(link), "/proc/self/fd/%d", cgroup_freezer_fd(cg));
    ssize_t n = r < 0 ? -1 : readlinkat(AT_FDCWD, link, path, sizeof(path) - 1);
    if (n < 0)
        return error_errno(err, -errno, "cannot find the container's freezer");
    path[n] = '\0';
    criu_add(c, "--freeze-cgroup=%s", path);
    return 0;
}

static int dump(int dirfd, const struct record *rec, const struct criu_options *opt, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    _cleanup_free_ char *text = NULL;
    _cleanup_close_ int proc_fd = proc_open(err);
    struct criu c;
    size_t len;
    int r = proc_fd < 0 ? proc_fd : state_read_config(dirfd, &text, &len, err);
    if (r >= 0)
        r = oci_spec_parse(text, len, &spec, err);
    if (r >= 0)
        r = checkpoint_check(spec, err);
    if (r >= 0 && notify_is_made(dirfd))
        r = error_set(err, -ENOTSUP, "NOTIFY_SOCKET: would not come back at a restore");
    if (r >= 0)
        r = criu_begin(&c, a, opt, opt->pre_dump ? "pre-dump" : "dump", err);
    if (r >= 0)
        criu_add_config(&c, spec);
    if (r >= 0)
        r = dir_make_all(AT_FDCWD, opt->image_path, 0700, err);
    if (r >= 0 && opt->work_path)
        r = dir_make_all(AT_FDCWD, opt->work_path, 0700, err);
    if (r >= 0)
        r = add_dump_options(&c, opt, rec->pid, err);
    if (r >= 0)
        r = declare_freezer(&c, rec, err);
    if (r >= 0)
        r = declare_mounts(&c, spec, proc_fd, rec, err);
    if (r >= 0)
        r = declare_namespaces(&c, spec, proc_fd, rec->pid, err);
    if (r >= 0)
        r = declare_streams(&c, opt, proc_fd, rec->pid, err);
    return r < 0 ? r : criu_run(&c, err);
}

int container_checkpoint(struct runtime *rt, const char *id, const struct criu_options *opt,
                         struct error *err)
{
    _cleanup_close_ int dirfd = state_open(rt, id, LOCK_EX, err);
    struct record rec;
    if (dirfd < 0)
        return dirfd;
    int r = state_read(dirfd, &rec, err);
    if (r < 0)
        return r == -ENOENT ? error_set(err, -EINVAL, "container %s is not created yet", id) : r;
    enum container_status status = state_status(dirfd, &rec);
    r = status == CONTAINER_RUNNING || status == CONTAINER_PAUSED
            ? dump(dirfd, &rec, opt, err)
            : error_set(err, -EINVAL, "container %s is not running: it is %s", id,
                        container_status_name(status));
    arena_free(rec.arena);
    if (r < 0 || opt->leave_running || opt->pre_dump)
        return r;
    file_lock(dirfd, LOCK_UN, id, NULL);
    return container_delete(rt, id, true, err);
}
