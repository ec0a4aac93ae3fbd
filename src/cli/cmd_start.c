// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_start.c: `oakum start`: a container that was made or has ended; with -a, attached to it. */
#include <errno.h>

#include "cli/commands.h"
#include "cli/containers.h"

struct start_flags {
    bool attach, interactive;
    const char *detach_keys;
    struct opt_bool sig_proxy;
    const char *sdnotify;
};

#define F(field) OPTION_FIELD(struct start_flags, field)
static const struct cli_option options[] = {
    { "attach", 'a', OPT_FLAG, F(attach), NULL,
      "see what it writes, pass signals on, and end with its exit status", NULL },
    { "checkpoint", 0, OPT_LATER, 0, "NAME", NULL, NULL },
    { "checkpoint-dir", 0, OPT_LATER, 0, "DIR", NULL, NULL },
    { "detach-keys", 0, OPT_TEXT, F(detach_keys), "KEYS",
      "keys that leave a container with a terminal (ctrl-p,ctrl-q)", NULL },
    { "interactive", 'i', OPT_FLAG, F(interactive), NULL,
      "as -a, with standard input, if it was made with -i", NULL },
    { "sdnotify", 0, OPT_TEXT, F(sdnotify), "MODE",
      "from now on: who tells the service manager that it is ready: conmon or healthy (as it was made)",
      NULL },
    { "sig-proxy", 0, OPT_TRI, F(sig_proxy), NULL, "pass signals on, unless it has a terminal (on)", NULL },
};

static int start_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    struct container_exit end = { 0 };
    const struct start_flags *f = arg;
    const struct start_request req = { .lock_fd = -1, .sdnotify = f->sdnotify };
    int r = container_protect(e, name, err);
    return r < 0 ? r : engine_start(e, name, &req, &end, err);
}

static int attach(const struct cli *cli, const struct start_flags *f, const char *name)
{
    _cleanup_engine_ struct engine *e = NULL;
    struct error err = { 0 };
    struct container_exit end = { 0 };
    struct attach_request attach = { .no_stdin = !f->interactive,
                                     .no_proxy = f->sig_proxy.set && !f->sig_proxy.v };
    const struct start_request req = { .attach = &attach, .lock_fd = -1, .sdnotify = f->sdnotify };
    int r = detach_keys_argument(f->detach_keys, &attach.keys, &err);
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = container_protect(e, name, &err);
    if (r == 0)
        r = engine_start(e, name, &req, &end, &err);
    return r < 0 ? fail(cli, end.exec_failed ? end.code : 1, &err) : end.code;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct start_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    if (f.sdnotify != NULL && !str_eq(f.sdnotify, "conmon") && !str_eq(f.sdnotify, "healthy"))
        return fail_text(
            cli, 1, "--sdnotify must be conmon or healthy here; container is decided by \"oakum create\"");
    bool foreground = f.attach || f.interactive;
    if (foreground && words > 1)
        return fail_text(cli, 1, "only one container can be attached to; start the others without -a and -i");
    return foreground ? attach(cli, &f, argv[1]) : for_each_container(cli, words, argv, start_one, &f);
}

const struct command cmd_start = {
    .name = "start",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Start containers that were made or have ended",
    .details =
        "In the background, with a monitor. With -a or -i oakum is attached to it meanwhile, as with \"oakum attach\"; the container goes\n"
        "on when oakum is left by its keys or ended.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
