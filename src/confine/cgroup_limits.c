// SPDX-License-Identifier: Apache-2.0
/*
 * linux.resources as a list of writes to control files: a table for the fields that are one number in one file, a function
 * for each that is not. Making the list is pure (tests read it); doing it is at the end.
 *
 * Threat: a field that somebody relies on and that is dropped on the way. So a row without a file in v2 is an error when the
 * controller lives there, a missing file is an error, and what a kernel is known to accept and ignore is read back.
 *
 * Some limits may not pass each other at any moment (memory <= memory+swap, quota >= burst, …), and which order works depends
 * on whether they rise or fall. They share a group number, and those that the kernel refuses with EINVAL are tried again
 * after the others of the group; the group fails when a whole round changes nothing.
 */
#include "confine/cgroup_impl.h"

enum kind { K_I64, K_U64, K_U32, K_BOOL, K_STR };
enum group { G_NONE, G_MEMORY, G_CPU_WEIGHT, G_CPU_QUOTA, G_CPU_RT };

/* Flags of a row. */
enum {
    ZERO_UNSET = 1, /* 0 is "not given" */
    NEG_NONE = 2,   /* negative is "no limit": "-1" in v1, "max" in v2, nothing to write in a fresh cgroup */
    VERIFY = 4,
    SWAP = 8,
    V2_SPECIAL = 16, /* not by this table in v2 */
    V2_FALSE = 32,   /* v2 has only "false" */
    ONLY_TRUE = 64,  /* "true" is how it is since 5.11 */
    FRESH_0 = 128,   /* 0 is what a fresh cgroup has */
};

struct row {
    enum cgroup_controller controller;
    const char *field, *v1, *v2; /* field without "linux.resources." */
    size_t offset;
    enum kind kind;
    unsigned flags;
    enum group group;
};

#define AT(member) offsetof(struct oci_resources, member)

static const struct row rows[] = {
    { CGROUP_MEMORY, "memory.useHierarchy", "memory.use_hierarchy", NULL, AT(memory.use_hierarchy), K_BOOL,
      ONLY_TRUE, 0 },
    { CGROUP_MEMORY, "memory.limit", "memory.limit_in_bytes", "memory.max", AT(memory.limit), K_I64,
      ZERO_UNSET | NEG_NONE, G_MEMORY },
    { CGROUP_MEMORY, "memory.swap", "memory.memsw.limit_in_bytes", NULL, AT(memory.swap), K_I64,
      ZERO_UNSET | NEG_NONE | SWAP | V2_SPECIAL, G_MEMORY },
    { CGROUP_MEMORY, "memory.reservation", "memory.soft_limit_in_bytes", "memory.low", AT(memory.reservation),
      K_I64, ZERO_UNSET | NEG_NONE, 0 },
    { CGROUP_MEMORY, "memory.kernel", "memory.kmem.limit_in_bytes", NULL, AT(memory.kernel), K_I64,
      ZERO_UNSET | NEG_NONE | VERIFY, 0 },
    { CGROUP_MEMORY, "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes", NULL, AT(memory.kernel_tcp), K_I64,
      ZERO_UNSET | NEG_NONE | VERIFY, 0 },
    { CGROUP_MEMORY, "memory.swappiness", "memory.swappiness", NULL, AT(memory.swappiness), K_U64, 0, 0 },
    { CGROUP_MEMORY, "memory.disableOOMKiller", "memory.oom_control", NULL, AT(memory.disable_oom_killer),
      K_BOOL, V2_FALSE | FRESH_0, 0 },
    { CGROUP_PIDS, "pids.limit", "pids.max", "pids.max", AT(pids_limit), K_I64, ZERO_UNSET | NEG_NONE, 0 },
    { CGROUP_CPU, "cpu.shares", "cpu.shares", NULL, AT(cpu.shares), K_U64, ZERO_UNSET | V2_SPECIAL,
      G_CPU_WEIGHT },
    { CGROUP_CPU, "cpu.idle", "cpu.idle", "cpu.idle", AT(cpu.idle), K_I64, FRESH_0, G_CPU_WEIGHT },
    { CGROUP_CPU, "cpu.period", "cpu.cfs_period_us", NULL, AT(cpu.period), K_U64, ZERO_UNSET | V2_SPECIAL,
      G_CPU_QUOTA },
    { CGROUP_CPU, "cpu.quota", "cpu.cfs_quota_us", NULL, AT(cpu.quota), K_I64,
      ZERO_UNSET | NEG_NONE | V2_SPECIAL, G_CPU_QUOTA },
    { CGROUP_CPU, "cpu.burst", "cpu.cfs_burst_us", "cpu.max.burst", AT(cpu.burst), K_U64, FRESH_0,
      G_CPU_QUOTA },
    { CGROUP_CPU, "cpu.realtimePeriod", "cpu.rt_period_us", NULL, AT(cpu.realtime_period), K_U64, ZERO_UNSET,
      G_CPU_RT },
    { CGROUP_CPU, "cpu.realtimeRuntime", "cpu.rt_runtime_us", NULL, AT(cpu.realtime_runtime), K_I64,
      ZERO_UNSET, G_CPU_RT },
    { CGROUP_CPUSET, "cpu.cpus", "cpuset.cpus", "cpuset.cpus", AT(cpu.cpus), K_STR, 0, 0 },
    { CGROUP_CPUSET, "cpu.mems", "cpuset.mems", "cpuset.mems", AT(cpu.mems), K_STR, 0, 0 },
    { CGROUP_IO, "blockIO.leafWeight", "blkio.leaf_weight", NULL, AT(block_io.leaf_weight), K_U32, ZERO_UNSET,
      0 },
    { CGROUP_NET_CLS, "network.classID", "net_cls.classid", NULL, AT(network_class_id), K_U32, 0, 0 },
};

