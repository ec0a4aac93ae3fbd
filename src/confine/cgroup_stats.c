// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one function a part of the document, each with a table of its members: name, and the files of version 1 and 2.
 *
 * Threat: none of the container's writing: these are kernel files in the host's hierarchies. They are read by descriptor, below
 * the cgroup that the record names.
 */
#include "confine/cgroup_stats.h"

#include <stdio.h>

#include "base/parse.h"
#include "confine/cgroup_impl.h"
#include "oci/bigint.h"
#include "sys/proc.h"

#define STAT_MAX (1u << 20)

/* Where a controller's files are for this cgroup. */
#define CPUS_MAX 65536 /* of a list that the kernel writes */

struct place {
    int dirfd; /* -1: nowhere */
    bool v2;
};

static struct place place_of(const struct cgroup *cg, enum cgroup_controller c)
{
    const struct cgroup_hier *v1 = cgroup_hier_of(cg, c), *v2 = cgroup_hier_v2(cg);
    return v1   ? (struct place){ v1->dirfd, false }
           : v2 ? (struct place){ v2->dirfd, true }
                : (struct place){ -1, false };
}

/* NULL: there is no such file. */
static int read_text(struct place at, const char *file, char **ret, struct error *err)
{
    int r;

    *ret = NULL;
    if (at.dirfd < 0 || !file || faccessat(at.dirfd, file, F_OK, 0) < 0)
        return 0;
    r = file_read(at.dirfd, file, STAT_MAX, ret, NULL, err);
    return r == -EOPNOTSUPP || r == -ENOENT ? 0 : r;
}

/* The number at the start of text; "max" is 2^64-1, anything else 0. */
static uint64_t number_at(const char *text)
{
    uint64_t n = 0;
    if (str_after(text, "max"))
        return UINT64_MAX;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t) (*text - '0'), &n))
            return UINT64_MAX;
    }
    return n;
}

/* The digits at text, up to anything else. */
static bool read_number_at(const char *text, uint64_t *ret)
{
    _cleanup_free_ char *digits = xstrndup(text, strspn(text, "0123456789"));
    return parse_u64(digits, ret) == 0;
}

static int read_number(struct place at, const char *file, uint64_t *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int r = read_text(at, file, &text, err);
    if (text)
        *ret = number_at(text);
    return r;
}

