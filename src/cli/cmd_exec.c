// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_exec.c: `oakum exec`: another program in a running container, with no more rights than the container has. */
#include <errno.h>

#include "cli/commands.h"
#include "engine/engine.h"

struct exec_flags {
    struct exec_request req;
    struct oci_strings env, env_files;
    bool env_secret_ok;
};

#define F(field) OPTION_FIELD(struct exec_flags, field)

// clang-format off
static const struct cli_option options[] = {
    { "detach", 'd', OPT_FLAG, F(req.detach), NULL, "return when the program has started", NULL },
    { "detach-keys", 0, OPT_LATER, 0, "KEYS", NULL, NULL },
    { "env", 'e', OPT_LIST, F(env), "NAME[=VALUE]", "set a variable; without a value, pass oakum's own on", NULL },
    { "env-file", 0, OPT_LIST, F(env_files), "FILE", "variables from a file, one a line", NULL },
    { "env-secret-ok", 0, OPT_FLAG, F(env_secret_ok), NULL, "allow variables whose values look like secrets", NULL },
    { "interactive", 'i', OPT_FLAG, F(req.interactive), NULL, "keep standard input open", NULL },
    { "privileged", 0, OPT_LATER, 0, NULL, "a sealed container is not widened after its start", NULL },
    { "tty", 't', OPT_FLAG, F(req.tty), NULL, "give it a terminal", NULL },
    { "user", 'u', OPT_TEXT, F(req.user), "USER[:GROUP]", "user by name or number (the container's)", NULL },
    { "workdir", 'w', OPT_TEXT, F(req.workdir), "PATH", "working directory (the container's)", NULL },
};
// clang-format on

static int gather_env(struct exec_flags *f, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < f->env_files.n; i++)
        r = env_list_add_file(f->req.arena, &f->req.env, f->env_files.v[i], err);
    for (size_t i = 0; r == 0 && i < f->env.n; i++)
        r = env_list_add(f->req.arena, &f->req.env, f->env.v[i], err);
    for (size_t i = 0; r == 0 && !f->env_secret_ok && i < f->req.env.n; i++)
        r = env_secret_refuse(f->req.env.v[i], "--env", err);
    return r;
}

static int run(const struct cli *cli, struct exec_flags *f, int argc, char **argv)
{
    struct error err = { 0 };
    struct container_exit end = { 0 };
    int words;
    int status = command_arguments(cli, f, f->req.arena, argc, argv, 2, -1, &words);
    if (status >= 0)
        return status;
    if (gather_env(f, &err) < 0)
        return fail(cli, EXIT_OAKUM, &err);
    if (f->req.tty && f->req.interactive && isatty(STDIN_FILENO) == 0)
        return fail_text(cli, EXIT_OAKUM, "the input device is not a terminal; leave -t out");
    for (int i = 2; i <= words; i++)
        oci_strings_add(f->req.arena, &f->req.args, argv[i]);
    _cleanup_engine_ struct engine *e = NULL;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_exec(e, argv[1], &f->req, &end, &err);
    if (r < 0)
        return fail(cli, end.exec_failed ? end.code : EXIT_OAKUM, &err);
    return end.code;
}

static int cmd_exec_main(const struct cli *cli, int argc, char **argv)
{
    struct exec_flags f = { .req.arena = arena_new() };
    int status = run(cli, &f, argc, argv);
    arena_free(f.req.arena);
    return status;
}

const struct command cmd_exec = {
    .name = "exec",
    .synopsis = "[OPTIONS] CONTAINER COMMAND [ARG...]",
    .summary = "Run another program in a running container",
    .details =
        "The program gets the container's own seal: its capabilities, system call filter, budgets and namespaces.\n"
        "The exit status is the program's; 125, 126 and 127 are as for \"oakum run\".",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_STOP | CMD_EXIT_125,
    .run = cmd_exec_main,
};
