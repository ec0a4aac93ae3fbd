// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_rm.c: `oakum rm`: takes away containers, also those whose oakum was killed and those whose record is damaged. */
#include <errno.h>

#include "cli/commands.h"
#include "cli/containers.h"

struct rm_flags {
    bool force;
};

static const struct cli_option options[] = {
    { "force", 'f', OPT_FLAG, OPTION_FIELD(struct rm_flags, force), NULL,
      "kill a running container; one that is not there is no error", NULL },
    { "link", 'l', OPT_LATER, 0, NULL, NULL, NULL },
    { "volumes", 'v', OPT_NOTHING, 0, NULL, NULL, NULL },
};

static int remove_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    const struct rm_flags *f = arg;
    int r = engine_remove(e, name, f->force, err);
    return r == -ENOENT && f->force ? 1 : r;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct rm_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    return for_each_container(cli, words, argv, remove_one, &f);
}

const struct command cmd_rm = {
    .name = "rm",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Remove containers",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
