// SPDX-License-Identifier: Apache-2.0
/*
 * engine/spec_resources.c: budgets and devices. A container without a flag gets 512 MiB of memory, no swap, 256 processes, and
 * the nine devices that every program expects. 0 and -1 take a budget away, as in docker.
 */
#include <errno.h>
#include <sys/sysmacros.h>

#include "confine/cgroup.h"
#include "engine/options_internal.h"
#include "engine/spec_internal.h"
#include "sys/file.h"

#define NO_CGROUP "no cgroup that this user may write"
#define UNLIMITED(v) ((v) == 0 || (v) == -1)

static struct opt_i64 known(int64_t v)
{
    return (struct opt_i64){ true, v };
}

/* A default that an ordinary user's host cannot enforce is left out (and reported: cli/run_warnings.c); one that was asked for is not. */
static bool has_budget(const struct build *b, enum cgroup_controller c)
{
    return b->in->rootless_ids == 0 || (b->in->budgets & 1u << c);
}

static int build_memory(struct build *b, struct error *err)
{
    const struct run_options *o = b->opt;
    struct oci_memory *m = &b->spec->linux_.resources.memory;
    int64_t limit = o->memory.set                                ? o->memory.v
                    : b->compat || !has_budget(b, CGROUP_MEMORY) ? 0
                                                                 : ENGINE_MEMORY_DEFAULT;
    if (!o->memory.set && !b->compat && !has_budget(b, CGROUP_MEMORY))
        source_set(b, "memory", NO_CGROUP);
    if (o->memory.set || b->compat)
        source_set(b, "memory", "%s", o->memory.set ? "--memory" : "--compat docker");
    if (!UNLIMITED(limit) && limit < 6 << 20)
        return error_set(err, -EINVAL, "--memory must be at least 6m, or 0 for no limit");
    if (!UNLIMITED(limit))
        m->limit = known(limit);
    if (o->memory_swap.set && o->memory_swap.v > 0) {
        if (UNLIMITED(limit))
            return error_set(err, -EINVAL, "--memory-swap needs --memory");
        if (o->memory_swap.v < limit)
            return error_set(err, -EINVAL,
                             "--memory-swap is memory and swap together, so it must not be below --memory");
        m->swap = o->memory_swap;
    } else if (o->memory_swap.set && o->memory_swap.v == -1) {
        m->swap = UNLIMITED(limit) ? (struct opt_i64){ 0 } : known(-1);
    } else if (!UNLIMITED(limit)) {
        m->swap = known(b->compat ? limit * 2 : limit);
    }
    if (o->memory_swap.set)
        source_set(b, "swap", "--memory-swap");
    else if (b->compat)
        source_set(b, "swap", "--compat docker");
    if (o->memory_reservation.set && o->memory_reservation.v > 0) {
        if (!UNLIMITED(limit) && o->memory_reservation.v > limit)
            return error_set(err, -EINVAL, "--memory-reservation must not be above --memory");
        m->reservation = o->memory_reservation;
    }
    if (o->memory_swappiness.set && o->memory_swappiness.v != -1) {
        if (o->memory_swappiness.v < 0 || o->memory_swappiness.v > 100)
            return error_set(err, -EINVAL, "--memory-swappiness must be from 0 to 100");
        m->swappiness = (struct opt_u64){ true, (uint64_t) o->memory_swappiness.v };
    }
    if (o->oom_kill_disable.set && o->oom_kill_disable.v)
        m->disable_oom_killer = o->oom_kill_disable;
    return 0;
}

/* A number that docker takes 0 of for "not given". */
static int positive(const char *flag, struct opt_i64 from, int64_t min, int64_t max, struct opt_u64 *to,
                    struct error *err)
{
    if (!from.set || from.v == 0)
        return 0;
    if (from.v < min || from.v > max)
        return error_set(err, -ERANGE, "--%s must be from %lld to %lld", flag, (long long) min,
                         (long long) max);
    *to = (struct opt_u64){ true, (uint64_t) from.v };
    return 0;
}

