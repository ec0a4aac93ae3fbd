// SPDX-License-Identifier: Apache-2.0
/*
 * linux.resources as properties of a systemd unit (org.freedesktop.systemd1(5), systemd.resource-control(5)): what the manager
 * must know so that it shows a container's limits and does not write others over them when it next touches the cgroup.
 *
 * Enforcement does not rest on this list: every limit is written to the cgroup's files as well (cgroup_limits.c), where a failure
 * names its field. So what systemd cannot express is left out here, and never turned into something narrower: two device lists
 * are in force on v2, systemd's and ours, and a device must be in both. A device list that systemd cannot say exactly is not
 * given to it at all.
 */
#include "confine/cgroup_systemd.h"

#include "confine/range_list.h"

#define INFINITE UINT64_MAX
#define CPUS_MAX 8192
#define DEFAULT_PERIOD 100000

static void put_name(struct dbus_body *b, const char *name, const char *type)
{
    dbus_put_struct(b);
    dbus_put_string(b, name);
    dbus_put_signature(b, type);
}

void cgroup_put_u64(struct dbus_body *b, const char *name, uint64_t v)
{
    put_name(b, name, "t");
    dbus_put_u64(b, v);
}

void cgroup_put_bool(struct dbus_body *b, const char *name, bool v)
{
    put_name(b, name, "b");
    dbus_put_bool(b, v);
}

void cgroup_put_string(struct dbus_body *b, const char *name, const char *v)
{
    put_name(b, name, "s");
    dbus_put_string(b, v);
}

/* ---- one number, one property ---- */

/* 0 is "not given", negative is "no limit": nothing to say of a fresh cgroup. */
static void put_limit(struct dbus_body *b, const char *name, const struct opt_i64 *v, bool fresh)
{
    if (name && v->set && v->v != 0 && !(fresh && v->v < 0))
        cgroup_put_u64(b, name, v->v < 0 ? INFINITE : (uint64_t) v->v);
}

static void put_memory(struct dbus_body *b, const struct oci_memory *m, const struct cgroup_facts *f)
{
    int64_t limit = m->limit.set && m->limit.v != 0 ? m->limit.v : f->fresh ? 0 : f->memory_max;
    bool swap = m->swap.set && m->swap.v != 0, lifted = m->limit.set && m->limit.v < 0 && !swap;

    put_limit(b, f->v2 ? "MemoryMax" : "MemoryLimit", &m->limit, f->fresh);
    put_limit(b, f->v2 ? "MemoryLow" : NULL, &m->reservation, f->fresh);
    if (f->v2 && !f->fresh && (lifted || (swap && m->swap.v < 0)))
        cgroup_put_u64(b, "MemorySwapMax", INFINITE);
    else if (f->v2 && swap && m->swap.v > 0 && limit > 0 && m->swap.v >= limit)
        cgroup_put_u64(b, "MemorySwapMax", (uint64_t) (m->swap.v - limit));
}

/* systemd keeps whole per cents in what it writes down: rounded up, or a reload would give less than what was asked for. */
static void put_quota(struct dbus_body *b, int64_t quota, uint64_t period)
{
    uint64_t per_second = INFINITE;

    if (quota > 0 && period > 0 && (uint64_t) quota < INFINITE / 1000000) {
        per_second = (uint64_t) quota * 1000000 / period;
        per_second = (per_second + 9999) / 10000 * 10000;
    }
    cgroup_put_u64(b, "CPUQuotaPerSecUSec", per_second);
    if (period != DEFAULT_PERIOD && period >= 1000 && period <= 1000000)
        cgroup_put_u64(b, "CPUQuotaPeriodUSec", period);
}

static void put_cpu(struct dbus_body *b, const struct oci_cpu *cpu, const struct cgroup_facts *f)
{
    bool quota = cpu->quota.set && cpu->quota.v != 0, period = cpu->period.set && cpu->period.v != 0;

    /* 0 is "idle" (252); another weight makes systemd write 0 to cpu.idle when it next touches the cgroup. */
    if (f->v2 && cpu->idle.set && cpu->idle.v != 0)
        cgroup_put_u64(b, "CPUWeight", 0);
    else if (f->v2 && cpu->idle.set && !(cpu->shares.set && cpu->shares.v != 0) && f->cpu_weight != 0)
        cgroup_put_u64(b, "CPUWeight", f->cpu_weight);
    else if (cpu->shares.set && cpu->shares.v != 0 && f->v2)
        cgroup_put_u64(b, "CPUWeight", cgroup_weight_from_shares(cpu->shares.v));
    else if (cpu->shares.set && cpu->shares.v != 0)
        cgroup_put_u64(b, "CPUShares", MIN_OF(MAX_OF(cpu->shares.v, (uint64_t) 2), (uint64_t) 262144));
    if (!f->fresh && (quota || period)) /* one of the two may be an older one */
        put_quota(b, f->cpu_quota, f->cpu_period);
    else if (quota && cpu->quota.v > 0)
        put_quota(b, cpu->quota.v, period ? cpu->period.v : DEFAULT_PERIOD);
}

