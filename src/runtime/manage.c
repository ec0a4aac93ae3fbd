// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the commands on a container that exists. Each opens its directory with a lock (shared to look, exclusive to
 * change), reads the record, asks the kernel for what changes, and acts through pidfds.
 *
 * Threats: a signal to a pid that now belongs to another process: pids are checked by start time and pinned by a pidfd before
 * they are signalled. Processes in the container's cgroup that are not the container's (its path was taken before, or since):
 * only what the record vouches for is killed. Two deletes at once: the lock, and every removal takes "already gone" as done.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>

#include "confine/cgroup.h"
#include "runtime/members.h"
#include "runtime/rdt.h"
#include "runtime/start.h"
#include "sys/file.h"
#include "sys/proc.h"

#define RESULT_MAX 1023

/* ---- start ---- */

static int answer_of_start(int result_fd, const char *id, struct error *err)
{
    char text[RESULT_MAX + 1];
    struct pollfd p = { .fd = result_fd, .events = POLLIN };
    while (poll(&p, 1, -1) < 0)
        if (errno != EINTR)
            return error_errno(err, -errno, "cannot wait for container %s", id);
    ssize_t n = read(result_fd, text, RESULT_MAX);
    if (n <= 0) /* its descriptors were closed by the exec */
        return 0;
    text[n] = '\0';
    return error_set(err, -ENOEXEC, "%s", text);
}

