// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_rename.c: `oakum rename`: another name for a container, also for a running one. */
#include "cli/commands.h"
#include "engine/engine.h"

static int run(const struct cli *cli, int argc, char **argv)
{
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 2, 2, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0 ||
        engine_rename(e, argv[1], argv[2], &err) < 0)
        return fail(cli, 1, &err);
    return 0;
}

const struct command cmd_rename = {
    .name = "rename",
    .synopsis = "CONTAINER NAME",
    .summary = "Give a container another name",
    .run = run,
};
