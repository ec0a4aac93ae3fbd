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
    int words, sig;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status < 0)
        status = signal_argument(cli, f.signal, &sig);
    if (status >= 0)
        return status;
    return for_each_container(cli, words, argv, kill_one, &sig);
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