/* The value of a row: false when it is not given, or asks for what is there anyway. text (24 bytes) is its decimal form; str points to it or to the string. */
static bool row_value(const struct oci_resources *res, const struct row *row, bool fresh, char *text,
                      const char **str, int64_t *num)
{
    const void *p = (const char *) res + row->offset;
    unsigned long long magnitude = 0;
    bool set = false, negative = false;

    *num = 0;
    switch (row->kind) {
    case K_I64: {
        const struct opt_i64 *v = p;
        set = v->set;
        negative = v->v < 0;
        magnitude = negative ? -(unsigned long long) v->v : (unsigned long long) v->v;
        break;
    }
    case K_U64: set = ((const struct opt_u64 *) p)->set, magnitude = ((const struct opt_u64 *) p)->v; break;
    case K_U32: set = ((const struct opt_u32 *) p)->set, magnitude = ((const struct opt_u32 *) p)->v; break;
    case K_BOOL:
        set = ((const struct opt_bool *) p)->set, magnitude = ((const struct opt_bool *) p)->v;
        break;
    case K_STR: *str = *(const char *const *) p; return !str_empty(*str);
    }
    if (!set || (magnitude == 0 && ((row->flags & ZERO_UNSET) || (fresh && (row->flags & FRESH_0)))) ||
        (magnitude == 1 && (row->flags & ONLY_TRUE)) || (negative && fresh && (row->flags & NEG_NONE)))
        return false;
    *num = negative ? -1 : magnitude > INT64_MAX ? INT64_MAX : (int64_t) magnitude;
    if (str_format(text, 24, "%s%llu", negative ? "-" : "", magnitude) < 0)
        return false;
    *str = text;
    return true;
}

static const char *field_name(struct arena *a, const char *field)
{
    return arena_printf(a, "linux.resources.%s", field);
}

