// SPDX-License-Identifier: Apache-2.0
/*
 * The systemd driver: the container's cgroup is a transient scope, made and removed by the service manager, delegated to us.
 *
 * How it works. A scope needs a process, and the container's may run nowhere but in its own cgroup: so a holder, a child of ours that
 * does nothing, is handed to StartTransientUnit. When the job is done /proc says where the holder is, the remaining limits are
 * written to that cgroup's files as with cgroupfs, and the container's process is born in it (CLONE_INTO_CGROUP). Then the
 * holder goes. No moment without limits, no process that is moved after it has run.
 *
 * An ordinary user's manager moves processes on the user's behalf, where the user itself has no right to (the caller sits in a login
 * session, outside of what is delegated). cgroup_attach() asks it to.
 *
 * Speaks D-Bus by itself (sys/dbus.c says why). systemd's private socket is preferred to the message bus: it needs no bus to run, and
 * a start costs half the context switches. A process that ends at the wrong moment leaves nothing: the holder dies with us,
 * and a scope without processes is collected.
 *
 * Threats: a unit name that was made of an engine's text (escaped), a scope of that name that somebody else runs (refused, not
 * joined: mode "fail"), a manager that says "done" and has put the process elsewhere (the path must end in the unit's name).
 */
#include "confine/cgroup_systemd.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "sys/proc.h"

#define ANSWER_MS 30000
#define MANAGER_IFACE "org.freedesktop.systemd1.Manager"

