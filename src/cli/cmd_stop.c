// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_stop.c: `oakum stop`: asks containers to end, and ends them when they do not. */
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

struct stop_request {
    int sig;
    int64_t timeout;
};

static int stop_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    const struct stop_request *req = arg;
    return engine_stop(e, name, req->sig, req->timeout, err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct stop_flags f = { 0 };
    struct stop_request req = { .timeout = -2 };
    struct error err = { 0 };
    int words;
    int status = command_options(cli, &f, NULL, argc, argv, &words);
    if (status < 0)
        status = command_words(cli, words, 1, -1);
    if (status >= 0)
        return status;
    if (f.signal != NULL && (signal_parse(f.signal, &req.sig) < 0 || req.sig <= 0))
        return fail_text(cli, 1, "--signal \"%s\" is not a signal such as SIGTERM or 15", f.signal);
    if (f.timeout.set && f.timeout.v < -1)
        return fail_text(cli, 1, "--timeout must be a number of seconds, or -1 to wait for ever");
    if (f.timeout.set)
        req.timeout = f.timeout.v;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    return for_each_name(cli, e, words, argv, stop_one, &req);
}

const struct command cmd_stop = {
    .name = "stop",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Stop running containers",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