static struct cgroup_write *add(struct cgroup_plan *plan, enum cgroup_controller c, bool v2,
                                const char *field, const char *file, const char *value)
{
    struct cgroup_write *w;

    if (plan->n == plan->cap) {
        size_t cap = plan->cap ? plan->cap * 2 : 16;
        plan->v = arena_grow(plan->arena, plan->v, plan->n, cap, sizeof *plan->v);
        plan->cap = cap;
    }
    w = &plan->v[plan->n++];
    *w = (struct cgroup_write){ .controller = c, .v2 = v2, .field = field, .file = file, .value = value };
    return w;
}

static int only_v1(const char *field, struct error *err)
{
    return error_set(err, -EOPNOTSUPP, "linux.resources.%s: cgroup v2 has no such control", field);
}

static int add_row(struct cgroup_plan *plan, const struct row *row, bool v2, const char *str, int64_t num,
                   struct error *err)
{
    struct cgroup_write *w;

    if ((row->flags & NEG_NONE) && num < 0) {
        if (v2 && !row->v2)
            return 0;
        str = v2 || row->controller == CGROUP_PIDS ? "max" : "-1";
    }
    if (v2 && !row->v2)
        return (row->flags & V2_FALSE) && num == 0 ? 0 : only_v1(row->field, err);
    w = add(plan, row->controller, v2, field_name(plan->arena, row->field), v2 ? row->v2 : row->v1,
            arena_strdup(plan->arena, str));
    w->group = row->group;
    w->verify = row->flags & VERIFY;
    w->swap = row->flags & SWAP;
    return 0;
}

/* ---- v2 forms ---- */

/* log2(x) in units of 2^-32, x >= 1: the integer part from the leading bit, then one fraction bit a squaring. */
static int64_t log2_q32(uint64_t x)
{
    int e = 63 - __builtin_clzll(x);
    uint64_t top = x << (63 - e);
    unsigned __int128 m = top; /* 1 <= m * 2^-63 < 2 */
    int64_t r = (int64_t) e << 32;

    for (int bit = 31; bit >= 0; bit--) {
        m = (m * m) >> 63;
        if (m >> 64) {
            m >>= 1;
            r |= (int64_t) 1 << bit;
        }
    }
    return r;
}

