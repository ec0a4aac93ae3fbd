// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_rmi.c: `oakum rmi` and `oakum tag`: names of images, and their end. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/image_names.h"
#include "engine/engine.h"

struct rmi_flags {
    bool force;
};

static const struct cli_option options[] = {
    { "force", 'f', OPT_FLAG, OPTION_FIELD(struct rmi_flags, force), NULL,
      "also an image that has several names", NULL },
    { "no-prune", 0, OPT_NOTHING, 0, NULL, NULL, NULL }, /* images here have no parents that would go */
};

static void report(void *arg, const char *what, const char *which)
{
    struct strbuf *out = arg;
    char name[700];
    if (str_eq(what, "Untagged"))
        shown_reference(which, name, sizeof(name));
    strbuf_addf(out, "%s: ", what);
    text_neutralise(out, str_eq(what, "Untagged") ? name : which);
    strbuf_addc(out, '\n');
}

struct rmi_context {
    struct engine *e;
    struct strbuf *out;
};

static int in_use(void *arg, const char *id, struct error *err)
{
    return engine_image_in_use(((struct rmi_context *) arg)->e, id, err);
}

static void told(void *arg, const char *what, const char *which)
{
    report(((struct rmi_context *) arg)->out, what, which);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct rmi_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    _cleanup_store_ struct store *s = NULL;
    _cleanup_engine_ struct engine *e = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int r = store_open(cli->root, false, &s, &err);
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    struct rmi_context context = { e, &out };
    struct remove_options o = { .force = f.force, .in_use = in_use, .report = told, .arg = &context };
    for (int i = 1; i <= words; i++) {
        error_clear(&err);
        if (store_remove(s, argv[i], &o, &err) < 0)
            status = fail(cli, 1, &err);
    }
    int written = out_write(&out);
    return status > 0 ? status : written;
}

const struct command cmd_rmi = {
    .name = "rmi",
    .synopsis = "[OPTIONS] IMAGE [IMAGE...]",
    .summary = "Remove images",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};

static int run_tag(const struct cli *cli, int argc, char **argv)
{
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 2, 2, &words);
    if (status >= 0)
        return status;
    _cleanup_store_ struct store *s = NULL;
    int r = store_open(cli->root, false, &s, &err);
    if (r == 0)
        r = store_tag(s, argv[1], argv[2], &err);
    return r < 0 ? fail(cli, 1, &err) : 0;
}

const struct command cmd_tag = {
    .name = "tag",
    .synopsis = "IMAGE NAME[:TAG]",
    .summary = "Give an image another name",
    .flags = CMD_PLAIN,
    .run = run_tag,
};
