// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_attach.c: `oakum attach`: the standard streams of a container that runs in the background. */
#include "cli/commands.h"
#include "cli/containers.h"

struct attach_flags {
    const char *detach_keys;
    bool no_stdin;
    struct opt_bool sig_proxy;
};

#define F(field) OPTION_FIELD(struct attach_flags, field)
static const struct cli_option options[] = {
    { "detach-keys", 0, OPT_TEXT, F(detach_keys), "KEYS",
      "keys that leave a container with a terminal (ctrl-p,ctrl-q)", NULL },
    { "no-stdin", 0, OPT_FLAG, F(no_stdin), NULL, "see only, and type nothing", NULL },
    { "sig-proxy", 0, OPT_TRI, F(sig_proxy), NULL, "pass signals on, unless it has a terminal (on)", NULL },
};

static int run(const struct cli *cli, int argc, char **argv)
{
    struct attach_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    struct attach_request req = { .no_stdin = f.no_stdin, .no_proxy = f.sig_proxy.set && !f.sig_proxy.v };
    struct attach_end end = { 0 };
    _cleanup_engine_ struct engine *e = NULL;
    int r = detach_keys_argument(f.detach_keys, &req.keys, &err);
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_attach(e, argv[1], &req, &end, &err);
    return r < 0 ? fail(cli, 1, &err) : end.code;
}

const struct command cmd_attach = {
    .name = "attach",
    .synopsis = "[OPTIONS] CONTAINER",
    .summary = "See what a container in the background writes, and type",
    .details =
        "What it writes from now on (\"oakum logs\" has what came before), and standard input if it was made with -i. Several may be\n"
        "attached at once. With a terminal (-t), ctrl-p ctrl-q leaves it running. The exit status is the container's; 0 when it was left.\n"
        "\n"
        "Keys are single characters, ctrl-a to ctrl-z, ctrl-@ ctrl-[ ctrl-\\ ctrl-] ctrl-^ ctrl-_ and DEL, with commas between them.\n"
        "Who cannot keep up with what is written misses some of it, is told how much, and holds up neither container nor log.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