static int start_created(int dirfd, const struct record *rec, const char *id, struct error *err)
{
    enum container_status status = state_status(dirfd, rec);
    bool frozen = status == CONTAINER_CREATED && state_frozen(rec);
    if (status != CONTAINER_CREATED || frozen)
        return error_set(err, -EINVAL, "container %s cannot be started: it is %s", id,
                         container_status_name(frozen ? CONTAINER_PAUSED : status));
    _cleanup_close_ int result = openat(dirfd, "result", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_close_ int start = openat(dirfd, "start", O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (result < 0 || start < 0 || write(start, "s", 1) != 1)
        return error_errno(err, -errno, "cannot tell container %s to start", id);
    unlinkat(dirfd, "start", 0);
    unlinkat(dirfd, "result", 0);
    /* The exec may take as long as a slow disk wants; kill and delete must not wait for it. */
    file_lock(dirfd, LOCK_UN, id, NULL);
    return answer_of_start(result, id, err);
}

static int kill_everything(const struct record *rec, const char *id, const char *cgroup_path,
                           struct error *err);

/* A poststart hook that fails ends the container (runtime-spec 1.3); delete takes it away. */
static int start_with_hooks(int dirfd, const struct record *rec, const char *id, struct error *err)
{
    _cleanup_oci_spec_ struct oci_spec *spec = hook_point_spec(dirfd, OCI_HOOK_POSTSTART);
    int r = start_created(dirfd, rec, id, err);
    if (r < 0)
        return r;
    r = hook_point_poststart_of(spec, rec, err);
    if (r < 0)
        kill_everything(rec, id, rec->cgroup_path, NULL);
    return r;
}

/* As runc's: it returns when the program has said that it is ready. */
static int start_and_hear(int dirfd, const struct record *rec, const char *id, const char *notify_socket,
                          struct error *err)
{
    struct notify notify = NOTIFY_NONE;
    if (str_empty(notify_socket) || !notify_is_made(dirfd) || state_status(dirfd, rec) != CONTAINER_CREATED)
        return start_with_hooks(dirfd, rec, id, err);
    _cleanup_close_ int proc = proc_open(err);
    _cleanup_close_ int pidfd = proc < 0 ? proc : proc_pidfd(proc, rec->pid, rec->start_time, err);
    int r = pidfd < 0 ? pidfd : notify_connect(&notify, notify_socket, err);
    if (r >= 0)
        r = notify_listen(&notify, dirfd, err);
    if (r >= 0)
        r = start_with_hooks(dirfd, rec, id, err);
    if (r >= 0)
        notify_wait(&notify, rec->pid, pidfd, NULL);
    notify_close(&notify);
    return r;
}

int container_start(struct runtime *rt, const char *id, const char *notify_socket, struct error *err)
{
    _cleanup_close_ int dirfd = state_open(rt, id, LOCK_EX, err);
    if (dirfd < 0)
        return dirfd;
    struct record rec;
    int r = state_read(dirfd, &rec, err);
    if (r < 0)
        return r == -ENOENT ? error_set(err, -EINVAL, "container %s is not created yet", id) : r;
    r = start_and_hear(dirfd, &rec, id, notify_socket, err);
    arena_free(rec.arena);
    return r;
}

/* ---- state, list ---- */

/* known: one that runs, as the caller knows; or NULL. */
static struct container_state *state_from(int dirfd, const char *id, const struct record *rec,
                                          const enum container_status *known)
{
    struct arena *a = rec ? rec->arena : arena_new();
    struct container_state *st = arena_alloc(a, sizeof(*st));
    *st = (struct container_state){ .arena = a, .id = arena_strdup(a, id), .status = CONTAINER_CREATING };
    if (!rec) {
        _cleanup_free_ char *cgroup = state_read_cgroup(dirfd);
        st->bundle = st->rootfs = st->created = "";
        st->oci_version = OCI_VERSION_MAX;
        st->cgroup_path = cgroup ? arena_strdup(a, cgroup) : "";
        return st;
    }
    st->bundle = rec->bundle;
    st->rootfs = rec->rootfs;
    st->created = rec->created;
    st->oci_version = rec->oci_version;
    st->cgroup_path = rec->cgroup_path;
    st->owner_uid = rec->owner_uid;
    st->annotations = rec->annotations;
    st->status = known ? *known : state_status(dirfd, rec);
    st->pid = st->status == CONTAINER_STOPPED ? 0 : rec->pid;
    st->start_time = rec->start_time;
    return st;
}

/* Looking needs no lock: state.json is replaced whole. */
static int look(struct runtime *rt, const char *id, struct container_state **ret, struct error *err)
{
    _cleanup_close_ int dirfd = openat(rt->fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dirfd < 0)
        return errno == ENOENT ? error_set(err, -ENOENT, "container %s does not exist", id)
                               : error_errno(err, -errno, "cannot open the state of %s", id);
    struct record rec;
    *ret = state_from(dirfd, id, state_read(dirfd, &rec, NULL) < 0 ? NULL : &rec, NULL);
    return 0;
}

int container_state(struct runtime *rt, const char *id, struct container_state **ret, struct error *err)
{
    int r = container_id_check(id, err);
    return r < 0 ? r : look(rt, id, ret, err);
}

int container_glance(struct runtime *rt, const char *id, struct container_state **ret, struct error *err)
{
    struct record rec;
    char path[300], text[8192];
    enum container_status status = CONTAINER_RUNNING;
    int r = container_id_check(id, err);
    if (r == 0)
        r = str_format(path, sizeof(path), "%s/state.json", id);
    ssize_t n = r < 0 ? r : file_read_small(rt->fd, path, text, sizeof(text));
    if (n < 0)
        return error_errno(err, (int) n, "cannot read the state of %s", id);
    r = state_parse(text, (size_t) n, &rec, err);
    if (r < 0)
        return r;
    if (state_of_has_grown(rt->fd, id) && state_frozen(&rec))
        status = CONTAINER_PAUSED;
    *ret = state_from(-1, id, &rec, &status);
    return 0;
}

void container_state_free(struct container_state *st)
{
    if (st)
        arena_free(st->arena);
}

json_t *container_state_to_json(const struct container_state *st)
{
    json_t *o = json_object(), *annotations = json_object();
    json_object_set_new(o, "ociVersion", json_string(st->oci_version));
    json_object_set_new(o, "id", json_string(st->id));
    json_object_set_new(o, "pid", json_integer(st->pid));
    json_object_set_new(o, "status", json_string(container_status_name(st->status)));
    json_object_set_new(o, "bundle", json_string(st->bundle));
    json_object_set_new(o, "rootfs", json_string(st->rootfs));
    json_object_set_new(o, "created", json_string(st->created));
    for (size_t i = 0; i < st->annotations.n; i++)
        json_object_set_new(annotations, st->annotations.v[i].key, json_string(st->annotations.v[i].value));
    json_object_set_new(o, "annotations", annotations);
    json_object_set_new(o, "owner", json_string(st->owner_uid == 0 ? "root" : ""));
    return o;
}

struct collect {
    struct runtime *rt;
    struct container_state **list;
    size_t n;
};

static int collect_one(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct collect *c = arg;
    struct container_state *st = NULL;
    (void) dirfd;
    (void) type;
    if (name[0] == '.' || look(c->rt, name, &st, NULL) < 0)
        return 0;
    c->list = xreallocarray(c->list, c->n + 1, sizeof(*c->list));
    c->list[c->n++] = st;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct container_state *const *) a)->id, (*(struct container_state *const *) b)->id);
}

