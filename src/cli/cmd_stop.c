// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_stop.c: `oakum stop`: asks containers to end, and ends them when they do not; and `oakum restart`: the same, then a start. */
#include "cli/commands.h"
#include "cli/containers.h"

struct stop_flags {
    struct opt_i64 timeout;
    const char *signal;
};

static const struct cli_option options[] = {
    { "signal", 's', OPT_TEXT, OPTION_FIELD(struct stop_flags, signal), "SIGNAL",
      "signal that asks it to end (its own, or SIGTERM)", NULL },
    { "timeout", 't', OPT_I64, OPTION_FIELD(struct stop_flags, timeout), "SECONDS",
      "time before SIGKILL (its own, or 10); -1 waits for ever", NULL },
    { "time", 0, OPT_I64, OPTION_FIELD(struct stop_flags, timeout), "SECONDS", NULL, NULL },
};

struct request {
    int sig;
    int64_t timeout;
};

static int stop_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    const struct request *req = arg;
    return engine_stop(e, name, req->sig, req->timeout, err);
}

static int restart_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    const struct request *req = arg;
    int r = container_protect(e, name, err);
    return r < 0 ? r : engine_restart(e, name, req->sig, req->timeout, err);
}

static int for_all(const struct cli *cli, int argc, char **argv,
                   int (*one)(struct engine *e, const char *name, void *arg, struct error *err))
{
    struct stop_flags f = { 0 };
    struct request req = { .timeout = -2 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status < 0 && f.signal != NULL)
        status = signal_argument(cli, f.signal, &req.sig);
    if (status >= 0)
        return status;
    if (f.timeout.set && f.timeout.v < -1)
        return fail_text(cli, 1, "--timeout must be a number of seconds, or -1 to wait for ever");
    if (f.timeout.set)
        req.timeout = f.timeout.v;
    return for_each_container(cli, words, argv, one, &req);
}

static int stop(const struct cli *cli, int argc, char **argv)
{
    return for_all(cli, argc, argv, stop_one);
}

static int restart(const struct cli *cli, int argc, char **argv)
{
    return for_all(cli, argc, argv, restart_one);
}

const struct command cmd_stop = {
    .name = "stop",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Stop running containers",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = stop,
};

const struct command cmd_restart = {
    .name = "restart",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Stop containers and start them again",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = restart,
};