static int build_cpu(struct build *b, struct error *err)
{
    const struct run_options *o = b->opt;
    struct oci_cpu *c = &b->spec->linux_.resources.cpu;
    int r = positive("cpu-shares", o->cpu_shares, 2, 262144, &c->shares, err);
    if (r == 0)
        r = positive("cpu-period", o->cpu_period, 1000, 1000000, &c->period, err);
    if (r == 0)
        r = positive("cpu-rt-period", o->cpu_rt_period, 1, INT64_MAX, &c->realtime_period, err);
    if (r < 0)
        return r;
    if (o->cpu_rt_runtime.set && o->cpu_rt_runtime.v != 0)
        c->realtime_runtime = o->cpu_rt_runtime;
    if (o->cpu_quota.set && o->cpu_quota.v != 0) {
        if (o->cpu_quota.v != -1 && o->cpu_quota.v < 1000)
            return error_set(err, -ERANGE, "--cpu-quota must be at least 1000 microseconds, or -1");
        c->quota = o->cpu_quota;
    }
    if (o->cpus.set && o->cpus.v != 0) {
        if (c->quota.set || c->period.set)
            return error_set(err, -EINVAL,
                             "--cpus cannot be set together with --cpu-quota or --cpu-period: it is both");
        if (o->cpus.v < 10000000 || o->cpus.v > 8192LL * 1000000000)
            return error_set(err, -ERANGE, "--cpus must be at least 0.01");
        c->period = (struct opt_u64){ true, 100000 };
        c->quota = known(o->cpus.v / 10000); /* 1e-9 CPUs of 100 ms, in microseconds */
    }
    c->cpus = str_empty(o->cpuset_cpus) ? NULL : o->cpuset_cpus;
    c->mems = str_empty(o->cpuset_mems) ? NULL : o->cpuset_mems;
    if (c->shares.set || c->quota.set || c->cpus != NULL || c->mems != NULL)
        source_set(b, "cpu", "%s",
                   c->quota.set    ? (o->cpus.set ? "--cpus" : "--cpu-quota")
                   : c->shares.set ? "--cpu-shares"
                                   : "--cpuset-cpus");
    return 0;
}

static int device_stat(const char *flag, const char *path, bool block_only, struct stat *ret,
                       struct error *err)
{
    if (fstatat(AT_FDCWD, path, ret, 0) < 0)
        return error_errno(err, -errno, "--%s: the device %s", flag, path);
    if (S_ISBLK(ret->st_mode) || (!block_only && S_ISCHR(ret->st_mode)))
        return 0;
    return error_set(err, -ENODEV, "--%s: %s is not a %sdevice", flag, path, block_only ? "block " : "");
}

static int throttles_resolve(struct build *b, const char *flag, const struct run_throttles *from,
                             struct oci_throttles *to, struct error *err)
{
    to->v = arena_array(b->a, from->n, sizeof(*to->v));
    for (size_t i = 0; i < from->n; i++) {
        struct stat st;
        int r = device_stat(flag, from->v[i].path, true, &st, err);
        if (r < 0)
            return r;
        to->v[to->n++] = (struct oci_throttle){ .major = major(st.st_rdev),
                                                .minor = minor(st.st_rdev),
                                                .rate = from->v[i].rate };
    }
    return 0;
}

static int build_io(struct build *b, struct error *err)
{
    const struct run_options *o = b->opt;
    struct oci_block_io *io = &b->spec->linux_.resources.block_io;
    struct opt_u64 weight = { 0 };
    int r = positive("blkio-weight", o->blkio_weight, 10, 1000, &weight, err);
    if (r == 0)
        r = throttles_resolve(b, "device-read-bps", &o->read_bps, &io->read_bps, err);
    if (r == 0)
        r = throttles_resolve(b, "device-write-bps", &o->write_bps, &io->write_bps, err);
    if (r == 0)
        r = throttles_resolve(b, "device-read-iops", &o->read_iops, &io->read_iops, err);
    if (r == 0)
        r = throttles_resolve(b, "device-write-iops", &o->write_iops, &io->write_iops, err);
    if (r < 0)
        return r;
    if (weight.set)
        io->weight = (struct opt_u32){ true, (uint32_t) weight.v };
    io->weight_devices = arena_array(b->a, o->blkio_weight_device.n, sizeof(*io->weight_devices));
    for (size_t i = 0; i < o->blkio_weight_device.n; i++) {
        const struct run_throttle *t = &o->blkio_weight_device.v[i];
        struct stat st;
        if (t->rate < 10 || t->rate > 1000)
            return error_set(err, -ERANGE, "--blkio-weight-device: the weight of %s must be from 10 to 1000",
                             t->path);
        r = device_stat("blkio-weight-device", t->path, true, &st, err);
        if (r < 0)
            return r;
        io->weight_devices[io->n_weight_devices++] = (struct oci_weight_device){
            .major = major(st.st_rdev), .minor = minor(st.st_rdev), .weight = { true, (uint32_t) t->rate }
        };
    }
    if (weight.set ||
        o->blkio_weight_device.n + o->read_bps.n + o->write_bps.n + o->read_iops.n + o->write_iops.n > 0)
        source_set(b, "io", "%s", weight.set ? "--blkio-weight" : "--device-read-bps and the like");
    return 0;
}