/* A bit a CPU or node, the first in the lowest bit of the first byte. */
static int put_set(struct dbus_body *b, const char *name, const char *field, const char *list,
                   struct error *err)
{
    unsigned long bits[CPUS_MAX / RANGE_LIST_BITS];
    size_t bytes = 0, mark;

    if (str_empty(list))
        return 0;
    if (range_list_parse(list, bits, CPUS_MAX) < 0)
        return error_set(err, -EINVAL, "linux.resources.%s: \"%s\" is not a list of numbers below %d", field,
                         list, CPUS_MAX);
    for (size_t i = 0; i < CPUS_MAX; i++) {
        if (bits[i / RANGE_LIST_BITS] >> (i % RANGE_LIST_BITS) & 1)
            bytes = i / 8 + 1;
    }
    put_name(b, name, "ay");
    mark = dbus_array_begin(b, 1);
    for (size_t i = 0; i < bytes; i++)
        dbus_put_byte(b, (uint8_t) (bits[i * 8 / RANGE_LIST_BITS] >> (i * 8 % RANGE_LIST_BITS)));
    dbus_array_end(b, mark);
    return 0;
}

/* ---- block I/O ---- */

/* The node that systemd finds the numbers by; NULL: there is none, so it cannot be told. */
static const char *block_node(struct arena *a, int64_t major, int64_t minor)
{
    const char *path = arena_printf(a, "/dev/block/%lld:%lld", (long long) major, (long long) minor);

    return faccessat(AT_FDCWD, path, F_OK, 0) == 0 ? path : NULL;
}

static void put_device_number(struct dbus_body *b, const char *name, const char *node, uint64_t v)
{
    size_t mark;

    put_name(b, name, "a(st)");
    mark = dbus_array_begin(b, 8);
    dbus_put_struct(b);
    dbus_put_string(b, node);
    dbus_put_u64(b, v);
    dbus_array_end(b, mark);
}

static uint64_t io_weight(const struct cgroup_facts *f, unsigned weight)
{
    return f->v2 ? 1 + (weight - 10) * 9999 / 990 : weight;
}

static bool weight_given(const struct opt_u32 *w)
{
    return w->set && w->v >= 10 && w->v <= 1000; /* others are refused when the files are written */
}

static void put_io(struct dbus_body *b, const struct oci_block_io *io, const struct cgroup_facts *f,
                   struct arena *a)
{
    const struct {
        const struct oci_throttles *t;
        const char *v1, *v2;
    } kinds[] = {
        { &io->read_bps, "BlockIOReadBandwidth", "IOReadBandwidthMax" },
        { &io->write_bps, "BlockIOWriteBandwidth", "IOWriteBandwidthMax" },
        { &io->read_iops, NULL, "IOReadIOPSMax" },
        { &io->write_iops, NULL, "IOWriteIOPSMax" },
    };

    if (weight_given(&io->weight))
        cgroup_put_u64(b, f->v2 ? "IOWeight" : "BlockIOWeight", io_weight(f, io->weight.v));
    for (size_t i = 0; i < io->n_weight_devices; i++) {
        const struct oci_weight_device *d = &io->weight_devices[i];
        const char *node = weight_given(&d->weight) ? block_node(a, d->major, d->minor) : NULL;
        if (node)
            put_device_number(b, f->v2 ? "IODeviceWeight" : "BlockIODeviceWeight", node,
                              io_weight(f, d->weight.v));
    }
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        const char *name = f->v2 ? kinds[k].v2 : kinds[k].v1;
        for (size_t i = 0; name && i < kinds[k].t->n; i++) {
            const struct oci_throttle *t = &kinds[k].t->v[i];
            const char *node = block_node(a, t->major, t->minor);
            if (node)
                put_device_number(b, name, node, t->rate == 0 ? INFINITE : t->rate);
        }
    }
}

/* ---- devices ---- */

/* As systemd names what the rule allows; NULL: it has no name for it. */
static const char *device_name(const struct device_rule *r, struct arena *a)
{
    const char *kind = r->type == 'b' ? "block" : "char";

    if (r->major < 0)
        return r->minor < 0 ? arena_printf(a, "%s-*", kind) : NULL;
    return r->minor < 0
               ? arena_printf(a, "%s-%lld", kind, (long long) r->major)
               : arena_printf(a, "/dev/%s/%lld:%lld", kind, (long long) r->major, (long long) r->minor);
}