static const struct dbus_target manager = { "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                            MANAGER_IFACE };

/* ---- names ---- */

void cgroup_unit_free(struct cgroup_unit *u)
{
    if (!u)
        return;
    free(u->slice);
    free(u->name);
    free(u);
}

/* Are we an ordinary user, or root of a user namespace? Both have the user's manager. */
static bool of_a_user(void)
{
    _cleanup_free_ char *map = NULL;
    const char *in, *out;
    char *save = NULL;

    if (geteuid() != 0)
        return true;
    if (file_read(AT_FDCWD, "/proc/self/uid_map", 65536, &map, NULL, NULL) < 0)
        return false;
    in = strtok_r(map, " \n", &save);
    out = strtok_r(NULL, " \n", &save);
    return !in || !out || !str_eq(in, "0") || !str_eq(out, "0");
}

/* What a unit's name may hold stays; the rest is written as systemd-escape(1) does. */
static char *escaped(const char *s)
{
    static const char fine[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-";
    char *out = xmalloc(4 * strlen(s) + 1), *p = out;

    for (; *s; s++) {
        if (strchr(fine, *s))
            *p++ = *s;
        else
            p += str_format(p, 5, "\\x%02x", (unsigned char) *s);
    }
    *p = '\0';
    return out;
}

static int check_slice(const char *slice, struct error *err)
{
    size_t n = strlen(slice);

    if (n <= 6 || !str_eq(slice + n - 6, ".slice") || strspn(slice, "/ :\n") > 0 || strpbrk(slice, "/ :\n"))
        return error_set(err, -EINVAL, "linux.cgroupsPath: \"%s\" is not the name of a slice (NAME.slice)",
                         slice);
    return 0;
}

int cgroup_systemd_handle(const char *cgroups_path, const char *id, char **ret, struct error *err)
{
    bool user = of_a_user();
    _cleanup_free_ char *text = xstrdup(str_empty(cgroups_path) ? "::" : cgroups_path), *prefix = NULL,
                        *name = NULL;
    char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    const char *slice;
    int r;

    if (!second || strchr(second + 1, ':') || (!str_empty(cgroups_path) && second[1] == '\0'))
        return error_set(err, -EINVAL, "linux.cgroupsPath: with systemd it is SLICE:PREFIX:NAME, not \"%s\"",
                         cgroups_path);
    *first = *second = '\0';
    slice = text[0] ? text : user ? "user.slice" : "system.slice";
    r = check_slice(slice, err);
    if (r < 0)
        return r;
    prefix = escaped(str_empty(cgroups_path) ? "oakum" : first + 1);
    name = escaped(second[1] ? second + 1 : id);
    if (strlen(prefix) + strlen(name) + sizeof("-.scope") > 256)
        return error_set(err, -ENAMETOOLONG, "linux.cgroupsPath: the unit's name is longer than 255 bytes");
    *ret = xasprintf("systemd:%s:%s:%s-%s.scope:", user ? "user" : "system", slice, prefix, name);
    return 0;
}

int cgroup_unit_parse(const char *handle, struct cgroup_unit **ret, const char **ret_path, struct error *err)
{
    const char *slice = strchr(handle, ':'), *name = slice ? strchr(slice + 1, ':') : NULL,
               *path = name ? strchr(name + 1, ':') : NULL;
    bool user = str_after(handle, "user:"), system = str_after(handle, "system:");
    struct cgroup_unit *u;

    if (!path || (!user && !system) || path == name + 1)
        return error_set(err, -EINVAL, "\"systemd:%s\" does not name a unit of systemd", handle);
    u = xcalloc(1, sizeof(*u));
    u->user = user;
    u->slice = xstrndup(slice + 1, (size_t) (name - slice - 1));
    u->name = xstrndup(name + 1, (size_t) (path - name - 1));
    *ret = u;
    *ret_path = path + 1;
    return 0;
}

char *cgroup_unit_path(const struct cgroup_unit *u, const char *path)
{
    _cleanup_free_ char *mark = xasprintf("/%s/", u->name);
    const char *at = strstr(path, mark);

    return at ? xstrndup(path, (size_t) (at - path) + strlen(mark) - 1) : xstrdup(path);
}

/* ---- the connection ---- */

static int try_socket(const char *path, bool bus, struct dbus **ret, struct error *err)
{
    error_clear(err);
    return dbus_open(path, bus, ANSWER_MS, ret, err);
}

/* DBUS_SESSION_BUS_ADDRESS: the first address, "unix:path=/…[,guid=…]" or "unix:abstract=…". NULL: of another kind. */
static char *session_socket(void)
{
    const char *address = secure_getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *path = address ? str_after(address, "unix:path=") : NULL,
               *abstract = address ? str_after(address, "unix:abstract=") : NULL, *from = path ?: abstract;
    size_t n = from ? strcspn(from, ",;") : 0;

    if (n == 0 || memchr(from, '%', n))
        return NULL;
    return xasprintf("%s%.*s", abstract ? "@" : "", (int) n, from);
}

static int connect_user(struct dbus **ret, struct error *err)
{
    const char *dir = secure_getenv("XDG_RUNTIME_DIR");
    _cleanup_free_ char *own = dir ? xstrdup(dir) : xasprintf("/run/user/%u", (unsigned) geteuid()),
                        *private = xasprintf("%s/systemd/private", own), *bus = xasprintf("%s/bus", own),
                        *session = session_socket();
    int r = try_socket(private, false, ret, err);

    if (r < 0 && session)
        r = try_socket(session, true, ret, err);
    if (r < 0)
        r = try_socket(bus, true, ret, err);
    if (r < 0)
        return error_context(err, r,
                             "--systemd-cgroup: there is no systemd of this user (is XDG_RUNTIME_DIR set?)");
    return 0;
}

static int connect_system(struct dbus **ret, struct error *err)
{
    struct error first = { 0 };
    int r = try_socket("/run/systemd/private", false, ret, &first);

    if (r < 0)
        r = try_socket("/run/dbus/system_bus_socket", true, ret, err);
    if (r < 0 && faccessat(AT_FDCWD, "/run/systemd/system", F_OK, 0) < 0)
        return error_set(err, r, "--systemd-cgroup: systemd does not run here; use the cgroupfs driver (%s)",
                         first.msg);
    return r < 0 ? error_context(err, r, "--systemd-cgroup: %s", first.msg) : 0;
}

static int manager_connect(const struct cgroup_unit *u, struct dbus **ret, struct error *err)
{
    return u->user ? connect_user(ret, err) : connect_system(ret, err);
}

/* ---- jobs ---- */

/* JobRemoved(u id, o job, s unit, s result): the last one of our unit. */
struct job {
    const char *unit;
    char path[128], result[32];
};

static void job_removed(void *arg, const struct dbus_message *m)
{
    struct job *j = arg;
    struct dbus_reader r = m->body;
    const char *path, *unit, *result;
    uint32_t id;

    if (!str_eq(m->member, "JobRemoved") || !str_eq(m->interface, MANAGER_IFACE) ||
        !str_eq(m->signature, "uoss") || dbus_get_u32(&r, &id) < 0 || dbus_get_string(&r, &path) < 0 ||
        dbus_get_string(&r, &unit) < 0 || dbus_get_string(&r, &result) < 0 || !str_eq(unit, j->unit))
        return;
    if (str_format(j->path, sizeof(j->path), "%s", path) < 0 ||
        str_format(j->result, sizeof(j->result), "%s", result) < 0)
        j->path[0] = '\0';
}

/* Signals are sent to us when we have asked the bus for them, and the manager to send any. On the private socket both are so. */
static int jobs_subscribe(struct dbus *bus, struct job *j, struct error *err)
{
    static const struct dbus_target driver = { "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                               "org.freedesktop.DBus" };
    _cleanup_dbus_body_ struct dbus_body rule = { 0 };
    int r;

    dbus_on_signal(bus, job_removed, j);
    if (!dbus_is_bus(bus))
        return 0;
    dbus_put_string(&rule, "type='signal',sender='org.freedesktop.systemd1',interface='" MANAGER_IFACE
                           "',member='JobRemoved'");
    r = dbus_call(bus, &driver, "AddMatch", "s", &rule, NULL, err);
    return r < 0 ? r : dbus_call(bus, &manager, "Subscribe", NULL, NULL, NULL, err);
}

/* The reply of a call that makes a job, then the job's end. */
static int job_wait(struct dbus *bus, struct job *j, struct dbus_message *reply, struct error *err)
{
    int64_t end = clock_monotonic_ms() + ANSWER_MS;
    const char *path;
    char mine[sizeof(j->path)];

    if (!str_eq(reply->signature, "o") || dbus_get_string(&reply->body, &path) < 0 ||
        str_format(mine, sizeof(mine), "%s", path) < 0)
        return error_set(err, -EBADMSG, "systemd's answer does not name a job");
    while (!str_eq(j->path, mine)) {
        int r = dbus_wait(bus, end, err);
        if (r < 0)
            return error_context(err, r, "waiting for the job of unit %s", j->unit);
    }
    return str_eq(j->result, "done")
               ? 0
               : error_set(err, -EREMOTEIO, "systemd's job for unit %s ended as \"%s\"", j->unit, j->result);
}

/* ---- the holder ---- */

static int holder_start(struct cgroup_unit *u, struct error *err)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return error_errno(err, -errno, "cannot make a process for the scope");
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent) {
            for (;;)
                pause();
        }
        _exit(1);
    }
    u->holder = pid;
    return 0;
}

