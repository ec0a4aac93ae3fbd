// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_top.c: `oakum top`: the processes of a container, as ps(1) of the host shows them (-ef, or what is asked for). */
#include "cli/commands.h"
#include "cli/ps_lines.h"
#include "engine/engine.h"

/* As docker: by number first, which every format of ps knows; a ps without -q is asked for all. */
static int show(const pid_t *pids, size_t n, int words, char **asked, struct strbuf *out, struct error *err)
{
    static char usual[] = "-ef";
    _cleanup_strbuf_ struct strbuf numbers = STRBUF_INIT;
    size_t given = words > 0 ? (size_t) words : 1;
    _cleanup_free_ char **argv = xcalloc(given + 2, sizeof(*argv));
    for (size_t i = 0; i < given; i++)
        argv[i] = words > 0 ? asked[i] : usual;
    for (size_t i = 0; i < n; i++)
        strbuf_addf(&numbers, "%s%d", i > 0 ? "," : "-q", (int) pids[i]);
    argv[given] = numbers.buf;
    if (n > 0 && ps_lines(pids, n, argv, out, err) == 0)
        return 0;
    error_clear(err);
    strbuf_reset(out);
    argv[given] = NULL;
    return ps_lines(pids, n, argv, out, err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct error err = { 0 };
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0;
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_pids(e, argv[1], &pids, &n, &err);
    if (r == 0)
        r = show(pids, n, words - 1, argv + 2, &out, &err);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command cmd_top = {
    .name = "top",
    .synopsis = "CONTAINER [PS OPTIONS]",
    .summary = "Show the processes of a container",
    .details =
        "What stands behind the container is for ps(1), which must show the column PID; without it, -ef.",
    .flags = CMD_STOP,
    .run = run,
};
