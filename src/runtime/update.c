// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: pause, resume and update act on the cgroup through confine/cgroup.h, with the container's lock held. An update
 * that the kernel has taken is written into the state directory's config.json, so that exec and inspect see what is in force.
 *
 * Threats: a hierarchy that is joined here and that the foreground `run` does not know would stay when the container goes: a
 * mark is left before anything is joined. A limit that is recorded and not enforced: the file is written last, and whole.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>

#include "confine/cgroup.h"
#include "confine/cgroup_stats.h"
#include "runtime/rdt.h"
#include "runtime/start.h"
#include "sys/file.h"
#include "sys/proc.h"

#define MARK "grown"

int state_mark_grown(int dirfd, struct error *err)
{
    int fd = file_open(dirfd, MARK, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600, err);
    int r = fd < 0 ? fd : write_all(fd, ".", 1);
    if (fd >= 0)
        close(fd);
    return fd >= 0 && r < 0 ? error_errno(err, r, "cannot mark the container's state") : r;
}

off_t state_growth(int dirfd)
{
    struct stat st;
    return fstatat(dirfd, MARK, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_size + 1 : 0;
}

bool state_of_has_grown(int root_fd, const char *id)
{
    char path[300];
    return str_format(path, sizeof(path), "%s/" MARK, id) > 0 &&
           faccessat(root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool container_was_changed(struct runtime *rt, const char *id)
{
    return state_of_has_grown(rt->fd, id);
}

bool state_has_grown(int dirfd)
{
    return state_growth(dirfd) > 0;
}

void container_thaw(const struct record *rec)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    if (!str_empty(rec->cgroup_path) && cgroup_open(rec->cgroup_path, &cg, NULL) == 0)
        cgroup_freeze(cg, false, NULL);
}

/* An existing container whose process lives, locked. */
struct target {
    int dirfd;
    struct record rec;
    enum container_status status;
    struct cgroup *cg;
};

static void target_close(struct target *t)
{
    cgroup_free(t->cg);
    arena_free(t->rec.arena);
    if (t->dirfd >= 0)
        close(t->dirfd);
}

static int target_open(struct target *t, struct runtime *rt, const char *id, int lock, struct error *err)
{
    *t = (struct target){ .dirfd = state_open(rt, id, lock, err) };
    if (t->dirfd < 0)
        return t->dirfd;
    int r = state_read(t->dirfd, &t->rec, err);
    if (r == -ENOENT)
        return error_set(err, -EINVAL, "container %s is not created yet", id);
    if (r < 0)
        return r;
    t->status = state_status(t->dirfd, &t->rec);
    if (t->status == CONTAINER_STOPPED)
        return error_set(err, -ESRCH, "container %s is not running", id);
    if (str_empty(t->rec.cgroup_path))
        return error_set(err, -EOPNOTSUPP,
                         "container %s has no cgroup (it was started by a user without a delegated one)", id);
    return cgroup_open(t->rec.cgroup_path, &t->cg, err);
}

int container_pause(struct runtime *rt, const char *id, struct error *err)
{
    struct target t;
    int r = target_open(&t, rt, id, LOCK_EX, err);
    if (r >= 0 && t.status == CONTAINER_PAUSED)
        r = error_set(err, -EALREADY, "container %s is paused already", id);
    if (r >= 0 && t.status != CONTAINER_RUNNING)
        r = error_set(err, -EINVAL, "container %s cannot be paused: it is %s", id,
                      container_status_name(t.status));
    if (r >= 0)
        r = state_mark_grown(t.dirfd, err);
    if (r >= 0)
        r = cgroup_freeze(t.cg, true, err);
    target_close(&t);
    return r;
}

int container_resume(struct runtime *rt, const char *id, struct error *err)
{
    struct target t;
    int r = target_open(&t, rt, id, LOCK_EX, err);
    if (r >= 0 && t.status != CONTAINER_PAUSED)
        r = error_set(err, -EINVAL, "container %s is not paused: it is %s", id,
                      container_status_name(t.status));
    if (r >= 0)
        r = cgroup_freeze(t.cg, false, err);
    target_close(&t);
    return r;
}

/* ---- update ---- */

/* A field and what tells that it is given. 0 says nothing in those marked zero (confine/cgroup.h). */
enum field_form { F_I64, F_U64, F_U32, F_BOOL, F_TEXT, F_LIST };

/* Two items of a list that are about the same thing: their first members tell. */
static bool same_device(const void *x, const void *y)
{
    return memcmp(x, y, 2 * sizeof(int64_t)) == 0; /* major, minor */
}
static bool same_name(const void *x, const void *y)
{
    return str_eq(*(const char *const *) x, *(const char *const *) y);
}

#define FIELD(form, zero, member)                                                                            \
    {                                                                                                        \
        form, zero, offsetof(struct oci_resources, member), sizeof(((struct oci_resources *) 0)->member), 0, \
            NULL                                                                                             \
    }
#define LIST(items, count, same)                                                                            \
    {                                                                                                       \
        F_LIST, false, offsetof(struct oci_resources, items), sizeof(*((struct oci_resources *) 0)->items), \
            offsetof(struct oci_resources, count), same                                                     \
    }

static const struct resource_field {
    enum field_form form;
    bool zero;
    size_t offset, size, count;                 /* of a list: size of an item, where its length is */
    bool (*same)(const void *x, const void *y); /* NULL: a list is replaced as a whole */
} fields[] = {
    FIELD(F_I64, true, memory.limit),
    FIELD(F_I64, true, memory.reservation),
    FIELD(F_I64, true, memory.swap),
    FIELD(F_I64, true, memory.kernel),
    FIELD(F_I64, true, memory.kernel_tcp),
    FIELD(F_U64, false, memory.swappiness),
    FIELD(F_BOOL, false, memory.disable_oom_killer),
    FIELD(F_BOOL, false, memory.use_hierarchy),
    FIELD(F_BOOL, false, memory.check_before_update),
    FIELD(F_U64, true, cpu.shares),
    FIELD(F_I64, true, cpu.quota),
    FIELD(F_U64, false, cpu.burst),
    FIELD(F_U64, true, cpu.period),
    FIELD(F_I64, true, cpu.realtime_runtime),
    FIELD(F_U64, true, cpu.realtime_period),
    FIELD(F_TEXT, false, cpu.cpus),
    FIELD(F_TEXT, false, cpu.mems),
    FIELD(F_I64, false, cpu.idle),
    FIELD(F_I64, true, pids_limit),
    FIELD(F_U32, true, block_io.weight),
    FIELD(F_U32, true, block_io.leaf_weight),
    FIELD(F_U32, false, network_class_id),
    LIST(block_io.weight_devices, block_io.n_weight_devices, same_device),
    LIST(block_io.read_bps.v, block_io.read_bps.n, same_device),
    LIST(block_io.write_bps.v, block_io.write_bps.n, same_device),
    LIST(block_io.read_iops.v, block_io.read_iops.n, same_device),
    LIST(block_io.write_iops.v, block_io.write_iops.n, same_device),
    LIST(hugepages, n_hugepages, same_name),
    LIST(network_priorities, n_network_priorities, same_name),
    LIST(devices, n_devices, NULL),
    LIST(rdma, n_rdma, same_name),
};

static bool is_given(const void *p, enum field_form form, bool zero)
{
    switch (form) {
    case F_I64: return ((const struct opt_i64 *) p)->set && !(zero && ((const struct opt_i64 *) p)->v == 0);
    case F_U64: return ((const struct opt_u64 *) p)->set && !(zero && ((const struct opt_u64 *) p)->v == 0);
    case F_U32: return ((const struct opt_u32 *) p)->set && !(zero && ((const struct opt_u32 *) p)->v == 0);
    case F_BOOL: return ((const struct opt_bool *) p)->set;
    case F_TEXT: return !str_empty(*(const char *const *) p);
    case F_LIST: return *(const size_t *) p > 0;
    }
    return false;
}

/* What the kernel keeps by device, page size or name: an item replaces the one about the same, others stay. */
static void merge_list(struct arena *a, char *to, const char *from, const struct resource_field *f)
{
    size_t n = 0, more;
    char *old, *new, *all;

    memcpy(&old, to + f->offset, sizeof(old));
    memcpy(&new, from + f->offset, sizeof(new));
    memcpy(&more, from + f->count, sizeof(more));
    if (f->same)
        memcpy(&n, to + f->count, sizeof(n));
    all = arena_array(a, n + more, f->size);
    if (n > 0)
        memcpy(all, old, n * f->size);
    for (size_t i = 0; i < more; i++) {
        size_t at = f->same ? 0 : n;
        while (at < n && !f->same(all + at * f->size, new + i * f->size))
            at++;
        memcpy(all + at * f->size, new + i * f->size, f->size);
        n += at == n;
    }
    memcpy(to + f->offset, &all, sizeof(all));
    memcpy(to + f->count, &n, sizeof(n));
}

/* memory.limit given without memory.swap: what memory+swap is then (cgroup_update()). */
static void follow_limit(struct oci_memory *to, const struct oci_memory *from, bool swap_apart)
{
    int64_t limit = from->limit.set ? from->limit.v : 0, more;

    if (limit == 0 || (from->swap.set && from->swap.v != 0) || !to->swap.set || to->swap.v <= 0)
        return;
    if (limit < 0)
        to->swap.v = -1;
    else if (swap_apart && to->limit.set && to->limit.v > 0 && to->swap.v >= to->limit.v) {
        more = to->swap.v - to->limit.v;
        to->swap.v = limit > INT64_MAX - more ? INT64_MAX : limit + more;
    }
}

void resources_merge(struct arena *a, struct oci_resources *to, const struct oci_resources *from,
                     bool swap_apart)
{
    follow_limit(&to->memory, &from->memory, swap_apart);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct resource_field *f = &fields[i];
        const char *source = (const char *) from + f->offset;
        if (!is_given(f->form == F_LIST ? (const char *) from + f->count : source, f->form, f->zero))
            continue;
        if (f->form == F_LIST)
            merge_list(a, (char *) to, (const char *) from, f);
        else
            memcpy((char *) to + f->offset, source, f->size);
    }
    for (size_t i = 0; i < from->unified.n; i++)
        oci_pairs_set(a, &to->unified, from->unified.v[i].key, from->unified.v[i].value);
}

static int rewrite_config(int dirfd, struct oci_spec *spec, const struct oci_resources *res, bool swap_apart,
                          struct error *err)
{
    resources_merge(spec->arena, &spec->linux_.resources, res, swap_apart);
    spec->linux_.set = true;
    _cleanup_free_ char *text = oci_spec_text(spec, 0);
    return file_replace(dirfd, "config.json", text, strlen(text), 0600, false, err);
}

static int update_rdt(const struct target *t, const char *id, const struct oci_intel_rdt *change,
                      struct oci_intel_rdt *recorded, struct error *err)
{
    if (str_empty(change->l3_cache_schema) && str_empty(change->mem_bw_schema))
        return 0;
    int r = rdt_update(change, t->dirfd, id, err);
    if (r >= 0 && !str_empty(change->l3_cache_schema))
        recorded->l3_cache_schema = change->l3_cache_schema;
    if (r >= 0 && !str_empty(change->mem_bw_schema))
        recorded->mem_bw_schema = change->mem_bw_schema;
    return r;
}

/*
 * What was in force of the limits that change gives: as the configuration has it, or the kernel's own where it has none. Sets of
 * processors and memory nodes that were not given are all there are.
 */
static void resources_before(const struct oci_resources *now, const struct oci_resources *change,
                             const char *all_cpus, const char *all_mems, struct oci_resources *ret)
{
    const struct opt_i64 none = { true, -1 };
#define BEFORE(member, form, zero, otherwise)                                             \
    do {                                                                                  \
        if (is_given(&change->member, form, zero))                                        \
            ret->member = is_given(&now->member, form, zero) ? now->member : (otherwise); \
    } while (0)
    BEFORE(memory.limit, F_I64, true, none);
    BEFORE(memory.swap, F_I64, true, none);
    BEFORE(memory.reservation, F_I64, true, none);
    BEFORE(cpu.shares, F_U64, true, ((struct opt_u64){ true, 1024 }));
    BEFORE(cpu.quota, F_I64, true, none);
    BEFORE(cpu.period, F_U64, true, ((struct opt_u64){ true, 100000 }));
    BEFORE(cpu.realtime_period, F_U64, true, ((struct opt_u64){ true, 1000000 }));
    BEFORE(cpu.cpus, F_TEXT, false, all_cpus);
    BEFORE(cpu.mems, F_TEXT, false, all_mems);
    BEFORE(pids_limit, F_I64, true, none);
    BEFORE(block_io.weight, F_U32, true, ((struct opt_u32){ true, 100 }));
#undef BEFORE
}

/* "0-3" of /sys/devices/system/FILE; NULL: it cannot be read. */
static char *all_of(const char *file)
{
    char path[64];
    char *text = NULL;
    if (str_format(path, sizeof(path), "/sys/devices/system/%s/online", file) < 0 ||
        file_read(AT_FDCWD, path, 4096, &text, NULL, NULL) < 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    return text;
}

/* The kernel has taken a part of it: each limit on its own goes back as far as it goes. */
static void take_back(struct cgroup *cg, const struct oci_resources *now, const struct oci_resources *change)
{
    _cleanup_free_ char *cpus = all_of("cpu"), *mems = all_of("node");
    struct oci_resources before = { 0 };
    resources_before(now, change, cpus, mems, &before);
    struct oci_resources parts[4] = { 0 };
    parts[0].memory = before.memory;
    parts[1].cpu = before.cpu;
    parts[2].pids_limit = before.pids_limit;
    parts[3].block_io.weight = before.block_io.weight;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        (void) !cgroup_update(cg, &parts[i], NULL);
}

int container_update(struct runtime *rt, const char *id, const struct oci_resources *res,
                     const struct oci_intel_rdt *rdt, struct error *err)
{
    struct target t;
    _cleanup_free_ char *text = NULL;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct oci_resources written = *res;
    size_t len;
    int r = target_open(&t, rt, id, LOCK_EX, err);
    if (r >= 0)
        r = state_read_config(t.dirfd, &text, &len, err);
    if (r >= 0)
        r = oci_spec_parse(text, len, &spec, err);
    if (r >= 0)
        r = state_mark_grown(t.dirfd, err);
    if (r >= 0 && rdt)
        r = update_rdt(&t, id, rdt, &spec->linux_.intel_rdt, err);
    if (r >= 0) {
        cgroup_allow_default_devices(&written, spec->arena); /* as at the start; recorded is what was given */
        r = cgroup_update(t.cg, &written, err);
        if (r < 0)
            take_back(t.cg, &spec->linux_.resources, res);
    }
    if (r >= 0)
        r = rewrite_config(t.dirfd, spec, res, cgroup_swap_apart(t.cg), err);
    target_close(&t);
    return r;
}

/* ---- events ---- */

int container_stats(struct runtime *rt, const char *id, json_t **ret, uint64_t *ret_oom_kills,
                    struct error *err)
{
    struct target t;
    int r = target_open(&t, rt, id, LOCK_SH, err);
    if (r >= 0)
        r = cgroup_oom_kills(t.cg, ret_oom_kills, err);
    if (r >= 0 && ret)
        r = cgroup_stats(t.cg, ret, err);
    target_close(&t);
    return r;
}