static void holder_end(struct cgroup_unit *u)
{
    if (u->holder <= 0)
        return;
    kill(u->holder, SIGKILL); /* our child, not yet waited for: the pid is its own */
    while (waitpid(u->holder, NULL, 0) < 0 && errno == EINTR)
        ;
    u->holder = 0;
}

/* ---- start ---- */

static void put_pid(struct dbus_body *b, pid_t pid)
{
    size_t mark;

    dbus_put_struct(b);
    dbus_put_string(b, "PIDs");
    dbus_put_signature(b, "au");
    mark = dbus_array_begin(b, 4);
    dbus_put_u32(b, (uint32_t) pid);
    dbus_array_end(b, mark);
}

/* StartTransientUnit(s name, s mode, a(sv) properties, a(sa(sv)) more units) */
static int put_scope(struct dbus_body *b, const struct cgroup *cg, const struct oci_resources *res,
                     struct error *err)
{
    const struct cgroup_unit *u = cg->unit;
    const struct cgroup_facts facts = { .v2 = cg->host.v2_base, .user = u->user, .fresh = true };
    size_t mark;
    int r;

    dbus_put_string(b, u->name);
    dbus_put_string(b, "fail");
    mark = dbus_array_begin(b, 8);
    cgroup_put_string(b, "Description", "oakum container");
    cgroup_put_string(b, "Slice", u->slice);
    cgroup_put_bool(b, "Delegate", true);
    cgroup_put_bool(b, "DefaultDependencies", false);
    cgroup_put_string(b, "CollectMode", "inactive-or-failed");
    cgroup_put_bool(b, "CPUAccounting", true);
    cgroup_put_bool(b, "MemoryAccounting", true);
    cgroup_put_bool(b, "TasksAccounting", true);
    cgroup_put_bool(b, facts.v2 ? "IOAccounting" : "BlockIOAccounting", true);
    put_pid(b, u->holder);
    r = cgroup_put_properties(b, res, &facts, err);
    if (r == 0)
        r = cgroup_put_annotations(b, u->annotations, err);
    dbus_array_end(b, mark);
    mark = dbus_array_begin(b, 8);
    dbus_array_end(b, mark);
    return r;
}