/* "key N" on a line of its own. */
static uint64_t keyed(const char *text, const char *key)
{
    for (const char *line = text; line && *line;) {
        const char *value = str_after(line, key);
        if (value && *value == ' ')
            return number_at(value + 1);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return 0;
}

static void put(json_t *o, const char *key, uint64_t v)
{
    json_object_set_new(o, key, oci_json_from_u64(v));
}

/* ---- cpu ---- */

#define TICK_NS (1000000000ull / (uint64_t) sysconf(_SC_CLK_TCK))

/* utime, stime, and those of the children waited for: fields 14 to 17 of stat, behind the name in parentheses. */
static void add_process(pid_t pid, uint64_t *user, uint64_t *kernel)
{
    char path[40];
    _cleanup_free_ char *text = NULL;
    if (str_format(path, sizeof path, "/proc/%d/stat", (int) pid) < 0 ||
        file_read(AT_FDCWD, path, 8192, &text, NULL, NULL) < 0)
        return;
    const char *p = strrchr(text, ')');
    for (int field = 2; p && field < 18; field++) {
        p = strchr(p, ' ');
        p = p ? p + 1 : NULL;
        if (p && field + 1 >= 14 && field + 1 <= 17)
            *((field + 1) % 2 == 0 ? user : kernel) += number_at(p) * TICK_NS;
    }
}

static int cpu_of_processes(const struct cgroup *cg, uint64_t *user, uint64_t *kernel, struct error *err)
{
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0;
    int r = cgroup_pids(cg, &pids, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        add_process(pids[i], user, kernel);
    return r;
}

static void put_percpu(json_t *usage, const char *text)
{
    json_t *list = json_array();
    for (const char *p = text; p && *p >= '0' && *p <= '9';) {
        json_array_append_new(list, oci_json_from_u64(number_at(p)));
        p = strchr(p, ' ');
        p = p ? p + 1 : NULL;
    }
    json_object_set_new(usage, "percpu", list);
}

/* cpuacct.usage_all, "CPU USER SYSTEM" a line behind its title. */
static void put_user_and_kernel(json_t *usage, const char *text)
{
    json_t *user = json_array(), *kernel = json_array();
    for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        const char *first = strchr(line, ' '), *second = first ? strchr(first + 1, ' ') : NULL;
        if (!second)
            break;
        json_array_append_new(user, oci_json_from_u64(number_at(first + 1)));
        json_array_append_new(kernel, oci_json_from_u64(number_at(second + 1)));
    }
    json_object_set_new(usage, "percpu_kernel", kernel);
    json_object_set_new(usage, "percpu_user", user);
}

/* at: of cpuacct, which need not be mounted with cpu. */
static int add_usage(const struct cgroup *cg, struct place at, const char *v2_stat, json_t *usage,
                     struct error *err)
{
    _cleanup_free_ char *percpu = NULL, *both = NULL;
    uint64_t total = 0, user = 0, kernel = 0;
    int r = 0;

    if (at.dirfd >= 0 && !at.v2) {
        r = read_number(at, "cpuacct.usage", &total, err);
        if (r == 0)
            r = read_number(at, "cpuacct.usage_user", &user, err);
        if (r == 0)
            r = read_number(at, "cpuacct.usage_sys", &kernel, err);
        if (r == 0)
            r = read_text(at, "cpuacct.usage_percpu", &percpu, err);
        if (r == 0)
            r = read_text(at, "cpuacct.usage_all", &both, err);
        if (percpu)
            put_percpu(usage, percpu);
        if (both)
            put_user_and_kernel(usage, both);
    } else if (v2_stat && strstr(v2_stat, "usage_usec")) {
        total = keyed(v2_stat, "usage_usec") * 1000;
        user = keyed(v2_stat, "user_usec") * 1000;
        kernel = keyed(v2_stat, "system_usec") * 1000;
    } else {
        r = cpu_of_processes(cg, &user, &kernel, err);
        total = user + kernel;
    }
    put(usage, "total", total);
    put(usage, "kernel", kernel);
    put(usage, "user", user);
    return r;
}

static int add_cpu(const struct cgroup *cg, json_t *data, struct error *err)
{
    struct place at = place_of(cg, CGROUP_CPU);
    const struct cgroup_hier *v2 = cgroup_hier_v2(cg);
    _cleanup_free_ char *stat = NULL, *core = NULL;
    json_t *cpu = json_object(), *usage = json_object(), *throttling = json_object();

    json_object_set_new(cpu, "usage", usage);
    json_object_set_new(cpu, "throttling", throttling);
    json_object_set_new(data, "cpu", cpu);
    int r = read_text(at, "cpu.stat", &stat, err);
    if (r == 0 && v2)
        r = read_text((struct place){ v2->dirfd, true }, "cpu.stat", &core, err);
    if (r == 0)
        r = add_usage(cg, place_of(cg, CGROUP_CPUACCT), core, usage, err);
    put(throttling, "periods", keyed(stat, "nr_periods"));
    put(throttling, "throttledPeriods", keyed(stat, "nr_throttled"));
    put(throttling, "throttledTime",
        at.v2 ? keyed(stat, "throttled_usec") * 1000 : keyed(stat, "throttled_time"));
    return r;
}

/* "0-2,5" as numbers. */
static json_t *list_of(const char *text)
{
    json_t *list = json_array();
    uint64_t from, to;
    while (read_number_at(text, &from)) {
        text += strspn(text, "0123456789");
        to = *text == '-' && read_number_at(text + 1, &to) ? to : from;
        for (uint64_t i = from; i <= to && i - from < CPUS_MAX; i++)
            json_array_append_new(list, oci_json_from_u64(i));
        text += strspn(text, "-0123456789");
        text += *text == ',';
    }
    return list;
}

/* Of version 1, where the container has a cpuset of its own; there is nothing like it in version 2. */
static int add_cpuset(const struct cgroup *cg, json_t *data, struct error *err)
{
    static const char *const names[] = { "cpus",
                                         "mems",
                                         "cpu_exclusive",
                                         "mem_exclusive",
                                         "mem_hardwall",
                                         "memory_migrate",
                                         "memory_pressure",
                                         "memory_spread_page",
                                         "memory_spread_slab",
                                         "sched_load_balance",
                                         "sched_relax_domain_level" };
    struct place at = place_of(cg, CGROUP_CPUSET);
    int r = 0;
    if (at.dirfd < 0 || at.v2)
        return 0;
    json_t *cpuset = json_object();
    json_object_set_new(data, "cpuset", cpuset);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++) {
        _cleanup_free_ char *text = NULL;
        char file[64];
        r = str_format(file, sizeof file, "cpuset.%s", names[i]);
        r = r < 0 ? r : read_text(at, file, &text, err);
        if (text)
            json_object_set_new(cpuset, names[i],
                                i < 2          ? list_of(text)
                                : *text == '-' ? json_integer(-1) /* the default */
                                               : oci_json_from_u64(number_at(text)));
    }
    return r;
}

/* ---- memory, pids ---- */

struct member {
    const char *part, *name, *v1, *v2; /* part NULL: of the object itself */
};