/* The formula is in cgroup.h. No libm here: the smallest w with log2(w) >= log2(10) * exponent, in fixed point. */
uint64_t cgroup_weight_from_shares(uint64_t shares)
{
    const int64_t log2_10 = 14267572527; /* 3.3219280948… * 2^32 */
    uint64_t low = 1, high = 10000;
    __int128 l, want;

    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    l = log2_q32(shares);
    want = (((l * l) >> 32) + 125 * l) / 612 - ((__int128) 7 << 32) / 34;
    want = ((want * log2_10) >> 32) -
           (1 << 4); /* less than the rounding could add: 1024 must give 100, not 101 */
    while (low < high) {
        uint64_t mid = (low + high) / 2;
        if (log2_q32(mid) >= want)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static int plan_swap_v2(const struct oci_memory *m, const struct cgroup_current *cur,
                        struct cgroup_plan *plan, struct error *err)
{
    static const char field[] = "linux.resources.memory.swap";
    int64_t limit = m->limit.set && m->limit.v != 0 ? m->limit.v : cur->fresh ? 0 : cur->memory_max;
    bool lifted = m->limit.set && m->limit.v < 0 && (!m->swap.set || m->swap.v == 0);
    struct cgroup_write *w;

    if (!lifted && (!m->swap.set || m->swap.v == 0))
        return 0;
    if (lifted || m->swap.v < 0) { /* no limit on memory alone means none on memory+swap, as in v1 */
        if (!cur->fresh) {
            w = add(plan, CGROUP_MEMORY, true, field, "memory.swap.max", "max");
            w->swap = true;
        }
        return 0;
    }
    if (limit <= 0)
        return error_set(err, -EINVAL, "%s: needs linux.resources.memory.limit on cgroup v2", field);
    if (m->swap.v < limit)
        return error_set(err, -EINVAL, "%s: is memory+swap and may not be below the memory limit", field);
    w = add(plan, CGROUP_MEMORY, true, field, "memory.swap.max",
            arena_printf(plan->arena, "%lld", (long long) (m->swap.v - limit)));
    w->swap = true;
    return 0;
}

static void plan_cpu_v2(const struct oci_cpu *cpu, const struct cgroup_current *cur, struct cgroup_plan *plan)
{
    bool quota = cpu->quota.set && cpu->quota.v != 0, period = cpu->period.set && cpu->period.v != 0;
    struct arena *a = plan->arena;
    struct cgroup_write *w;
    const char *max;

    if (cpu->shares.set && cpu->shares.v != 0) {
        w = add(plan, CGROUP_CPU, true, "linux.resources.cpu.shares", "cpu.weight",
                arena_printf(a, "%llu", (unsigned long long) cgroup_weight_from_shares(cpu->shares.v)));
        w->group = G_CPU_WEIGHT;
    }
    if (!period && (!quota || (cur->fresh && cpu->quota.v < 0)))
        return;
    if (quota)
        max = cpu->quota.v < 0 ? "max" : arena_printf(a, "%lld", (long long) cpu->quota.v);
    else
        max = cur->cpu_max ? cur->cpu_max : "max";
    if (period)
        max = arena_printf(a, "%s %llu", max, (unsigned long long) cpu->period.v);
    w = add(plan, CGROUP_CPU, true, quota ? "linux.resources.cpu.quota" : "linux.resources.cpu.period",
            "cpu.max", max);
    w->group = G_CPU_QUOTA;
}

/* ---- block I/O ---- */

static unsigned io_weight(unsigned weight)
{
    return 1 + (weight - 10) * 9999 / 990;
}

static int check_weight(uint32_t weight, const char *field, struct error *err)
{
    if (weight < 10 || weight > 1000)
        return error_set(err, -ERANGE, "%s: %u is out of range (10..1000)", field, weight);
    return 0;
}

/* dev: "" or "MAJ:MIN ". To each weight file that the kernel has; files: two, the second takes the scaled weight in v2. */
static void add_weights(struct cgroup_plan *plan, bool v2, const char *field, const char *const *files,
                        const char *dev, unsigned weight, unsigned any_of)
{
    for (int i = 0; i < 2; i++) {
        unsigned value = v2 && i == 1 ? io_weight(weight) : weight;
        add(plan, CGROUP_IO, v2, field, files[i], arena_printf(plan->arena, "%s%u", dev, value))->any_of =
            any_of;
    }
}

static int plan_weights(const struct oci_block_io *io, bool v2, struct cgroup_plan *plan, struct error *err)
{
    static const char *const v1_files[] = { "blkio.bfq.weight", "blkio.weight" };
    static const char *const v1_dev_files[] = { "blkio.bfq.weight_device", "blkio.weight_device" };
    static const char *const v2_files[] = { "io.bfq.weight", "io.weight" };
    unsigned any_of = 1;

    if (io->weight.set && io->weight.v != 0) {
        const char *field = "linux.resources.blockIO.weight";
        int r = check_weight(io->weight.v, field, err);
        if (r < 0)
            return r;
        add_weights(plan, v2, field, v2 ? v2_files : v1_files, "", io->weight.v, any_of++);
    }
    for (size_t i = 0; i < io->n_weight_devices; i++) {
        const struct oci_weight_device *d = &io->weight_devices[i];
        const char *field = arena_printf(plan->arena, "linux.resources.blockIO.weightDevice[%zu]", i);
        const char *dev = arena_printf(plan->arena, "%lld:%lld ", (long long) d->major, (long long) d->minor);
        int r = d->weight.set && d->weight.v != 0 ? check_weight(d->weight.v, field, err) : 0;
        if (r < 0)
            return r;
        if (d->leaf_weight.set && d->leaf_weight.v != 0) {
            if (v2)
                return only_v1("blockIO.weightDevice.leafWeight", err);
            add(plan, CGROUP_IO, false, field, "blkio.leaf_weight_device",
                arena_printf(plan->arena, "%s%u", dev, d->leaf_weight.v));
        }
        if (d->weight.set && d->weight.v != 0)
            add_weights(plan, v2, field, v2 ? v2_files : v1_dev_files, dev, d->weight.v, any_of++);
    }
    return 0;
}

static void plan_throttles(const struct oci_block_io *io, bool v2, struct cgroup_plan *plan)
{
    const struct {
        const struct oci_throttles *t;
        const char *field, *v1, *key;
    } kinds[] = {
        { &io->read_bps, "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps" },
        { &io->write_bps, "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps" },
        { &io->read_iops, "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops" },
        { &io->write_iops, "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops" },
    };
    struct arena *a = plan->arena;

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t i = 0; i < kinds[k].t->n; i++) {
            const struct oci_throttle *t = &kinds[k].t->v[i];
            const char *field = arena_printf(a, "linux.resources.blockIO.%s[%zu]", kinds[k].field, i);
            long long major = t->major, minor = t->minor;
            unsigned long long rate = t->rate;
            if (!v2)
                add(plan, CGROUP_IO, v2, field, kinds[k].v1,
                    arena_printf(a, "%lld:%lld %llu", major, minor, rate));
            else if (rate == 0) /* v1's way to say "no limit" */
                add(plan, CGROUP_IO, v2, field, "io.max",
                    arena_printf(a, "%lld:%lld %s=max", major, minor, kinds[k].key));
            else
                add(plan, CGROUP_IO, v2, field, "io.max",
                    arena_printf(a, "%lld:%lld %s=%llu", major, minor, kinds[k].key, rate));
        }
    }
}