static int reset_failed(struct dbus *bus, const struct cgroup_unit *u)
{
    _cleanup_dbus_body_ struct dbus_body b = { 0 };

    dbus_put_string(&b, u->name);
    return dbus_call(bus, &manager, "ResetFailedUnit", "s", &b, NULL, NULL);
}

static int start_scope(struct dbus *bus, const struct cgroup *cg, const struct oci_resources *res,
                       struct error *err)
{
    _cleanup_dbus_body_ struct dbus_body b = { 0 };
    struct job job = { .unit = cg->unit->name };
    struct dbus_message reply;
    int r = jobs_subscribe(bus, &job, err);

    if (r == 0)
        r = put_scope(&b, cg, res, err);
    if (r < 0)
        return r;
    r = dbus_call(bus, &manager, "StartTransientUnit", "ssa(sv)a(sa(sv))", &b, &reply, err);
    if (r == -EEXIST &&
        reset_failed(bus, cg->unit) == 0) { /* a failed one of before is no reason to refuse */
        error_clear(err);
        r = dbus_call(bus, &manager, "StartTransientUnit", "ssa(sv)a(sa(sv))", &b, &reply, err);
    }
    return r < 0 ? r : job_wait(bus, &job, &reply, err);
}

/* Where the holder is: "0::/PATH" on v2, "N:name=systemd:/PATH" on v1. Must be the unit's own. */
static int find_path(struct cgroup *cg, struct error *err)
{
    _cleanup_close_ int proc = proc_open(err);
    _cleanup_free_ char *text = NULL;
    char name[32], *save = NULL;
    int r = proc < 0 ? proc : str_format(name, sizeof(name), "%d/cgroup", (int) cg->unit->holder);

    if (r > 0)
        r = file_read(proc, name, CGROUP_VALUE_MAX, &text, NULL, err);
    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *mark = cg->host.v2_base ? "0::" : ":name=systemd:", *at = strstr(line, mark);
        const char *path = at ? at + strlen(mark) : NULL, *last = path ? strrchr(path, '/') : NULL;
        if (!last || !str_eq(last + 1, cg->unit->name))
            continue;
        free(cg->path);
        cg->path = xstrdup(path);
        return cgroup_path_check(cg->path, err);
    }
    return error_set(err, -EREMOTEIO, "systemd started unit %s, but its process is not in its cgroup",
                     cg->unit->name);
}

