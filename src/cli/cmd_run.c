// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_run.c: `oakum run`: a sealed container in the foreground, or with -d in the background; `oakum create`: one that is
 * started later. Exit status: the program's, or docker's 125, 126, 127.
 */
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/run_flags.h"
#include "confine/cgroup.h"
#include "confine/rootless.h"
#include "engine/engine.h"

static void say(void *arg, const char *text)
{
    warn_text(arg, "%s", text);
}

/* Defaults that an ordinary user's host cannot enforce; what was asked for is an error. */
static void warn_budgets(const struct cli *cli, const struct run_options *o)
{
    unsigned have = 0;
    if (o->compat_docker || !rootless_inside())
        return;
    free(cgroup_delegated(&have));
    bool memory = !o->memory.set && !(have & 1u << CGROUP_MEMORY),
         pids = !o->pids_limit.set && !(have & 1u << CGROUP_PIDS);
    if (memory || pids)
        warn_text(
            cli,
            "this user has no cgroup with the %s controller%s, so the default limit of %s is off; --memory 0 --pids-limit 0 "
            "says that this is meant",
            memory && pids ? "memory and pids"
            : memory       ? "memory"
                           : "pids",
            memory && pids ? "s" : "",
            memory && pids ? "both"
            : memory       ? "memory"
                           : "processes");
}

static int run(const struct cli *cli, struct run_flags *f, int argc, char **argv)
{
    struct error err = { 0 };
    int words;
    int status = command_options(cli, f, f->o.arena, argc, argv, &words);
    if (status >= 0)
        return status;
    struct attach_request attach = { .no_proxy = f->sig_proxy.set && !f->sig_proxy.v };
    if (run_flags_finish(f, words, argv, &err) < 0 ||
        detach_keys_argument(f->detach_keys, &attach.keys, &err) < 0 || engine_protect(&f->o, &err) < 0)
        return fail(cli, EXIT_OAKUM, &err);
    run_warnings(&f->o, say, (void *) cli);
    warn_budgets(cli, &f->o);
    _cleanup_engine_ struct engine *e = NULL;
    struct container_exit end = { 0 };
    int r = engine_open(cli->root, cli->state, true, &e, &err);
    char id[65] = "";
    if (r == 0)
        r = f->o.create_only ? engine_create(e, &f->o, id, &err)
            : f->o.detach    ? engine_run_detached(e, &f->o, id, &end, &err)
            : f->o.monitored ? engine_run_attached(e, &f->o, &attach, &end, &err)
                             : engine_run(e, &f->o, &end, &err);
    if (r < 0)
        return fail(cli, end.exec_failed ? end.code : EXIT_OAKUM, &err);
    if (id[0] == '\0')
        return end.code;
    id[64] = '\n';
    const struct strbuf line = { .buf = id, .len = 65 };
    return out_write(&line) == 0 ? 0 : EXIT_OAKUM;
}

static int cmd_run_main(const struct cli *cli, int argc, char **argv)
{
    struct run_flags f = { 0 };
    run_options_init(&f.o);
    int status = run(cli, &f, argc, argv);
    run_options_free(&f.o);
    return status;
}

static int cmd_create_main(const struct cli *cli, int argc, char **argv)
{
    struct run_flags f = { 0 };
    run_options_init(&f.o);
    f.o.create_only = true;
    int status = run(cli, &f, argc, argv);
    run_options_free(&f.o);
    return status;
}

static const char details[] =
    "The container gets nothing that nobody asked for: no capability, no network, no writable file but /tmp, /run and /var/tmp,\n"
    "a user that is not root, its own range of ids, 512 MiB of memory, 256 processes. Each flag below gives one thing more.\n"
    "\"oakum inspect\" shows what a container has and how to relax it.\n"
    "\n"
    "The exit status is the program's; 125 when oakum failed, 126 when the program could not be executed, 127 when it was not\n"
    "found, and 128 plus the number of the signal that ended it.\n"
    "\n"
    "A container in the foreground has no monitor, and ends with oakum. With --detach-keys, --sig-proxy=false, --restart or --timeout it\n"
    "has one, as with -d, and oakum is attached to it (\"oakum attach\").\n"
    "\n"
    "With -d the container has a monitor of two small processes, which keep its log and know how it ended. Either may be killed;\n"
    "when both are, the container goes on, and the next oakum command that looks at it gives it a new one.";

const struct command cmd_run = {
    .name = "run",
    .synopsis = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    .summary = "Run a program in a new, sealed container",
    .details = details,
    .options = run_flag_table,
    .n_options = RUN_FLAG_COUNT,
    .flags = CMD_STOP | CMD_EXIT_125,
    .run = cmd_run_main,
};

const struct command cmd_create = {
    .name = "create",
    .synopsis = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    .summary = "Make a container that \"oakum start\" will start",
    .details = "Prints its id. What it is given is decided now; the options are those of \"oakum run\".",
    .options = run_flag_table,
    .n_options = RUN_FLAG_COUNT,
    .flags = CMD_STOP | CMD_EXIT_125,
    .run = cmd_create_main,
};