static void put_device_allow(struct dbus_body *b, const struct device_list *l, struct arena *a)
{
    size_t mark;

    /* An empty list takes away what was there, so it comes first. */
    for (int pass = 0; pass < (l->n > 0 ? 2 : 1); pass++) {
        put_name(b, "DeviceAllow", "a(ss)");
        mark = dbus_array_begin(b, 8);
        for (size_t i = 0; pass == 1 && i < l->n; i++) {
            char access[4] = "";
            size_t n = 0;
            if (l->v[i].access & DEV_READ)
                access[n++] = 'r';
            if (l->v[i].access & DEV_WRITE)
                access[n++] = 'w';
            if (l->v[i].access & DEV_MKNOD)
                access[n++] = 'm';
            dbus_put_struct(b);
            dbus_put_string(b, device_name(&l->v[i], a));
            dbus_put_string(b, access);
        }
        dbus_array_end(b, mark);
    }
}

static int put_devices(struct dbus_body *b, const struct oci_resources *res, struct arena *a,
                       struct error *err)
{
    struct device_list l = { .allow = true };
    struct device_rule *rules;
    int r;

    if (res->n_devices == 0)
        return 0;
    r = cgroup_device_rules(res->devices, res->n_devices, a, &rules, err);
    if (r < 0)
        return r;
    if (cgroup_device_list(rules, res->n_devices, a, &l, NULL) < 0)
        l = (struct device_list){ .allow = true };
    for (size_t i = 0; i < l.n && !l.allow; i++) {
        if (!device_name(&l.v[i], a))
            l.allow = true;
    }
    if (l.allow)
        l.n = 0;
    cgroup_put_string(b, "DevicePolicy", l.allow ? "auto" : "strict");
    put_device_allow(b, &l, a);
    return 0;
}

/* ---- unified ---- */

static const struct {
    const char *key, *name;
    bool zero; /* 0 is a value */
} unified_numbers[] = {
    { "memory.max", "MemoryMax", false }, { "memory.high", "MemoryHigh", false },
    { "memory.low", "MemoryLow", true },  { "memory.min", "MemoryMin", true },
    { "pids.max", "TasksMax", false },    { "memory.swap.max", "MemorySwapMax", true },
    { "cpu.weight", "CPUWeight", false },
};

static int put_unified(struct dbus_body *b, const struct oci_pair *p, struct error *err)
{
    uint64_t v, period = DEFAULT_PERIOD;

    for (size_t i = 0; i < ARRAY_LEN(unified_numbers); i++) {
        if (!str_eq(p->key, unified_numbers[i].key))
            continue;
        if (str_eq(p->value, "max"))
            cgroup_put_u64(b, unified_numbers[i].name, INFINITE);
        else if (parse_u64(p->value, &v) == 0 && (v > 0 || unified_numbers[i].zero))
            cgroup_put_u64(b, unified_numbers[i].name, v);
        return 0;
    }
    if (str_eq(p->key, "cpuset.cpus"))
        return put_set(b, "AllowedCPUs", "unified[\"cpuset.cpus\"]", p->value, err);
    if (str_eq(p->key, "cpuset.mems"))
        return put_set(b, "AllowedMemoryNodes", "unified[\"cpuset.mems\"]", p->value, err);
    if (str_eq(p->key, "cpu.max")) {
        size_t n = strcspn(p->value, " ");
        _cleanup_free_ char *quota = xstrndup(p->value, n);
        if (p->value[n] == ' ' && parse_u64(p->value + n + 1, &period) < 0)
            return 0; /* refused when it is written */
        if (str_eq(quota, "max"))
            put_quota(b, -1, period);
        else if (parse_u64(quota, &v) == 0 && v > 0 && v < INT64_MAX)
            put_quota(b, (int64_t) v, period);
    }
    return 0;
}

int cgroup_put_properties(struct dbus_body *b, const struct oci_resources *res, const struct cgroup_facts *f,
                          struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = 0;

    put_memory(b, &res->memory, f);
    put_cpu(b, &res->cpu, f);
    put_limit(b, "TasksMax", &res->pids_limit, f->fresh);
    put_io(b, &res->block_io, f, a);
    if (f->v2)
        r = put_set(b, "AllowedCPUs", "cpu.cpus", res->cpu.cpus, err);
    if (f->v2 && r == 0)
        r = put_set(b, "AllowedMemoryNodes", "cpu.mems", res->cpu.mems, err);
    if (r == 0 && !f->user) /* a user's manager may not install a device list */
        r = put_devices(b, res, a, err);
    for (size_t i = 0; f->v2 && i < res->unified.n && r == 0; i++)
        r = put_unified(b, &res->unified.v[i], err);
    return r;
}
