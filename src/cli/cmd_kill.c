// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_kill.c: `oakum kill`: a signal for containers. */
#include "cli/commands.h"
#include "cli/containers.h"

struct kill_flags {
    const char *signal;
};

static const struct cli_option options[] = {
    { "signal", 's', OPT_TEXT, OPTION_FIELD(struct kill_flags, signal), "SIGNAL",
      "signal by name or number (KILL)", NULL },
};

static int kill_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    return engine_kill(e, name, *(const int *) arg, err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct kill_flags f = { .signal = "KILL" };
    struct error err = { 0 };
    int words, sig;
    int status = command_options(cli, &f, NULL, argc, argv, &words);
    if (status < 0)
        status = command_words(cli, words, 1, -1);
    if (status >= 0)
        return status;
    if (signal_parse(f.signal, &sig) < 0 || sig <= 0)
        return fail_text(cli, 1, "--signal \"%s\" is not a signal such as SIGTERM or 15", f.signal);
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    return for_each_name(cli, e, words, argv, kill_one, &sig);
}

const struct command cmd_kill = {
    .name = "kill",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Send a signal to running containers",
    .details = "SIGKILL goes to every process of the container, another signal to its first process.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
