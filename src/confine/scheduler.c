// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: tables from the names of the specification to the kernel's numbers, one system call a field, in the child while
 * it is still privileged. CPU affinity is set twice, as the specification asks: by the runtime on itself before the child is
 * born (so that not even its first instruction runs on a CPU that is reserved), and by the child when its cgroup is joined.
 *
 * Threat: a container that starves its neighbours, or an exec that disturbs CPUs set aside for others.
 */
#include "confine/scheduler.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>

#include "confine/range_list.h"
#include "sys/syscall.h"

#ifndef SCHED_ISO
#define SCHED_ISO 4 /* reserved by the kernel, never implemented */
#endif

/* sched_setattr(2), version 1 (5.3). Not <linux/sched/types.h>: it defines struct sched_param once more than libc. */
struct sched_attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};
_Static_assert(sizeof(struct sched_attributes) == 56, "SCHED_ATTR_SIZE_VER1");

struct named {
    const char *name;
    int value;
};

static const struct named policies[] = {
    { "SCHED_OTHER", SCHED_NORMAL },      { "SCHED_FIFO", SCHED_FIFO }, { "SCHED_RR", SCHED_RR },
    { "SCHED_BATCH", SCHED_BATCH },       { "SCHED_ISO", SCHED_ISO },   { "SCHED_IDLE", SCHED_IDLE },
    { "SCHED_DEADLINE", SCHED_DEADLINE },
};
static const struct named flags[] = {
    { "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
    { "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
    { "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
    { "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
    { "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
    { "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
    { "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
};
static const struct named io_classes[] = {
    { "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
    { "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
    { "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

static int value_of(const struct named *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].name, name))
            return rows[i].value;
    return -1;
}

static int check_policy(const struct oci_scheduler *s, struct error *err)
{
    int policy = value_of(policies, ARRAY_LEN(policies), s->policy);
    bool fixed = policy == SCHED_FIFO || policy == SCHED_RR;
    if (policy < 0)
        return error_set(err, -EINVAL, "process.scheduler.policy: there is no policy \"%s\"", s->policy);
    if (policy == SCHED_ISO)
        return error_set(err, -EINVAL, "process.scheduler.policy: no kernel has SCHED_ISO");
    if (fixed && (s->priority.v < 1 || s->priority.v > 99))
        return error_set(err, -EINVAL, "process.scheduler.priority: %s takes 1 to 99", s->policy);
    if (!fixed && s->priority.v != 0)
        return error_set(err, -EINVAL,
                         "process.scheduler.priority: only for SCHED_FIFO and SCHED_RR, not for %s",
                         s->policy);
    if (policy == SCHED_DEADLINE && (s->runtime.v == 0 || s->deadline.v == 0))
        return error_set(err, -EINVAL, "process.scheduler: SCHED_DEADLINE needs runtime and deadline");
    if (policy != SCHED_DEADLINE && (s->runtime.v != 0 || s->deadline.v != 0 || s->period.v != 0))
        return error_set(
            err, -EINVAL,
            "process.scheduler: runtime, deadline and period are only for SCHED_DEADLINE, not for %s",
            s->policy);
    if (s->nice.v != 0 && (fixed || policy == SCHED_DEADLINE))
        return error_set(err, -EINVAL, "process.scheduler.nice: has no meaning with %s", s->policy);
    for (size_t i = 0; i < s->flags.n; i++)
        if (value_of(flags, ARRAY_LEN(flags), s->flags.v[i]) < 0)
            return error_set(err, -EINVAL, "process.scheduler.flags[%zu]: there is no flag \"%s\"", i,
                             s->flags.v[i]);
    return 0;
}

static int read_cpus(const char *text, const char *which, struct cpu_mask *ret, struct error *err)
{
    int r = range_list_parse(text, ret->bits, CPU_AFFINITY_BITS);
    return r < 0 ? error_set(err, -EINVAL, "process.execCPUAffinity.%s: \"%.200s\" is not a list of CPUs",
                             which, text)
                 : 0;
}

int scheduler_check(const struct oci_process *p, struct error *err)
{
    struct cpu_mask mask;
    int r = p->scheduler.policy ? check_policy(&p->scheduler, err) : 0;
    if (r >= 0 && p->io_priority_class &&
        value_of(io_classes, ARRAY_LEN(io_classes), p->io_priority_class) < 0)
        r = error_set(err, -EINVAL, "process.ioPriority.class: there is no class \"%s\"",
                      p->io_priority_class);
    if (r >= 0 && !str_empty(p->cpu_affinity_initial))
        r = read_cpus(p->cpu_affinity_initial, "initial", &mask, err);
    if (r >= 0 && !str_empty(p->cpu_affinity_final))
        r = read_cpus(p->cpu_affinity_final, "final", &mask, err);
    return r;
}

bool scheduler_is_realtime(const struct oci_process *p)
{
    int policy = p->scheduler.policy ? value_of(policies, ARRAY_LEN(policies), p->scheduler.policy)
                                     : SCHED_NORMAL;
    return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

static int set_policy(const struct oci_scheduler *s, struct error *err)
{
    struct sched_attributes a = {
        .size = sizeof(a),
        .policy = (uint32_t) value_of(policies, ARRAY_LEN(policies), s->policy),
        .nice = (int32_t) s->nice.v,
        .priority = (uint32_t) s->priority.v,
        .runtime = s->runtime.v,
        .deadline = s->deadline.v,
        .period = s->period.v,
    };
    for (size_t i = 0; i < s->flags.n; i++)
        a.flags |= (uint64_t) value_of(flags, ARRAY_LEN(flags), s->flags.v[i]);
    if (syscall(SYS_sched_setattr, 0, &a, 0) == 0)
        return 0;
    if (errno == EPERM)
        return error_set(
            err, -EPERM,
            "process.scheduler: %s is not permitted (it needs CAP_SYS_NICE on the host; a real-time policy also a budget of the cpu cgroup)",
            s->policy);
    return error_errno(err, -errno, "process.scheduler: cannot set %s", s->policy);
}

static int set_io_priority(const struct oci_process *p, struct error *err)
{
    unsigned class = (unsigned) value_of(io_classes, ARRAY_LEN(io_classes), p->io_priority_class);
    unsigned value = class << IOPRIO_CLASS_SHIFT | (unsigned) p->io_priority.v;
    if (syscall(SYS_ioprio_set, IOPRIO_WHO_PGRP, 0, value) < 0)
        return error_errno(err, -errno, "process.ioPriority: cannot set %s %u", p->io_priority_class,
                           (unsigned) p->io_priority.v);
    return 0;
}

int scheduler_apply(const struct oci_process *p, struct error *err)
{
    int r = p->io_priority_class ? set_io_priority(p, err) : 0;
    if (r >= 0 && p->scheduler.policy)
        r = set_policy(&p->scheduler, err);
    return r;
}

/* ---- CPU affinity ---- */

struct cpu_affinity cpu_affinity_of_exec(const struct oci_process *process,
                                         const struct oci_process *container)
{
    const struct oci_process *from = process->cpu_affinity_initial || process->cpu_affinity_final ? process
                                                                                                  : container;
    return (struct cpu_affinity){ .initial = from->cpu_affinity_initial, .final = from->cpu_affinity_final };
}

static int set_affinity(const struct cpu_mask *mask)
{
    return syscall(SYS_sched_setaffinity, 0, sizeof(mask->bits), mask->bits) < 0 ? -errno : 0;
}

int cpu_affinity_initial(const struct cpu_affinity *a, struct cpu_mask *saved, struct error *err)
{
    struct cpu_mask mask;
    if (str_empty(a->initial))
        return 0;
    int r = read_cpus(a->initial, "initial", &mask, err);
    if (r < 0)
        return r;
    *saved = (struct cpu_mask){ 0 };
    if (syscall(SYS_sched_getaffinity, 0, sizeof(saved->bits), saved->bits) < 0)
        return error_errno(err, -errno, "cannot read the CPU affinity");
    r = set_affinity(&mask);
    return r < 0 ? error_errno(err, r, "process.execCPUAffinity.initial: cannot run on CPUs %s", a->initial)
                 : 1;
}

int cpu_affinity_restore(const struct cpu_mask *saved, struct error *err)
{
    int r = set_affinity(saved);
    return r < 0 ? error_errno(err, r, "cannot restore the CPU affinity") : 0;
}

int cpu_affinity_final(const struct cpu_affinity *a, struct error *err)
{
    struct cpu_mask mask;
    if (str_empty(a->initial) && str_empty(a->final))
        return 0;
    int r = 0;
    if (str_empty(a->final))
        memset(&mask, 0xff, sizeof(mask)); /* the kernel leaves what the cpuset has */
    else
        r = read_cpus(a->final, "final", &mask, err);
    if (r >= 0) {
        r = set_affinity(&mask);
        if (r < 0)
            r = error_errno(err, r, "process.execCPUAffinity.final: cannot run on CPUs %s",
                            a->final ?: "of the container");
    }
    return r;
}