/* By default one directory below the root: nothing of oakum's stays when the container goes. */
static int build_cgroup_path(struct build *b, struct error *err)
{
    const char *parent = b->opt->cgroup_parent;
    const char **path = &b->spec->linux_.cgroups_path;
    if (str_empty(parent) && b->in->rootless_ids > 0)
        return 0; /* the runtime looks for a delegated one */
    if (str_empty(parent)) {
        *path = arena_printf(b->a, "/oakum-%s", b->in->id);
        return 0;
    }
    size_t n = strlen(parent);
    if (n >= 6 && str_eq(parent + n - 6, ".slice"))
        return error_set(
            err, -ENOTSUP,
            "--cgroup-parent %s is a slice of systemd, and oakum run makes its cgroups itself; give a path",
            parent);
    while (n > 0 && parent[n - 1] == '/')
        n--;
    *path = arena_printf(b->a, "%s%.*s/oakum-%s", parent[0] == '/' ? "" : "/", (int) n, parent, b->in->id);
    source_set(b, "cgroup", "--cgroup-parent %s", parent);
    return cgroup_path_check(*path, err);
}

int build_resources(struct build *b, struct error *err)
{
    const struct run_options *o = b->opt;
    struct opt_i64 *pids = &b->spec->linux_.resources.pids_limit;
    if (!o->pids_limit.set && !b->compat && !has_budget(b, CGROUP_PIDS))
        source_set(b, "processes", NO_CGROUP);
    if (o->pids_limit.set || b->compat)
        source_set(b, "processes", "%s", o->pids_limit.set ? "--pids-limit" : "--compat docker");
    if (o->pids_limit.set && o->pids_limit.v < -1)
        return error_set(err, -ERANGE, "--pids-limit must be positive, or 0 or -1 for no limit");
    if (o->pids_limit.set ? !UNLIMITED(o->pids_limit.v) : !b->compat && has_budget(b, CGROUP_PIDS))
        *pids = known(o->pids_limit.set ? o->pids_limit.v : ENGINE_PIDS_DEFAULT);
    int r = build_memory(b, err);
    if (r == 0)
        r = build_cpu(b, err);
    if (r == 0)
        r = build_io(b, err);
    return r < 0 ? r : build_cgroup_path(b, err);
}

/* ---- update ---- */

/* Memory and swap together, when --memory alone is given: what had no swap gets none, and a limit of both is kept. */
static int follow_swap(const struct run_options *o, const struct oci_memory *now, struct oci_memory *to,
                       struct error *err)
{
    bool had = now->limit.set && now->limit.v > 0, both = now->swap.set && now->swap.v > 0;
    if (to->limit.v < 0 || (now->swap.set && now->swap.v < 0))
        to->swap = known(-1);
    else if (!had || !both || now->swap.v == now->limit.v)
        to->swap = known(o->memory.v);
    else if (o->memory.v > now->swap.v)
        return error_set(err, -EINVAL,
                         "--memory is above the container's memory and swap together (%lld bytes); give "
                         "--memory-swap too",
                         (long long) now->swap.v);
    else
        to->swap = now->swap;
    return 0;
}

static int change_memory(struct build *b, const struct oci_memory *now, struct error *err)
{
    const struct run_options *o = b->opt;
    struct oci_memory *m = &b->spec->linux_.resources.memory;
    int64_t limit = o->memory.set ? o->memory.v : now->limit.set ? now->limit.v : -1;
    if (!UNLIMITED(limit) && limit < 6 << 20)
        return error_set(err, -EINVAL, "--memory must be at least 6m, or 0 for no limit");
    if (o->memory.set) {
        m->limit = known(UNLIMITED(limit) ? -1 : limit);
        source_set(b, "memory", "--memory");
    }
    if (o->memory_swap.set && o->memory_swap.v != 0) {
        if (o->memory_swap.v > 0 && UNLIMITED(limit))
            return error_set(err, -EINVAL, "--memory-swap needs --memory");
        if (o->memory_swap.v > 0 && o->memory_swap.v < limit)
            return error_set(err, -EINVAL,
                             "--memory-swap is memory and swap together, so it must not be below --memory");
        m->swap = o->memory_swap;
        source_set(b, "swap", "--memory-swap");
    } else if (o->memory.set) {
        int r = follow_swap(o, now, m, err);
        if (r < 0)
            return r;
    }
    if (o->memory_reservation.set && o->memory_reservation.v != 0) {
        if (o->memory_reservation.v > 0 && !UNLIMITED(limit) && o->memory_reservation.v > limit)
            return error_set(err, -EINVAL, "--memory-reservation must not be above --memory");
        m->reservation = o->memory_reservation;
    }
    return 0;
}