int cgroup_unit_start(struct cgroup *cg, const struct oci_resources *res, struct error *err)
{
    _cleanup_dbus_ struct dbus *bus = NULL;
    int r = manager_connect(cg->unit, &bus, err);

    if (r == 0)
        r = holder_start(cg->unit, err);
    if (r < 0)
        return r;
    cg->unit->pids_one_off = res->pids_limit.set && res->pids_limit.v == 1;
    r = start_scope(bus, cg, res, err);
    if (r < 0) {
        holder_end(cg->unit);
        return error_context(err, r, "cannot start the scope %s", cg->unit->name);
    }
    cg->unit->started = true;
    r = find_path(cg, err);
    if (r < 0) {
        holder_end(cg->unit);
        (void) cgroup_unit_stop(cg->unit, NULL);
    }
    return r;
}

/* ---- later ---- */

int cgroup_unit_stop(const struct cgroup_unit *u, struct error *err)
{
    _cleanup_dbus_ struct dbus *bus = NULL;
    _cleanup_dbus_body_ struct dbus_body b = { 0 };
    struct job job = { .unit = u->name };
    struct dbus_message reply;
    int r;

    holder_end((struct cgroup_unit *) u);
    r = manager_connect(u, &bus, err);
    if (r == 0)
        r = jobs_subscribe(bus, &job, err);
    if (r < 0)
        return r;
    dbus_put_string(&b, u->name);
    dbus_put_string(&b, "replace");
    r = dbus_call(bus, &manager, "StopUnit", "ss", &b, &reply, err);
    if (r == -ENOENT) { /* it goes by itself when its last process has gone */
        error_clear(err);
        return 0;
    }
    if (r == 0)
        r = job_wait(bus, &job, &reply, err);
    (void) reset_failed(bus, u); /* mostly it is gone by now */
    return r < 0 ? error_context(err, r, "cannot stop the scope %s", u->name) : 0;
}

int cgroup_unit_stop_empty(const struct cgroup_unit *u, struct error *err)
{
    _cleanup_dbus_ struct dbus *bus = NULL;
    _cleanup_dbus_body_ struct dbus_body b = { 0 };
    struct dbus_message reply;
    uint32_t processes = 0;
    int r = manager_connect(u, &bus, err);

    if (r < 0)
        return r;
    dbus_put_string(&b, u->name);
    r = dbus_call(bus, &manager, "GetUnitProcesses", "s", &b, &reply, err);
    if (r == -ENOENT) {
        error_clear(err);
        return 0;
    }
    if (r == 0 && !str_eq(reply.signature, "a(sus)"))
        r = error_set(err, -EBADMSG, "systemd's answer is of another kind");
    if (r == 0)
        r = dbus_get_u32(&reply.body, &processes); /* the array's length in bytes */
    if (r < 0)
        return error_context(err, r, "cannot ask for the processes of the scope %s", u->name);
    return processes == 0 ? cgroup_unit_stop(u, err) : 0;
}

/* Limits of the cgroup as they are after a write. */
static void read_facts(const struct cgroup *cg, struct cgroup_facts *f)
{
    const struct cgroup_hier *cpu = cgroup_hier_of(cg, CGROUP_CPU), *v2 = cgroup_hier_v2(cg);
    _cleanup_free_ char *max = NULL, *quota = NULL, *period = NULL, *memory = NULL, *weight = NULL;

    *f = (struct cgroup_facts){ .v2 = cg->host.v2_base,
                                .user = cg->unit->user,
                                .memory_max = -1,
                                .cpu_quota = -1,
                                .cpu_period = 100000 };
    if (cpu && file_read(cpu->dirfd, "cpu.cfs_quota_us", 64, &quota, NULL, NULL) == 0 &&
        file_read(cpu->dirfd, "cpu.cfs_period_us", 64, &period, NULL, NULL) == 0) {
        quota[strcspn(quota, "\n")] = period[strcspn(period, "\n")] = '\0';
        if (parse_i64(quota, &f->cpu_quota) < 0 || parse_u64(period, &f->cpu_period) < 0)
            f->cpu_quota = -1;
    } else if (v2 && file_read(v2->dirfd, "cpu.max", 64, &max, NULL, NULL) == 0) {
        char *space = max + strcspn(max, " ");
        max[strcspn(max, "\n")] = '\0';
        if (*space == ' ') {
            *space = '\0';
            if (parse_i64(max, &f->cpu_quota) < 0)
                f->cpu_quota = -1;
            if (parse_u64(space + 1, &f->cpu_period) < 0)
                f->cpu_period = 100000;
        }
    }
    if (v2 && file_read(v2->dirfd, "memory.max", 64, &memory, NULL, NULL) == 0) {
        memory[strcspn(memory, "\n")] = '\0';
        if (parse_i64(memory, &f->memory_max) < 0)
            f->memory_max = -1;
    }
    if (v2 && file_read(v2->dirfd, "cpu.weight", 64, &weight, NULL, NULL) == 0) {
        weight[strcspn(weight, "\n")] = '\0';
        if (parse_u64(weight, &f->cpu_weight) < 0)
            f->cpu_weight = 0;
    }
}