/* ---- the rest ---- */

static int plan_hugepages(const struct oci_resources *res, bool v2, struct cgroup_plan *plan,
                          struct error *err)
{
    struct arena *a = plan->arena;

    for (size_t i = 0; i < res->n_hugepages; i++) {
        const struct oci_hugepage *h = &res->hugepages[i];
        const char *field = arena_printf(a, "linux.resources.hugepageLimits[%zu]", i), *value;
        size_t digits = strspn(h->page_size, "0123456789");
        const char *unit = h->page_size + digits;
        if (digits == 0 || digits > 9 || !(str_eq(unit, "KB") || str_eq(unit, "MB") || str_eq(unit, "GB")))
            return error_set(err, -EINVAL, "%s.pageSize: must be like 64KB, 2MB or 1GB", field);
        value = arena_printf(a, "%llu", (unsigned long long) h->limit);
        add(plan, CGROUP_HUGETLB, v2, field,
            arena_printf(a, "hugetlb.%s.%s", h->page_size, v2 ? "max" : "limit_in_bytes"), value);
        /* Reservations are accounted for since 5.7; without, use alone is limited, as the specification has it. */
        add(plan, CGROUP_HUGETLB, v2, field,
            arena_printf(a, "hugetlb.%s.rsvd.%s", h->page_size, v2 ? "max" : "limit_in_bytes"), value)
            ->maybe = true;
    }
    return 0;
}

static int check_word(const char *s, const char *field, struct error *err)
{
    for (const char *p = s; *p; p++) {
        if ((unsigned char) *p <= ' ' || *p == 0x7f)
            return error_set(err, -EINVAL, "%s: the name may not hold white space or control characters",
                             field);
    }
    return *s ? 0 : error_set(err, -EINVAL, "%s: the name is empty", field);
}

static int plan_network(const struct oci_resources *res, bool v2, struct cgroup_plan *plan, struct error *err)
{
    for (size_t i = 0; i < res->n_network_priorities; i++) {
        const struct oci_net_priority *p = &res->network_priorities[i];
        const char *field = arena_printf(plan->arena, "linux.resources.network.priorities[%zu]", i);
        int r = v2 ? only_v1("network.priorities", err) : check_word(p->name, field, err);
        if (r < 0)
            return r;
        add(plan, CGROUP_NET_PRIO, false, field, "net_prio.ifpriomap",
            arena_printf(plan->arena, "%s %u", p->name, p->priority));
    }
    return 0;
}

