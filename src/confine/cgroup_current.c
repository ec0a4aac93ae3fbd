// SPDX-License-Identifier: Apache-2.0
/*
 * What an update must know of a cgroup before it writes: values of v2 files that hold two fields, and the use of memory.
 *
 * Threat: cgroup v2 takes a memory limit below the use and kills for it, where v1 refuses. memory.checkBeforeUpdate asks for the
 * refusal, so it is worked out here for every limit that is given (memory, and memory with swap), before anything is written.
 */
#include "confine/cgroup_impl.h"

static const struct cgroup_hier *memory_hier(const struct cgroup *cg)
{
    const struct cgroup_hier *v1 = cgroup_hier_of(cg, CGROUP_MEMORY);
    return v1 ? v1 : cgroup_hier_v2(cg);
}

/* The first word of a control file. */
static int read_word(const struct cgroup_hier *h, const char *file, char **ret, struct error *err)
{
    int r = file_read(h->dirfd, file, CGROUP_VALUE_MAX, ret, NULL, err);

    if (r == 0)
        (*ret)[strcspn(*ret, " \n")] = '\0';
    return r;
}

static int read_number(const struct cgroup_hier *h, const char *file, uint64_t *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int r = read_word(h, file, &text, err);

    if (r == 0 && parse_u64(text, ret) < 0)
        return error_set(err, -EIO, "linux.resources.memory.checkBeforeUpdate: cannot understand %s", file);
    return r;
}

int cgroup_read_current(const struct cgroup *cg, const struct oci_resources *res, struct arena *a,
                        struct cgroup_current *cur, struct error *err)
{
    const struct cgroup_hier *h = cgroup_hier_v2(cg);
    int r = 0;

    *cur = (struct cgroup_current){ .memory_max = -1 };
    if (!h)
        return 0;
    if (res->memory.swap.set && !cgroup_hier_of(cg, CGROUP_MEMORY)) {
        _cleanup_free_ char *text = NULL;
        r = read_word(h, "memory.max", &text, err);
        if (r < 0)
            return r;
        if (parse_i64(text, &cur->memory_max) < 0)
            cur->memory_max = -1;
    }
    if (res->cpu.period.set && !cgroup_hier_of(cg, CGROUP_CPU)) {
        _cleanup_free_ char *text = NULL;
        r = read_word(h, "cpu.max", &text, err);
        if (r < 0)
            return r;
        cur->cpu_max = arena_strdup(a, text);
    }
    return 0;
}

static int too_low(const char *field, int64_t limit, uint64_t use, struct error *err)
{
    return error_set(err, -EBUSY, "linux.resources.memory.%s: %lld is below the %llu bytes in use", field,
                     (long long) limit, (unsigned long long) use);
}

/* Memory with what of it is in swap. v2 has the sum in two files; a kernel without swap accounting has memory's only. */
static int use_with_swap(const struct cgroup_hier *h, uint64_t memory, uint64_t *ret, struct error *err)
{
    const char *file = h->v2 ? "memory.swap.current" : "memory.memsw.usage_in_bytes";
    uint64_t swap = 0;
    int r = 0;

    if (faccessat(h->dirfd, file, F_OK, 0) == 0)
        r = read_number(h, file, &swap, err);
    if (r < 0)
        return r;
    *ret = h->v2 ? memory + swap : MAX_OF(memory, swap);
    return 0;
}

int cgroup_check_use(const struct cgroup *cg, const struct oci_memory *m, struct error *err)
{
    const struct cgroup_hier *h = memory_hier(cg);
    bool limit = m->limit.set && m->limit.v > 0, swap = m->swap.set && m->swap.v > 0;
    uint64_t use = 0, sum = 0;
    int r;

    if (!m->check_before_update.set || !m->check_before_update.v || (!limit && !swap) || !h)
        return 0;
    r = read_number(h, h->v2 ? "memory.current" : "memory.usage_in_bytes", &use, err);
    if (r < 0)
        return r;
    if (limit && use > (uint64_t) m->limit.v)
        return too_low("limit", m->limit.v, use, err);
    if (!swap)
        return 0;
    r = use_with_swap(h, use, &sum, err);
    if (r < 0)
        return r;
    return sum > (uint64_t) m->swap.v ? too_low("swap", m->swap.v, sum, err) : 0;
}