int spec_resources_change(const struct run_options *o, const struct oci_resources *now, struct oci_spec *spec,
                          struct oci_pairs *sources, struct error *err)
{
    struct build b = { .opt = o, .spec = spec, .a = spec->arena, .sources = *sources };
    if (o->pids_limit.set && o->pids_limit.v < -1)
        return error_set(err, -ERANGE, "--pids-limit must be positive, or 0 or -1 for no limit");
    if (o->pids_limit.set) {
        spec->linux_.resources.pids_limit = known(UNLIMITED(o->pids_limit.v) ? -1 : o->pids_limit.v);
        source_set(&b, "processes", "--pids-limit");
    }
    int r = change_memory(&b, &now->memory, err);
    if (r == 0)
        r = build_cpu(&b, err);
    if (r == 0)
        r = build_io(&b, err);
    *sources = b.sources;
    return r;
}

static void allow_device(struct build *b, struct oci_device_rule rule)
{
    struct oci_resources *res = &b->spec->linux_.resources;
    res->devices = arena_grow(b->a, res->devices, res->n_devices, res->n_devices + 1, sizeof(rule));
    res->devices[res->n_devices++] = rule;
}

/* The node as the host has it, under the container's name. */
static void add_device(struct build *b, const char *path, const struct stat *st)
{
    struct oci_linux *l = &b->spec->linux_;
    l->devices = arena_grow(b->a, l->devices, l->n_devices, l->n_devices + 1, sizeof(*l->devices));
    l->devices[l->n_devices++] = (struct oci_device){
        .type = S_ISBLK(st->st_mode) ? "b" : "c",
        .path = path,
        .major = major(st->st_rdev),
        .minor = minor(st->st_rdev),
        .file_mode = { true, st->st_mode & 0777 },
        /* Who asks for a device means it to be used: by the user who is there. Docker keeps the host's owner. */
        .uid = { true, b->sealed            ? b->in->user.uid
                       : st->st_uid < 65536 ? st->st_uid
                                            : 0 },
        .gid = { true, st->st_gid < 65536 ? st->st_gid : 0 },
    };
}

struct device_scan {
    struct build *b;
    const char *path;
    unsigned depth;
};

/* --privileged: every node of the host's /dev but those that belong to other mounts. */
static int scan_device(int dirfd, const char *name, unsigned char type, void *arg)
{
    static const char *const not_ours[] = { "pts",  "shm",  "fd",     "mqueue",  "console", "ptmx",  "null",
                                            "zero", "full", "random", "urandom", "tty",     ".udev", ".lxc" };
    struct device_scan *scan = arg;
    struct stat st;
    (void) type;
    for (size_t i = 0; i < ARRAY_LEN(not_ours) && scan->depth == 0; i++) {
        if (str_eq(name, not_ours[i]))
            return 0;
    }
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    const char *path = arena_printf(scan->b->a, "%s/%s", scan->path, name);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
        add_device(scan->b, path, &st);
    struct device_scan below = { scan->b, path, scan->depth + 1 };
    return S_ISDIR(st.st_mode) && scan->depth < 4 ? dir_each(dirfd, name, scan_device, &below, NULL) : 0;
}

int build_devices(struct build *b, struct error *err)
{
    if (b->opt->privileged) {
        struct device_scan scan = { b, "/dev", 0 };
        allow_device(b, (struct oci_device_rule){ .allow = true, .type = "a", .access = "rwm" });
        source_set(b, "devices", "--privileged");
        return dir_each(AT_FDCWD, "/dev", scan_device, &scan, err);
    }
    size_t n;
    const struct oci_device_rule *rules = cgroup_default_devices(&n);
    for (size_t i = 0; i < n; i++)
        allow_device(b, rules[i]);
    for (size_t i = 0; i < b->opt->n_devices; i++) {
        const struct run_device *d = &b->opt->devices[i];
        struct stat st;
        int r = device_stat("device", d->host, false, &st, err);
        if (r < 0)
            return r;
        add_device(b, d->container, &st);
        allow_device(b, (struct oci_device_rule){ .allow = true,
                                                  .type = S_ISBLK(st.st_mode) ? "b" : "c",
                                                  .major = known(major(st.st_rdev)),
                                                  .minor = known(minor(st.st_rdev)),
                                                  .access = d->access });
        source_set(b, "devices", "--device %s", d->host);
    }
    for (size_t i = 0; i < b->opt->n_device_rules; i++) {
        allow_device(b, b->opt->device_rules[i]);
        source_set(b, "devices", "--device-cgroup-rule");
    }
    return 0;
}
