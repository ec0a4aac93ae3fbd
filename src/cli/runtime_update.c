// SPDX-License-Identifier: Apache-2.0
/* cli/runtime_update.c: `oakum-runtime pause`, `resume`, `update` and `events`, with the flags that crun and runc share. */
#include <errno.h>

#include "base/clock.h"
#include "base/parse.h"
#include "cli/runtime.h"
#include "oci/bigint.h"
#include "sys/file.h"

#define RESOURCES_MAX (16u << 20)

static int one_container(const struct cli *cli, int argc, char **argv,
                         int (*act)(struct runtime *rt, const char *id, struct error *err))
{
    struct error err = { 0 };
    _cleanup_runtime_ struct runtime *rt = NULL;
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    return act(rt, argv[1], &err) < 0 ? fail(cli, 1, &err) : 0;
}

static int pause_main(const struct cli *cli, int argc, char **argv)
{
    return one_container(cli, argc, argv, container_pause);
}

static int resume_main(const struct cli *cli, int argc, char **argv)
{
    return one_container(cli, argc, argv, container_resume);
}

/* ---- update ---- */

struct update_flags {
    const char *resources, *cpus, *mems, *l3_cache, *mem_bw;
    struct opt_i64 memory, reservation, swap, kernel, kernel_tcp, period, quota, burst, shares, rt_period,
        rt_runtime, idle, pids, weight;
};

#define F(field) OPTION_FIELD(struct update_flags, field)
// clang-format off
static const struct cli_option update_options[] = {
    { "blkio-weight", 0, OPT_I64, F(weight), "N", "weight of block I/O, 10 to 1000", NULL },
    { "cpu-burst", 0, OPT_I64, F(burst), "MICROSECONDS", "what may be saved up of the quota", NULL },
    { "cpu-idle", 0, OPT_I64, F(idle), "0|1", "only run when nothing else wants to", NULL },
    { "cpu-period", 0, OPT_I64, F(period), "MICROSECONDS", "period of the quota", NULL },
    { "cpu-quota", 0, OPT_I64, F(quota), "MICROSECONDS", "processor time in each period; -1: no limit", NULL },
    { "cpu-rt-period", 0, OPT_I64, F(rt_period), "MICROSECONDS", "period of the realtime runtime", NULL },
    { "cpu-rt-runtime", 0, OPT_I64, F(rt_runtime), "MICROSECONDS", "realtime processor time in each period", NULL },
    { "cpu-share", 0, OPT_I64, F(shares), "N", "relative weight, 2 to 262144", NULL },
    { "cpu-shares", 0, OPT_I64, F(shares), "N", "as --cpu-share", NULL },
    { "cpuset-cpus", 0, OPT_TEXT, F(cpus), "LIST", "processors to be used", NULL },
    { "cpuset-mems", 0, OPT_TEXT, F(mems), "LIST", "memory nodes to be used", NULL },
    { "kernel-memory", 0, OPT_SWAP, F(kernel), "SIZE", "an error: kernels since 5.4 do not have it", NULL },
    { "kernel-memory-tcp", 0, OPT_SWAP, F(kernel_tcp), "SIZE", "memory of TCP buffers", NULL },
    { "l3-cache-schema", 0, OPT_TEXT, F(l3_cache), "LINES", "share of the last-level cache of the container's own class (resctrl)", NULL },
    { "mem-bw-schema", 0, OPT_TEXT, F(mem_bw), "LINES", "memory bandwidth of the container's own class (resctrl)", NULL },
    { "memory", 0, OPT_SWAP, F(memory), "SIZE", "memory; -1: no limit", NULL },
    { "memory-reservation", 0, OPT_SWAP, F(reservation), "SIZE", "memory that is not taken away lightly", NULL },
    { "memory-swap", 0, OPT_SWAP, F(swap), "SIZE", "memory and swap together; -1: no limit", NULL },
    { "pids-limit", 0, OPT_I64, F(pids), "N", "number of processes; -1: no limit", NULL },
    { "resources", 'r', OPT_TEXT, F(resources), "FILE", "JSON of linux.resources, - is standard input; flags win over it", NULL },
};
// clang-format on

static int read_resources(const char *path, struct arena *a, struct oci_resources *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = str_eq(path, "-") ? file_read_fd(STDIN_FILENO, "standard input", RESOURCES_MAX, &text, &len, err)
                              : file_read(AT_FDCWD, path, RESOURCES_MAX, &text, &len, err);
    if (r >= 0)
        r = oci_resources_parse(text, len, a, ret, err);
    return r < 0 ? error_context(err, r, "--resources") : 0;
}

static void set_signed(struct opt_i64 *to, const struct opt_i64 *from)
{
    if (from->set)
        *to = *from;
}

static int set_unsigned(struct opt_u64 *to, const struct opt_i64 *from, const char *flag, struct error *err)
{
    if (from->set && from->v < 0)
        return error_set(err, -EINVAL, "--%s must not be negative", flag);
    if (from->set)
        *to = (struct opt_u64){ true, (uint64_t) from->v };
    return 0;
}

