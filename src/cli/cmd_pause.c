// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_pause.c: `oakum pause` and `oakum unpause`. */
#include "cli/commands.h"
#include "cli/containers.h"

static int pause_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    (void) arg;
    return engine_pause(e, name, err);
}

static int unpause_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    (void) arg;
    return engine_unpause(e, name, err);
}

static int for_all(const struct cli *cli, int argc, char **argv,
                   int (*one)(struct engine *e, const char *name, void *arg, struct error *err))
{
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    return for_each_container(cli, words, argv, one, NULL);
}

static int pause_main(const struct cli *cli, int argc, char **argv)
{
    return for_all(cli, argc, argv, pause_one);
}

static int unpause_main(const struct cli *cli, int argc, char **argv)
{
    return for_all(cli, argc, argv, unpause_one);
}

const struct command cmd_pause = {
    .name = "pause",
    .synopsis = "CONTAINER [CONTAINER...]",
    .summary = "Freeze all processes of containers",
    .run = pause_main,
};

const struct command cmd_unpause = {
    .name = "unpause",
    .synopsis = "CONTAINER [CONTAINER...]",
    .summary = "Let the processes of paused containers go on",
    .run = unpause_main,
};