static int add_members(struct place at, const struct member *m, size_t n, json_t *o, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        json_t *part = m[i].part ? json_object_get(o, m[i].part) : o;
        uint64_t v = 0;
        if (!part) {
            part = json_object();
            json_object_set_new(o, m[i].part, part);
        }
        r = read_number(at, at.v2 ? m[i].v2 : m[i].v1, &v, err);
        put(part, m[i].name, v);
    }
    return r;
}

static void put_raw(json_t *raw, char *text)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *space = strchr(line, ' ');
        if (!space)
            continue;
        *space = '\0';
        put(raw, line, number_at(space + 1));
    }
}

static int add_memory(const struct cgroup *cg, json_t *data, struct error *err)
{
    static const struct member members[] = {
        { "usage", "limit", "memory.limit_in_bytes", "memory.max" },
        { "usage", "usage", "memory.usage_in_bytes", "memory.current" },
        { "usage", "max", "memory.max_usage_in_bytes", "memory.peak" },
        { "usage", "failcnt", "memory.failcnt", NULL },
        { "swap", "limit", "memory.memsw.limit_in_bytes", "memory.swap.max" },
        { "swap", "usage", "memory.memsw.usage_in_bytes", "memory.swap.current" },
        { "swap", "max", "memory.memsw.max_usage_in_bytes", "memory.swap.peak" },
        { "swap", "failcnt", "memory.memsw.failcnt", NULL },
        { "kernel", "limit", "memory.kmem.limit_in_bytes", NULL },
        { "kernel", "usage", "memory.kmem.usage_in_bytes", NULL },
        { "kernel", "max", "memory.kmem.max_usage_in_bytes", NULL },
        { "kernel", "failcnt", "memory.kmem.failcnt", NULL },
        { "kernelTCP", "limit", "memory.kmem.tcp.limit_in_bytes", NULL },
        { "kernelTCP", "usage", "memory.kmem.tcp.usage_in_bytes", NULL },
        { "kernelTCP", "max", "memory.kmem.tcp.max_usage_in_bytes", NULL },
        { "kernelTCP", "failcnt", "memory.kmem.tcp.failcnt", NULL },
    };
    struct place at = place_of(cg, CGROUP_MEMORY);
    _cleanup_free_ char *stat = NULL;
    json_t *memory = json_object(), *raw = json_object();

    json_object_set_new(data, "memory", memory);
    int r = read_text(at, "memory.stat", &stat, err);
    put(memory, "cache", keyed(stat, at.v2 ? "file" : "cache"));
    if (r == 0)
        r = add_members(at, members, ARRAY_LEN(members), memory, err);
    if (stat)
        put_raw(raw, stat);
    json_object_set_new(memory, "raw", raw);
    return r;
}

static int add_pids(const struct cgroup *cg, json_t *data, struct error *err)
{
    struct place at = place_of(cg, CGROUP_PIDS);
    uint64_t current = 0, limit = 0;
    json_t *pids = json_object();

    json_object_set_new(data, "pids", pids);
    int r = read_number(at, "pids.current", &current, err);
    if (r == 0)
        r = read_number(at, "pids.max", &limit, err);
    put(pids, "current", current);
    put(pids, "limit", limit == UINT64_MAX ? 0 : limit);
    return r;
}

/* ---- blkio ---- */

static void add_io(json_t *list, uint64_t major, uint64_t minor, const char *op, uint64_t value)
{
    json_t *o = json_object();
    put(o, "major", major);
    put(o, "minor", minor);
    json_object_set_new(o, "op", json_string(op));
    put(o, "value", value);
    json_array_append_new(list, o);
}

/* "8:0 …": what is behind the device and its space, or NULL when the line does not begin with one. */
static const char *read_device(const char *line, uint64_t *ret_major, uint64_t *ret_minor)
{
    const char *minor = line + strspn(line, "0123456789");
    if (*minor != ':' || !read_number_at(line, ret_major) || !read_number_at(minor + 1, ret_minor))
        return NULL;
    const char *rest = minor + 1 + strspn(minor + 1, "0123456789");
    return *rest == ' ' ? rest + 1 : NULL;
}

