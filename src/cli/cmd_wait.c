// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_wait.c: `oakum wait`: until containers have ended; their exit codes, one a line. */
#include "cli/commands.h"
#include "engine/engine.h"

static int run(const struct cli *cli, int argc, char **argv)
{
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    status = 0;
    for (int i = 1; i <= words; i++) {
        _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
        int64_t code;
        error_clear(&err);
        if (engine_wait(e, argv[i], &code, &err) < 0) {
            status = fail(cli, 1, &err);
            continue;
        }
        strbuf_addf(&line, "%lld\n", (long long) code);
        if (out_write(&line) != 0)
            return 1;
    }
    return status;
}

const struct command cmd_wait = {
    .name = "wait",
    .synopsis = "CONTAINER [CONTAINER...]",
    .summary = "Wait until containers have ended, and print their exit codes",
    .details =
        "A container that its policy starts again is waited for until it stays down. 255 stands for an exit code that nobody\n"
        "knows: host or monitor were killed.",
    .run = run,
};