int container_list(struct runtime *rt, struct container_state ***ret, size_t *ret_n, struct error *err)
{
    struct collect c = { .rt = rt };
    int r = dir_each(rt->fd, ".", collect_one, &c, err);
    if (r < 0) {
        for (size_t i = 0; i < c.n; i++)
            container_state_free(c.list[i]);
        free(c.list);
        return r;
    }
    if (c.n > 0)
        qsort(c.list, c.n, sizeof(*c.list), by_id);
    *ret = c.list;
    *ret_n = c.n;
    return 0;
}

int container_spec(struct runtime *rt, const char *id, struct oci_spec **ret, struct error *err)
{
    _cleanup_close_ int dirfd = state_open(rt, id, LOCK_SH, err);
    char *text = NULL;
    size_t len;
    int r = dirfd < 0 ? dirfd : state_read_config(dirfd, &text, &len, err);
    if (r < 0)
        return r;
    free(rt->config);
    rt->config = text;
    rt->config_len = len;
    return oci_spec_parse(text, len, ret, err);
}

/* ---- kill, wait, delete ---- */

/* containerd looks for "container not running", and takes a container that has just ended for what it is. */
static int not_running(const char *id, struct error *err)
{
    return error_set(err, -ESRCH, "container not running: %s", id);
}

static int signal_init(const struct record *rec, const char *id, int sig, struct error *err)
{
    _cleanup_close_ int proc = proc_open(err);
    if (proc < 0)
        return proc;
    _cleanup_close_ int pidfd = proc_pidfd(proc, rec->pid, rec->start_time, err);
    int r = pidfd < 0 ? pidfd : 0;
    if (r == 0 && sys_pidfd_send_signal(pidfd, sig, NULL, 0) < 0)
        r = error_errno(err, -errno, "cannot signal container %s", id);
    return r == -ESRCH ? not_running(id, err) : r;
}

static int signal_all(const struct record *rec, const char *cgroup_path, int sig, struct error *err)
{
    if (str_empty(cgroup_path))
        return rec && state_alive(rec) ? members_signal(rec->pid, sig, err) : 0;
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    int r = cgroup_open(cgroup_path, &cg, err);
    return r == -ENOENT ? 0 : r < 0 ? r : cgroup_signal(cg, sig, err);
}

int container_kill(struct runtime *rt, const char *id, int sig, bool all, struct error *err)
{
    _cleanup_close_ int dirfd = state_open(rt, id, LOCK_SH, err);
    if (dirfd < 0)
        return dirfd;
    struct record rec;
    int r = state_read(dirfd, &rec, err);
    if (r < 0)
        return r == -ENOENT ? not_running(id, err) : r;
    r = all                 ? signal_all(&rec, rec.cgroup_path, sig, err)
        : state_alive(&rec) ? signal_init(&rec, id, sig, err)
                            : not_running(id, err);
    /* SIGKILL to the first process of a shared pid namespace would leave the others. */
    if (r >= 0 && !all && sig == SIGKILL && !rec.own_pidns)
        r = signal_all(&rec, rec.cgroup_path, sig, err);
    if (r >= 0 && sig == SIGKILL && state_has_grown(dirfd))
        container_thaw(&rec); /* a frozen process of version 1 dies when it may run */
    arena_free(rec.arena);
    return r;
}

static int wait_end(const struct record *rec, int timeout_ms, struct error *err)
{
    _cleanup_close_ int proc = proc_open(err);
    if (proc < 0)
        return proc;
    _cleanup_close_ int pidfd = proc_pidfd(proc, rec->pid, rec->start_time, err);
    if (pidfd < 0)
        return pidfd == -ESRCH ? 1 : pidfd;
    struct pollfd p = { .fd = pidfd, .events = POLLIN };
    int n = poll(&p, 1, timeout_ms);
    return n < 0 && errno != EINTR ? error_errno(err, -errno, "cannot wait") : n > 0;
}

int container_wait(struct runtime *rt, const char *id, int timeout_ms, struct error *err)
{
    struct record rec;
    _cleanup_close_ int dirfd = state_open(rt, id, LOCK_SH, NULL);
    int r = dirfd < 0 ? dirfd : state_read(dirfd, &rec, NULL);
    if (r == -ENOENT)
        return 1;
    if (r < 0)
        return error_errno(err, r, "cannot read the state of %s", id);
    file_lock(dirfd, LOCK_UN, id, NULL);
    r = state_alive(&rec) ? wait_end(&rec, timeout_ms, err) : 1;
    arena_free(rec.arena);
    return r;
}