/* Version 1, "8:0 Read 4096". A line without a device is a sum. */
static void io_v1(json_t *list, const char *text)
{
    for (const char *line = text; line && *line;) {
        uint64_t major, minor, value;
        const char *op = read_device(line, &major, &minor);
        size_t n = op ? strcspn(op, " \n") : 0;
        if (n > 0 && op[n] == ' ' && read_number_at(op + n + 1, &value)) {
            _cleanup_free_ char *word = xstrndup(op, n);
            add_io(list, major, minor, word, value);
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
}

/* Version 2, "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 …". */
static void io_v2(json_t *bytes, json_t *ops, char *text)
{
    static const struct {
        const char *key, *op;
        bool bytes;
    } words[] = { { "rbytes=", "Read", true }, { "wbytes=", "Write", true }, { "dbytes=", "Discard", true },
                  { "rios=", "Read", false },  { "wios=", "Write", false },  { "dios=", "Discard", false } };
    char *save = NULL, *inner;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        uint64_t major, minor;
        if (!read_device(line, &major, &minor))
            continue;
        for (char *word = strtok_r(line, " ", &inner); word; word = strtok_r(NULL, " ", &inner)) {
            for (size_t i = 0; i < ARRAY_LEN(words); i++) {
                const char *value = str_after(word, words[i].key);
                if (value)
                    add_io(words[i].bytes ? bytes : ops, major, minor, words[i].op, number_at(value));
            }
        }
    }
}

static int add_blkio(const struct cgroup *cg, json_t *data, struct error *err)
{
    static const char *const files[2][2] = {
        { "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive" },
        { "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive" }
    };
    struct place at = place_of(cg, CGROUP_IO);
    json_t *blkio = json_object(), *lists[2] = { json_array(), json_array() };
    int r = 0;

    json_object_set_new(blkio, "ioServiceBytesRecursive", lists[0]);
    json_object_set_new(blkio, "ioServicedRecursive", lists[1]);
    json_object_set_new(data, "blkio", blkio);
    if (at.v2) {
        _cleanup_free_ char *text = NULL;
        r = read_text(at, "io.stat", &text, err);
        if (text)
            io_v2(lists[0], lists[1], text);
        return r;
    }
    for (size_t what = 0; what < 2; what++) {
        /* The scheduler's own numbers where it has some, else the throttler's. */
        for (size_t i = 0; i < 2 && r == 0 && json_array_size(lists[what]) == 0; i++) {
            _cleanup_free_ char *text = NULL;
            r = read_text(at, files[what][i], &text, err);
            io_v1(lists[what], text);
        }
    }
    return r;
}

/* ---- hugetlb ---- */

struct huge {
    struct place at;
    json_t *all;
    struct error *err;
};

static int add_page_size(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct huge *h = arg;
    const char *rest = str_after(name, "hugetlb."), *dot = rest ? strchr(rest, '.') : NULL;
    char prefix[64];
    (void) dirfd;
    (void) type;
    if (!dot || !str_eq(dot, h->at.v2 ? ".current" : ".usage_in_bytes"))
        return 0;
    const struct {
        const char *name, *file;
    } members[] = {
        { "usage", h->at.v2 ? "current" : "usage_in_bytes" },
        { "max", h->at.v2 ? NULL : "max_usage_in_bytes" },
        { "failcnt", h->at.v2 ? NULL : "failcnt" },
    };
    json_t *o = json_object();
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(members) && r == 0; i++) {
        uint64_t v = 0;
        if (members[i].file && str_format(prefix, sizeof prefix, "hugetlb.%.*s.%s", (int) (dot - rest), rest,
                                          members[i].file) > 0)
            r = read_number(h->at, prefix, &v, h->err);
        put(o, members[i].name, v);
    }
    _cleanup_free_ char *size = xstrndup(rest, (size_t) (dot - rest));
    json_object_set_new(h->all, size, o);
    return r;
}

static int add_hugetlb(const struct cgroup *cg, json_t *data, struct error *err)
{
    struct huge h = { .at = place_of(cg, CGROUP_HUGETLB), .all = json_object(), .err = err };

    json_object_set_new(data, "hugetlb", h.all);
    return h.at.dirfd < 0 ? 0 : dir_each(h.at.dirfd, ".", add_page_size, &h, err);
}

int cgroup_stats(const struct cgroup *cg, json_t **ret, struct error *err)
{
    static int (*const parts[])(const struct cgroup *, json_t *,
                                struct error *) = { add_cpu,  add_cpuset, add_memory,
                                                    add_pids, add_blkio,  add_hugetlb };
    _cleanup_json_ json_t *data = json_object();

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        int r = parts[i](cg, data, err);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(data);
    return 0;
}

int cgroup_oom_kills(const struct cgroup *cg, uint64_t *ret, struct error *err)
{
    struct place at = place_of(cg, CGROUP_MEMORY);
    _cleanup_free_ char *text = NULL;
    int r = read_text(at, at.v2 ? "memory.events" : "memory.oom_control", &text, err);

    if (r == 0)
        *ret = keyed(text, "oom_kill");
    return r;
}

int cgroup_oom_open(const struct cgroup *cg)
{
    struct place at = place_of(cg, CGROUP_MEMORY);
    return at.dirfd < 0
               ? -ENOENT
               : file_open(at.dirfd, at.v2 ? "memory.events" : "memory.oom_control", O_RDONLY, 0, NULL);
}
