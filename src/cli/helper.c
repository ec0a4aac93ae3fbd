// SPDX-License-Identifier: Apache-2.0
#include "cli/helper.h"

#include <signal.h>

#include "cli/paths.h"

struct globals {
    const char *root, *state, *log_level;
};

#define F(field) OPTION_FIELD(struct globals, field)
static const struct cli_option options[] = {
    { "log-level", 0, OPT_TEXT, F(log_level), "LEVEL", "error, warn, info or debug", NULL },
    { "root", 0, OPT_TEXT, F(root), "DIR", "the store", NULL },
    { "state", 0, OPT_TEXT, F(state), "DIR", "unused here", NULL },
};

static int begin(struct cli *cli, void *target)
{
    const struct globals *g = target;
    int level = LOG_LEVEL_WARN;
    if (g->log_level != NULL && log_level_parse(g->log_level, &level) < 0)
        return fail_text(cli, 1, "--log-level must be error, warn, info or debug, not \"%s\"", g->log_level);
    log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, (enum log_level) level, "oakum");
    cli->root = g->root != NULL ? g->root : "/var/lib/oakum";
    cli->state = g->state != NULL ? g->state : "/run/oakum";
    return -1;
}

int helper_main(const char *summary, const struct helper_part *parts, size_t n, int argc, char **argv)
{
    _cleanup_free_ struct command *commands = xcalloc(n, sizeof(*commands));
    _cleanup_free_ const struct command **list = xcalloc(n + 1, sizeof(*list));
    struct globals g = { 0 };
    for (size_t i = 0; i < n; i++) {
        commands[i] = *parts[i].table;
        commands[i].run = parts[i].run;
        list[i] = &commands[i];
    }
    signal(SIGPIPE, SIG_IGN);
    const struct program p = {
        .name = "oakum",
        .summary = summary,
        .commands = list,
        .globals = options,
        .n_globals = ARRAY_LEN(options),
        .begin = begin,
        .target = &g,
    };
    return program_main(&p, argc, argv);
}
