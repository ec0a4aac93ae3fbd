// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_update.c: `oakum update`: other budgets and another restart policy, with docker's flags. */
#include "cli/commands.h"
#include "cli/containers.h"

struct update_flags {
    struct run_options o; /* first: setters get a pointer to it */
    bool restart;
};

static int set_restart(void *target, const char *value, struct error *err)
{
    ((struct update_flags *) target)->restart = true;
    return run_options_set_restart(target, value, err);
}

static int set_cpus(void *target, const char *value, struct error *err)
{
    ((struct run_options *) target)->cpuset_cpus = value;
    return cpu_list_check(value, err);
}

static int set_mems(void *target, const char *value, struct error *err)
{
    ((struct run_options *) target)->cpuset_mems = value;
    return cpu_list_check(value, err);
}

#define O(field) OPTION_FIELD(struct update_flags, o.field)
// clang-format off
static const struct cli_option options[] = {
    { "blkio-weight", 0, OPT_I64, O(blkio_weight), "N", "share of block I/O, 10 to 1000", NULL },
    { "cpu-period", 0, OPT_MICRO, O(cpu_period), "MICROSECONDS", "length of a period of the CPU quota", NULL },
    { "cpu-quota", 0, OPT_MICRO, O(cpu_quota), "MICROSECONDS", "CPU time in each period; -1 for no limit", NULL },
    { "cpu-rt-period", 0, OPT_MICRO, O(cpu_rt_period), "MICROSECONDS", "length of a real-time period", NULL },
    { "cpu-rt-runtime", 0, OPT_MICRO, O(cpu_rt_runtime), "MICROSECONDS", "real-time CPU time in each period", NULL },
    { "cpu-shares", 'c', OPT_I64, O(cpu_shares), "N", "share of CPU time beside others, 1024 is ordinary", NULL },
    { "cpus", 0, OPT_CPUS, O(cpus), "N", "how many CPUs' time, such as 1.5", NULL },
    { "cpuset-cpus", 0, OPT_CALL, 0, "LIST", "CPUs to run on: 0-2,4", set_cpus },
    { "cpuset-mems", 0, OPT_CALL, 0, "LIST", "memory nodes to use: 0,1", set_mems },
    { "kernel-memory", 0, OPT_LATER, 0, "SIZE", NULL, NULL },
    { "memory", 'm', OPT_SWAP, O(memory), "SIZE", "most memory; 0 or -1 for no limit", NULL },
    { "memory-reservation", 0, OPT_SWAP, O(memory_reservation), "SIZE", "memory to be pushed back to when the host runs short; -1 for none", NULL },
    { "memory-swap", 0, OPT_SWAP, O(memory_swap), "SIZE", "most memory and swap together; -1 for no limit", NULL },
    { "pids-limit", 0, OPT_I64, O(pids_limit), "N", "most processes and threads; 0 or -1 for no limit", NULL },
    { "restart", 0, OPT_CALL, 0, "POLICY", "start it again when it has ended: no, always, unless-stopped, on-failure[:N]", set_restart },
};
// clang-format on

static int update_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    const struct update_flags *f = arg;
    return engine_update(e, name, &f->o, f->restart, err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct update_flags f = { .o = { .arena = a } };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    if (words + 1 == argc) /* each flag takes a place */
        return fail_text(cli, 1, "say what is to be changed: one flag at least, such as --memory 1g");
    return for_each_container(cli, words, argv, update_one, &f);
}

const struct command cmd_update = {
    .name = "update",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Change the budgets and the restart policy of containers",
    .details =
        "Of one that runs at once, and for its next start. When one of the limits is refused, none is changed. Where a container may\n"
        "not swap, --memory alone changes nothing about that.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
