// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_start.c: `oakum start`: a container that was made or has ended, in the background or with -a in the foreground. */
#include <errno.h>

#include "cli/commands.h"
#include "cli/containers.h"

struct start_flags {
    bool attach, interactive;
};

#define F(field) OPTION_FIELD(struct start_flags, field)
static const struct cli_option options[] = {
    { "attach", 'a', OPT_FLAG, F(attach), NULL,
      "in the foreground, with its exit status; its output is not logged then", NULL },
    { "checkpoint", 0, OPT_LATER, 0, "NAME", NULL, NULL },
    { "checkpoint-dir", 0, OPT_LATER, 0, "DIR", NULL, NULL },
    { "detach-keys", 0, OPT_LATER, 0, "KEYS", NULL, NULL },
    { "interactive", 'i', OPT_FLAG, F(interactive), NULL,
      "as -a, with standard input, if it was made with -i", NULL },
};

/* As engine_protect() for run: the specification says whose ids could write to our program. */
static int protect(struct engine *e, const char *name, struct error *err)
{
    struct engine_container c;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    int r = engine_get(e, name, &c, err);
    if (r < 0)
        return r;
    if (c.status != ENGINE_DAMAGED)
        r = engine_spec(e, c.record->id, &spec, err);
    engine_container_clear(&c);
    return r < 0 || spec == NULL ? r : runtime_protect(spec, err);
}

static int start_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    struct container_exit end = { 0 };
    const struct start_request req = { .lock_fd = -1 };
    (void) arg;
    int r = protect(e, name, err);
    return r < 0 ? r : engine_start(e, name, &req, &end, err);
}

static int attach(const struct cli *cli, struct engine *e, const struct start_flags *f, const char *name)
{
    struct error err = { 0 };
    struct container_exit end = { 0 };
    const struct start_request req = { .attach = true, .interactive = f->interactive, .lock_fd = -1 };
    int r = protect(e, name, &err);
    if (r == 0)
        r = engine_start(e, name, &req, &end, &err);
    return r < 0 ? fail(cli, end.exec_failed ? end.code : 1, &err) : end.code;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct start_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_options(cli, &f, NULL, argc, argv, &words);
    if (status < 0)
        status = command_words(cli, words, 1, -1);
    if (status >= 0)
        return status;
    bool foreground = f.attach || f.interactive;
    if (foreground && words > 1)
        return fail_text(cli, 1, "only one container can be attached to; start the others without -a and -i");
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    return foreground ? attach(cli, e, &f, argv[1]) : for_each_name(cli, e, words, argv, start_one, NULL);
}

const struct command cmd_start = {
    .name = "start",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Start containers that were made or have ended",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