static int plan_rdma(const struct oci_resources *res, bool v2, struct cgroup_plan *plan, struct error *err)
{
    struct arena *a = plan->arena;

    for (size_t i = 0; i < res->n_rdma; i++) {
        const struct oci_rdma *d = &res->rdma[i];
        const char *field = arena_printf(a, "linux.resources.rdma[%zu]", i), *value;
        int r = check_word(d->device, field, err);
        if (r < 0)
            return r;
        value = d->device;
        if (d->hca_handles.set)
            value = arena_printf(a, "%s hca_handle=%u", value, d->hca_handles.v);
        if (d->hca_objects.set)
            value = arena_printf(a, "%s hca_object=%u", value, d->hca_objects.v);
        if (value != d->device)
            add(plan, CGROUP_RDMA, v2, field, "rdma.max", value);
    }
    return 0;
}

/* The controller of a unified key; CGROUP_CONTROLLERS for the core's own files. -EINVAL for anything that may not be written. */
static int unified_controller(const char *key, enum cgroup_controller *ret, struct error *err)
{
    static const char *const core[] = { "cgroup.max.depth", "cgroup.max.descendants", "cgroup.pressure" };
    const char *dot = strchr(key, '.');
    size_t n = dot ? (size_t) (dot - key) : 0;

    for (size_t i = 0; i < ARRAY_LEN(core); i++) {
        if (str_eq(key, core[i])) {
            *ret = CGROUP_CONTROLLERS;
            return 0;
        }
    }
    for (const char *p = key; *p; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_' ||
              *p == '.'))
            n = 0;
    }
    for (int c = 0; n > 0 && c < CGROUP_CONTROLLERS; c++) {
        const char *name = cgroup_controller_name(c, true);
        if (name && strlen(name) == n && memcmp(name, key, n) == 0) {
            *ret = c;
            return 0;
        }
    }
    return error_set(err, -EINVAL,
                     "linux.resources.unified: \"%s\" is not a control file that a container may set", key);
}

static int plan_unified(const struct oci_resources *res, unsigned on_v2, struct cgroup_plan *plan,
                        struct error *err)
{
    for (size_t i = 0; i < res->unified.n; i++) {
        const struct oci_pair *p = &res->unified.v[i];
        const char *field = arena_printf(plan->arena, "linux.resources.unified[\"%s\"]", p->key);
        enum cgroup_controller c = CGROUP_CONTROLLERS;
        int r = unified_controller(p->key, &c, err);
        if (r < 0)
            return r;
        if (!(on_v2 & CGROUP_BIT(c)))
            return error_set(err, -EOPNOTSUPP, "%s: needs cgroup v2", field);
        for (const char *s = p->value; *s;) {
            size_t n = strcspn(s, "\n");
            if (n > 0)
                add(plan, c, true, field, p->key, arena_strndup(plan->arena, s, n));
            s += n + (s[n] == '\n');
        }
    }
    return 0;
}

/* An idle cgroup takes no shares (EINVAL): with both given, it is woken up for them first. */
static void plan_wake(const struct oci_cpu *cpu, bool v2, bool fresh, struct cgroup_plan *plan)
{
    if (!fresh && cpu->idle.set && cpu->idle.v != 0 && cpu->shares.set && cpu->shares.v != 0)
        add(plan, CGROUP_CPU, v2, "linux.resources.cpu.idle", "cpu.idle", "0")->maybe = true;
}