/* SetUnitProperties(s name, b runtime, a(sv)) */
int cgroup_unit_update(const struct cgroup *cg, const struct oci_resources *res, struct error *err)
{
    _cleanup_dbus_ struct dbus *bus = NULL;
    _cleanup_dbus_body_ struct dbus_body b = { 0 };
    struct cgroup_facts facts;
    size_t mark, empty;
    int r;

    read_facts(cg, &facts);
    dbus_put_string(&b, cg->unit->name);
    dbus_put_bool(&b, true);
    mark = dbus_array_begin(&b, 8);
    empty = b.n;
    r = cgroup_put_properties(&b, res, &facts, err);
    dbus_array_end(&b, mark);
    if (r < 0 || b.n == empty)
        return r;
    r = manager_connect(cg->unit, &bus, err);
    if (r == 0)
        r = dbus_call(bus, &manager, "SetUnitProperties", "sba(sv)", &b, NULL, err);
    return r < 0 ? error_context(err, r, "scope %s", cg->unit->name) : 0;
}

/* AttachProcessesToUnit(s unit, s cgroup below it, au pids), systemd 238 */
int cgroup_attach(const struct cgroup *cg, pid_t pid, struct error *err)
{
    _cleanup_dbus_ struct dbus *bus = NULL;
    _cleanup_dbus_body_ struct dbus_body b = { 0 };
    size_t mark;
    int r;

    if (!cg->unit)
        return cgroup_add_pid(cg, pid, err);
    r = manager_connect(cg->unit, &bus, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *scope = cgroup_unit_path(cg->unit, cg->path);
    dbus_put_string(&b, cg->unit->name);
    dbus_put_string(&b, cg->path + strlen(scope)); /* "", or the subgroup */
    mark = dbus_array_begin(&b, 4);
    dbus_put_u32(&b, (uint32_t) pid);
    dbus_array_end(&b, mark);
    r = dbus_call(bus, &manager, "AttachProcessesToUnit", "ssau", &b, NULL, err);
    return r < 0 ? error_context(err, r, "cannot put process %d into scope %s", (int) pid, cg->unit->name)
                 : 0;
}

/* On v1 the process joins by itself, some time; the scope must not be without a process until then. */
int cgroup_settle(struct cgroup *cg, pid_t pid, bool attach, struct error *err)
{
    const struct cgroup_hier *v1, *h;
    int r = 0;

    if (!cg->unit)
        return 0;
    if (attach)
        r = cgroup_attach(cg, pid, err);
    else if (!cg->host.v2_base)
        r = cgroup_add_pid(cg, pid, err);
    holder_end(cg->unit);
    v1 = cgroup_hier_of(cg, CGROUP_PIDS);
    h = v1 ? v1 : cgroup_hier_v2(cg);
    return r == 0 && cg->unit->pids_one_off && h ? file_write_value(h->dirfd, "pids.max", "1", err) : r;
}

bool cgroup_attachable(const struct cgroup *cg)
{
    return cg->unit && cg->unit->user;
}
