// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_restart.c: `oakum restart`: stop, then start in the background. */
#include "cli/commands.h"
#include "cli/containers.h"

struct restart_flags {
    struct opt_i64 timeout;
    const char *signal;
};

static const struct cli_option options[] = {
    { "signal", 's', OPT_TEXT, OPTION_FIELD(struct restart_flags, signal), "SIGNAL",
      "signal that asks it to end (its own, or SIGTERM)", NULL },
    { "timeout", 't', OPT_I64, OPTION_FIELD(struct restart_flags, timeout), "SECONDS",
      "time before SIGKILL (its own, or 10); -1 waits for ever", NULL },
    { "time", 0, OPT_I64, OPTION_FIELD(struct restart_flags, timeout), "SECONDS", NULL, NULL },
};

struct request {
    int sig;
    int64_t timeout;
};

static int restart_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    const struct request *req = arg;
    struct engine_container c;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    int r = engine_get(e, name, &c, err);
    if (r < 0)
        return r;
    if (c.status != ENGINE_DAMAGED)
        r = engine_spec(e, c.record->id, &spec, err);
    engine_container_clear(&c);
    if (r == 0 && spec != NULL)
        r = runtime_protect(spec, err);
    return r < 0 ? r : engine_restart(e, name, req->sig, req->timeout, err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct restart_flags f = { 0 };
    struct request req = { .timeout = -2 };
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
    return for_each_name(cli, e, words, argv, restart_one, &req);
}

const struct command cmd_restart = {
    .name = "restart",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Stop containers and start them again",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