#define KILL_TIMEOUT_MS 10000

#define LEAVE_TIMEOUT_MS 2000

/* rec NULL: the record is damaged. */
static int kill_everything(const struct record *rec, const char *id, const char *cgroup_path,
                           struct error *err)
{
    bool alive = rec && state_alive(rec);
    int r = alive ? signal_init(rec, id, SIGKILL, err) : 0;
    if (r < 0 && r != -ESRCH)
        return r;
    /* With the first process of a pid namespace all others of it have ended. */
    bool others = !rec || alive || !rec->own_pidns;
    r = others && !str_empty(cgroup_path) ? signal_all(rec, cgroup_path, SIGKILL, err) : 0;
    if (r >= 0 && alive)
        r = wait_end(rec, KILL_TIMEOUT_MS, err);
    if (r == 0 && alive && state_alive(rec))
        return error_set(err, -EBUSY, "container %s: process %d does not die", id, (int) rec->pid);
    return r < 0 ? r : 0;
}

/* Ours are on their way out of it; whoever stays is not ours. */
static bool cgroup_gets_empty(const char *path)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    if (cgroup_open(path, &cg, NULL) < 0)
        return true;
    for (int waited = 0;; waited += 10) {
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        if (cgroup_pids(cg, &pids, &n, NULL) < 0 || n == 0)
            return true;
        if (waited >= LEAVE_TIMEOUT_MS)
            return false;
        poll(NULL, 0, 10);
    }
}

/*
 * A directory without a record: a create that is under way holds the lock (we then say so), a killed one does not. Its child, if it
 * had one, ends with it; processes that stay in the cgroup were there before, and create was killed when it had not yet
 * found out. A damaged record: there may be a container, so without force nothing is done.
 */
int container_delete(struct runtime *rt, const char *id, bool force, struct error *err)
{
    _cleanup_close_ int dirfd = state_open(rt, id, LOCK_EX | (force ? 0 : LOCK_NB), err);
    if (dirfd == -ENOENT && force)
        return 0;
    if (dirfd < 0)
        return dirfd == -EWOULDBLOCK ? error_set(err, -EBUSY, "container %s is in use by another command", id)
                                     : dirfd;
    struct record rec;
    int found = state_read(dirfd, &rec, NULL);
    const struct record *known = found < 0 ? NULL : &rec;
    _cleanup_free_ char *cgroup_path = state_read_cgroup(dirfd);
    int r = 0;
    if (found < 0 && found != -ENOENT && !force)
        r = error_set(
            err, -EBADMSG,
            "the state of container %s is damaged: --force ends what is in its cgroup and removes it", id);
    if (known && !force) {
        enum container_status status = state_status(dirfd, known);
        if (status != CONTAINER_STOPPED && status != CONTAINER_CREATED)
            r = error_set(err, -EBUSY, "container %s is %s: stop it first, or use --force", id,
                          container_status_name(status));
    }
    if (r >= 0 && found != -ENOENT)
        r = kill_everything(known, id, cgroup_path, err);
    _cleanup_oci_spec_ struct oci_spec *hooks = r >= 0 && known ? hook_point_spec(dirfd, OCI_HOOK_POSTSTOP)
                                                                : NULL;
    if (r >= 0)
        r = rdt_forget(dirfd, id, err);
    if (r >= 0)
        r = container_remove_traces(rt, id, dirfd,
                                    cgroup_path && cgroup_gets_empty(cgroup_path) ? cgroup_path : NULL, err);
    if (r >= 0 && known)
        hook_point_poststop_of(hooks, known);
    if (known)
        arena_free(rec.arena);
    return r;
}

int container_ps(struct runtime *rt, const char *id, pid_t **ret, size_t *ret_n, struct error *err)
{
    struct container_state *st = NULL;
    int r = container_state(rt, id, &st, err);
    if (r < 0 || st == NULL)
        return r;
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    if (st->status == CONTAINER_STOPPED || st->status == CONTAINER_CREATING)
        r = error_set(err, -ESRCH, "container %s is not running", id);
    if (r >= 0)
        r = str_empty(st->cgroup_path) ? 0 : cgroup_open(st->cgroup_path, &cg, err);
    if (r >= 0 && !cg)
        r = members_of(st->pid, ret, ret_n, err);
    else if (r >= 0)
        r = cgroup_pids(cg, ret, ret_n, err);
    container_state_free(st);
    return r;
}