static int add_flags(const struct update_flags *f, struct oci_resources *res, struct error *err)
{
    struct opt_u64 weight = { 0 };
    const struct {
        struct opt_u64 *to;
        const struct opt_i64 *from;
        const char *flag;
    } numbers[] = { { &res->cpu.period, &f->period, "cpu-period" },
                    { &res->cpu.burst, &f->burst, "cpu-burst" },
                    { &res->cpu.shares, &f->shares, "cpu-share" },
                    { &res->cpu.realtime_period, &f->rt_period, "cpu-rt-period" },
                    { &weight, &f->weight, "blkio-weight" } };
    set_signed(&res->memory.limit, &f->memory);
    set_signed(&res->memory.reservation, &f->reservation);
    set_signed(&res->memory.swap, &f->swap);
    set_signed(&res->memory.kernel, &f->kernel);
    set_signed(&res->memory.kernel_tcp, &f->kernel_tcp);
    set_signed(&res->cpu.quota, &f->quota);
    set_signed(&res->cpu.realtime_runtime, &f->rt_runtime);
    set_signed(&res->cpu.idle, &f->idle);
    set_signed(&res->pids_limit, &f->pids);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        int r = set_unsigned(numbers[i].to, numbers[i].from, numbers[i].flag, err);
        if (r < 0)
            return r;
    }
    if (weight.set && weight.v > UINT32_MAX)
        return error_set(err, -EINVAL, "--blkio-weight is out of range");
    if (weight.set)
        res->block_io.weight = (struct opt_u32){ true, (uint32_t) weight.v };
    if (f->cpus != NULL)
        res->cpu.cpus = f->cpus;
    if (f->mems != NULL)
        res->cpu.mems = f->mems;
    return 0;
}

static int update_main(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct update_flags f = { 0 };
    struct oci_resources res = { 0 };
    struct error err = { 0 };
    _cleanup_runtime_ struct runtime *rt = NULL;
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    int r = f.resources != NULL ? read_resources(f.resources, a, &res, &err) : 0;
    if (r == 0)
        r = add_flags(&f, &res, &err);
    const struct oci_intel_rdt rdt = { .l3_cache_schema = f.l3_cache, .mem_bw_schema = f.mem_bw };
    if (r == 0)
        r = container_update(rt, argv[1], &res, &rdt, &err);
    return r < 0 ? fail(cli, 1, &err) : 0;
}

/* ---- events ---- */

struct events_flags {
    const char *interval;
    bool stats;
};

#define E(field) OPTION_FIELD(struct events_flags, field)
static const struct cli_option events_options[] = {
    { "interval", 0, OPT_TEXT, E(interval), "DURATION", "time between two reports (5s)", NULL },
    { "stats", 0, OPT_FLAG, E(stats), NULL, "one report, then the end", NULL },
};

/* One line; data is taken. */
static int show_event(const char *type, const char *id, json_t *data)
{
    _cleanup_json_ json_t *o = json_object();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    json_object_set_new(o, "type", json_string(type));
    json_object_set_new(o, "id", json_string(id));
    if (data != NULL)
        json_object_set_new(o, "data", data);
    _cleanup_free_ char *text = oci_json_text(o, 0);
    strbuf_addf(&out, "%s\n", text);
    return out_write(&out);
}

#define LOOK_MS 200 /* how late an oom event may be */

/* Until the container ends, which is no error, or nobody reads. */
static int follow(const struct cli *cli, struct runtime *rt, const char *id, int64_t interval_ms)
{
    struct error err = { 0 };
    uint64_t seen = 0, kills = 0;
    int r = container_stats(rt, id, NULL, &seen, &err), status = 0;
    for (int64_t next = clock_monotonic_ms(); r >= 0 && status == 0;) {
        json_t *data = NULL;
        bool due = clock_monotonic_ms() >= next;
        r = container_stats(rt, id, due ? &data : NULL, &kills, &err);
        for (; r >= 0 && status == 0 && seen < kills; seen++)
            status = show_event("oom", id, NULL);
        if (r >= 0 && status == 0 && due) {
            status = show_event("stats", id, data);
            next += interval_ms;
        }
        if (r >= 0 && status == 0 && container_wait(rt, id, LOOK_MS, &err) != 0)
            return 0;
    }
    if (r == -ESRCH || r == -ENOENT)
        return 0;
    return r < 0 ? fail(cli, 1, &err) : status;
}

static int events_main(const struct cli *cli, int argc, char **argv)
{
    struct events_flags f = { 0 };
    struct error err = { 0 };
    _cleanup_runtime_ struct runtime *rt = NULL;
    json_t *data = NULL;
    uint64_t kills = 0;
    int64_t interval = 5000000000;
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    if (f.interval != NULL && (parse_duration(f.interval, &interval) < 0 || interval < 1000000))
        return fail_text(cli, 1, "--interval must be a duration such as 5s, not \"%s\"", f.interval);
    status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    if (container_stats(rt, argv[1], &data, &kills, &err) < 0)
        return fail(cli, 1, &err);
    if (f.stats)
        return show_event("stats", argv[1], data);
    json_decref(data);
    return follow(cli, rt, argv[1], interval / 1000000);
}

const struct command runtime_pause = {
    .name = "pause",
    .synopsis = "ID",
    .summary = "Freeze all processes of a container",
    .run = pause_main,
};

const struct command runtime_resume = {
    .name = "resume",
    .synopsis = "ID",
    .summary = "Let a paused container go on",
    .run = resume_main,
};

const struct command runtime_update = {
    .name = "update",
    .synopsis = "[OPTIONS] ID",
    .summary = "Change the resource limits of a container",
    .options = update_options,
    .n_options = ARRAY_LEN(update_options),
    .run = update_main,
};

const struct command runtime_events = {
    .name = "events",
    .synopsis = "[OPTIONS] ID",
    .summary = "Show what a container uses, and when it runs out of memory",
    .options = events_options,
    .n_options = ARRAY_LEN(events_options),
    .run = events_main,
};
