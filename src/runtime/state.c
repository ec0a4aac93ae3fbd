// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: everything that is written is written once and whole (O_EXCL, rename, symlink), so that a kill between any two
 * calls leaves either the old or the new fact. What changes by itself (alive, started) is asked of the kernel.
 *
 * Threats: a state directory that somebody else can write to makes us signal and unmount for them: it must be ours, 0700. An id
 * that is a path. A pid that was given to another process: compared by start time.
 */
#include "runtime/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/clock.h"
#include "confine/cgroup.h"
#include "oci/flat.h"
#include "sys/file.h"
#include "sys/proc.h"

#define CONFIG_MAX (64 * 1024 * 1024)
#define STATE_MAX (CONFIG_MAX + 1024 * 1024) /* it holds the configuration's annotations */

int container_id_check(const char *id, struct error *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
    size_t n = str_empty(id) ? 0 : strlen(id);
    if (n == 0 || n > 255 || id[0] == '.' || strspn(id, allowed) != n)
        return error_set(
            err, -EINVAL,
            "invalid container id \"%s\": 1 to 255 of A-Z a-z 0-9 _ + . -, not beginning with a dot",
            id ?: "");
    return 0;
}

int runtime_open(const char *root, struct runtime **ret, struct error *err)
{
    /* By openat2, as dir_open(): without it nothing is begun. */
    _cleanup_close_ int fd = sys_openat2(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
    fd = fd < 0 ? -errno : fd;
    if (fd == -ENOENT) {
        int r = dir_make_all(AT_FDCWD, root, 0700, err);
        if (r < 0)
            return r;
        fd = file_open(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0, err);
    } else if (fd < 0) {
        return error_errno(err, fd, "cannot open the state directory %s", root);
    }
    int r = fd < 0 ? fd : dir_check_private(fd, root, err);
    if (r < 0)
        return r;
    struct runtime *rt = xcalloc(1, sizeof(*rt));
    *rt = (struct runtime){ .fd = TAKE_FD(fd), .seccomp_fd = -1, .root = xstrdup(root) };
    *ret = rt;
    return 0;
}

void runtime_close(struct runtime *rt)
{
    if (!rt)
        return;
    cleanup_close(&rt->fd);
    cleanup_close(&rt->seccomp_fd);
    free((char *) rt->root);
    free(rt->config);
    free(rt);
}

int state_open(struct runtime *rt, const char *id, int lock, struct error *err)
{
    int r = container_id_check(id, err);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = openat(rt->fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? error_set(err, -ENOENT, "container %s does not exist", id)
                               : error_errno(err, -errno, "cannot open the state of %s", id);
    r = file_lock(fd, lock, id, err);
    if (r < 0)
        return r;
    /* It may have been removed while we waited for the lock. */
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_nlink == 0)
        return error_set(err, -ENOENT, "container %s does not exist", id);
    return TAKE_FD(fd);
}

int state_create(struct runtime *rt, const char *id, struct error *err)
{
    int r = container_id_check(id, err);
    if (r < 0)
        return r;
    if (mkdirat(rt->fd, id, 0700) < 0)
        return errno == EEXIST ? error_set(err, -EEXIST, "container %s exists already", id)
                               : error_errno(err, -errno, "cannot make the state directory of %s", id);
    int fd = state_open(rt, id, LOCK_EX, err);
    if (fd < 0)
        unlinkat(rt->fd, id, AT_REMOVEDIR);
    return fd;
}

int state_remove(struct runtime *rt, const char *id, int dirfd, struct error *err)
{
    static const char *const names[] = { "state.json", "config.json", "cgroup" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (unlinkat(dirfd, names[i], 0) < 0 && errno != ENOENT)
            return error_errno(err, -errno, "cannot remove %s of container %s", names[i], id);
    if (unlinkat(rt->fd, id, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    /* The FIFOs of a container that was created and never started, the temporary file of a killed write. */
    return tree_remove(rt->fd, id, err);
}

int state_write_cgroup(int dirfd, const char *path, struct error *err)
{
    if (symlinkat(path, dirfd, "cgroup") == 0)
        return 0;
    if (errno != EEXIST || symlinkat(path, dirfd, "cgroup.tmp") < 0 ||
        renameat(dirfd, "cgroup.tmp", dirfd, "cgroup") < 0)
        return error_errno(err, -errno, "cannot record the cgroup");
    return 0;
}

char *state_read_cgroup(int dirfd)
{
    char path[PATH_MAX];
    ssize_t n = readlinkat(dirfd, "cgroup", path, sizeof(path) - 1);
    return n > 0 ? xstrndup(path, (size_t) n) : NULL;
}

/* ---- state.json ---- */

int state_write(int dirfd, const struct record *rec, struct error *err)
{
    _cleanup_json_ json_t *o = json_pack(
        "{s:i, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:I, s:b, s:o}", "state", 1, "ociVersion",
        rec->oci_version, "id", rec->id, "pid", (json_int_t) rec->pid, "startTime",
        (json_int_t) rec->start_time, "bundle", rec->bundle, "rootfs", rec->rootfs, "created", rec->created,
        "cgroupPath", rec->cgroup_path ?: "", "owner", (json_int_t) rec->owner_uid, "ownPidns",
        rec->own_pidns, "annotations", oci_pairs_json(&rec->annotations));
    if (!o)
        return error_set(err, -EINVAL, "the state of %s is not valid UTF-8", rec->id);
    _cleanup_free_ char *text = json_text(o, 0);
    /* We hold the directory's lock and it is ours alone, so the temporary name needs no luck and the mode no correction. */
    _cleanup_close_ int fd = file_open(dirfd, "state.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600,
                                       err);
    int r = fd < 0 ? fd : write_all(fd, text, strlen(text));
    if (r >= 0 && renameat(dirfd, "state.tmp", dirfd, "state.json") < 0)
        r = -errno;
    return r < 0 ? error_errno(err, r, "cannot record the state of %s", rec->id) : 0;
}

static int read_strings(const json_t *o, struct record *rec, struct error *err)
{
    const struct {
        const char *key;
        const char **field;
    } strings[] = {
        { "id", &rec->id },
        { "bundle", &rec->bundle },
        { "rootfs", &rec->rootfs },
        { "created", &rec->created },
        { "ociVersion", &rec->oci_version },
        { "cgroupPath", &rec->cgroup_path },
    };
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
        const char *s;
        int r = json_get_string(o, "state.json", strings[i].key, true, &s, err);
        if (r < 0)
            return r;
        *strings[i].field = arena_strdup(rec->arena, s);
    }
    return 0;
}

static int read_numbers(const json_t *o, struct record *rec, struct error *err)
{
    int64_t format = 0, pid = 0, start = 0, owner = 0;
    int r = json_get_i64(o, "state.json", "state", true, &format, err);
    if (r >= 0 && format != 1)
        return error_set(err, -EINVAL, "state.json: format %lld is of another version of oakum",
                         (long long) format);
    if (r >= 0)
        r = json_get_i64(o, "state.json", "pid", true, &pid, err);
    if (r >= 0)
        r = json_get_i64(o, "state.json", "startTime", true, &start, err);
    if (r >= 0)
        r = json_get_i64(o, "state.json", "owner", true, &owner, err);
    if (r >= 0)
        r = json_get_bool(o, "state.json", "ownPidns", true, &rec->own_pidns, err);
    if (r >= 0 && (pid < 0 || pid > INT_MAX || start < 0 || owner < 0 || owner > UINT32_MAX))
        return error_set(err, -EINVAL, "state.json: a number is out of range");
    rec->pid = (pid_t) pid;
    rec->start_time = (uint64_t) start;
    rec->owner_uid = (uint32_t) owner;
    return r;
}

static int read_annotations(const json_t *o, struct record *rec, struct error *err)
{
    json_t *a, *value;
    const char *key;
    int r = json_get_container(o, "state.json", "annotations", JSON_OBJECT, true, &a, err);
    if (r < 0)
        return r;
    json_object_foreach(a, key, value)
    {
        if (json_is_string(value))
            oci_pairs_set(rec->arena, &rec->annotations, key, json_string_value(value));
    }
    return 0;
}

/* False: it has something that has to be looked at more closely. */
static bool parse_quick(const char *text, size_t len, struct record *ret)
{
    struct flat_record {
        struct record rec;
        int64_t pid, start;
    } f = { .rec.arena = arena_new() };
#define R(member) offsetof(struct flat_record, member)
    static const struct flat_field fields[] = {
        { "ociVersion", FLAT_TEXT, true, R(rec.oci_version) },
        { "id", FLAT_TEXT, true, R(rec.id) },
        { "pid", FLAT_I64, true, R(pid) },
        { "startTime", FLAT_I64, true, R(start) },
        { "bundle", FLAT_TEXT, true, R(rec.bundle) },
        { "rootfs", FLAT_TEXT, true, R(rec.rootfs) },
        { "created", FLAT_TEXT, true, R(rec.created) },
        { "cgroupPath", FLAT_TEXT, true, R(rec.cgroup_path) },
        { "owner", FLAT_U32, true, R(rec.owner_uid) },
        { "ownPidns", FLAT_BOOL, true, R(rec.own_pidns) },
        { "annotations", FLAT_PAIRS, true, R(rec.annotations) },
    };
#undef R
    if (!flat_parse(text, len, "state", 1, fields, ARRAY_LEN(fields), f.rec.arena, &f) || f.pid < 0 ||
        f.pid > INT_MAX || f.start < 0) {
        arena_free(f.rec.arena);
        return false;
    }
    f.rec.pid = (pid_t) f.pid;
    f.rec.start_time = (uint64_t) f.start;
    *ret = f.rec;
    return true;
}

int state_parse(const char *text, size_t len, struct record *ret, struct error *err)
{
    _cleanup_json_ json_t *o = NULL;
    if (parse_quick(text, len, ret))
        return 0;
    int r = json_parse(text, len, "state.json", &o, err);
    if (r < 0)
        return r;
    struct record rec = { .arena = arena_new() };
    r = json_is_object(o) ? 0 : error_set(err, -EINVAL, "state.json: is not an object");
    if (r >= 0)
        r = read_strings(o, &rec, err);
    if (r >= 0)
        r = read_numbers(o, &rec, err);
    if (r >= 0)
        r = read_annotations(o, &rec, err);
    if (r < 0) {
        arena_free(rec.arena);
        return r;
    }
    *ret = rec;
    return 0;
}

int state_read(int dirfd, struct record *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(dirfd, "state.json", STATE_MAX, &text, &len, err);
    return r < 0 ? r : state_parse(text, len, ret, err);
}

int state_read_config(int dirfd, char **ret, size_t *ret_len, struct error *err)
{
    return file_read(dirfd, "config.json", CONFIG_MAX, ret, ret_len, err);
}

/* ---- what the kernel knows ---- */

bool state_alive(const struct record *rec)
{
    _cleanup_close_ int proc = proc_open(NULL);
    char state = rec->pid > 0 && proc >= 0 ? proc_state(proc, rec->pid, rec->start_time) : 0;
    return state != 0 && state != 'Z' && state != 'X';
}

/* Before start the container's process holds the FIFO open for reading; opening it for writing without waiting tells. */
static bool waits_for_start(int dirfd)
{
    _cleanup_close_ int fd = openat(dirfd, "start", O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0;
}

bool state_frozen(const struct record *rec)
{
    bool frozen = false;
    return !str_empty(rec->cgroup_path) && cgroup_path_frozen(rec->cgroup_path, &frozen, NULL) == 0 && frozen;
}

enum container_status state_status(int dirfd, const struct record *rec)
{
    if (!state_alive(rec))
        return CONTAINER_STOPPED;
    if (waits_for_start(dirfd))
        return CONTAINER_CREATED;
    return state_frozen(rec) ? CONTAINER_PAUSED : CONTAINER_RUNNING;
}

const char *container_status_name(enum container_status s)
{
    static const char *const names[] = { "creating", "created", "running", "paused", "stopped" };
    return names[s];
}