/* v1: what the kernel's table of rows cannot say. */
static int plan_memory_v1(const struct oci_memory *m, bool fresh, struct cgroup_plan *plan, struct error *err)
{
    bool limit = m->limit.set && m->limit.v != 0, swap = m->swap.set && m->swap.v != 0;

    if (swap && limit && m->swap.v > 0 && (m->limit.v < 0 || m->swap.v < m->limit.v))
        return error_set(err, -EINVAL,
                         "linux.resources.memory.swap: is memory+swap and may not be below the memory limit");
    if (limit && m->limit.v < 0 && !swap &&
        !fresh) { /* lifting memory alone would hit the old memory+swap limit */
        struct cgroup_write *w = add(plan, CGROUP_MEMORY, false, "linux.resources.memory.limit",
                                     "memory.memsw.limit_in_bytes", "-1");
        w->swap = true;
        w->group = G_MEMORY;
    }
    return 0;
}

int cgroup_plan_make(const struct oci_resources *res, unsigned on_v2, const struct cgroup_current *cur,
                     struct cgroup_plan *plan, struct error *err)
{
    bool v2[CGROUP_CONTROLLERS];
    int r = 0;

    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        v2[c] = on_v2 & CGROUP_BIT(c);
    if (v2[CGROUP_MEMORY])
        r = plan_swap_v2(&res->memory, cur, plan, err);
    else
        r = plan_memory_v1(&res->memory, cur->fresh, plan, err);
    plan_wake(&res->cpu, v2[CGROUP_CPU], cur->fresh, plan);
    if (r == 0 && v2[CGROUP_CPU])
        plan_cpu_v2(&res->cpu, cur, plan);
    for (size_t i = 0; i < ARRAY_LEN(rows) && r == 0; i++) {
        const struct row *row = &rows[i];
        bool special = v2[row->controller] && (row->flags & V2_SPECIAL);
        char text[24];
        const char *str;
        int64_t num;
        if (!special && row_value(res, row, cur->fresh, text, &str, &num))
            r = add_row(plan, row, v2[row->controller], str, num, err);
    }
    if (r == 0)
        r = plan_weights(&res->block_io, v2[CGROUP_IO], plan, err);
    if (r == 0)
        plan_throttles(&res->block_io, v2[CGROUP_IO], plan);
    if (r == 0)
        r = plan_hugepages(res, v2[CGROUP_HUGETLB], plan, err);
    if (r == 0)
        r = plan_network(res, v2[CGROUP_NET_PRIO], plan, err);
    if (r == 0)
        r = plan_rdma(res, v2[CGROUP_RDMA], plan, err);
    return r < 0 ? r : plan_unified(res, on_v2, plan, err);
}

/* ---- which controllers ---- */

static void need(unsigned *bits, const char **fields, enum cgroup_controller c, const char *field)
{
    if (!(*bits & CGROUP_BIT(c)))
        fields[c] = field;
    *bits |= CGROUP_BIT(c);
}

int cgroup_needs(const struct oci_resources *res, bool fresh, const char **fields, unsigned *ret,
                 struct error *err)
{
    const struct oci_block_io *io = &res->block_io;
    unsigned bits = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[24];
        const char *str;
        int64_t num;
        if (row_value(res, &rows[i], fresh, text, &str, &num))
            need(&bits, fields, rows[i].controller, rows[i].field);
    }
    if ((io->weight.set && io->weight.v) || io->n_weight_devices || io->read_bps.n || io->write_bps.n ||
        io->read_iops.n || io->write_iops.n)
        need(&bits, fields, CGROUP_IO, "blockIO");
    if (res->n_hugepages)
        need(&bits, fields, CGROUP_HUGETLB, "hugepageLimits");
    if (res->n_network_priorities)
        need(&bits, fields, CGROUP_NET_PRIO, "network.priorities");
    if (res->n_rdma)
        need(&bits, fields, CGROUP_RDMA, "rdma");
    if (res->n_devices)
        need(&bits, fields, CGROUP_DEVICES, "devices");
    for (size_t i = 0; i < res->unified.n; i++) {
        enum cgroup_controller c = CGROUP_CONTROLLERS;
        int r = unified_controller(res->unified.v[i].key, &c, err);
        if (r < 0)
            return r;
        if (c != CGROUP_CONTROLLERS)
            need(&bits, fields, c, "unified");
    }
    *ret = bits;
    return 0;
}
