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
    struct error err = { 0 };
    int words;
    int status = command_options(cli, &f, NULL, argc, argv, &words);
    if (status < 0)
        status = command_words(cli, words, 1, -1);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    return for_each_name(cli, e, words, argv, remove_one, &f);
}

const struct command cmd_rm = {
    .name = "rm",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Remove containers",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
