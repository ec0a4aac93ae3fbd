// SPDX-License-Identifier: Apache-2.0
/* cli/hand_over.c: see there. The words of a command stay in their order; the global options come before it, resolved. */
#include "cli/hand_over.h"

#include <limits.h>
#include <stdio.h>

#include "sys/self.h"

static const char *level(void)
{
    return log_enabled(LOG_LEVEL_DEBUG)  ? "debug"
           : log_enabled(LOG_LEVEL_INFO) ? "info"
           : log_enabled(LOG_LEVEL_WARN) ? "warn"
                                         : "error";
}

static int hand_over_to(const char *program, const struct cli *cli, int argc, char **argv)
{
    char path[PATH_MAX];
    struct error err = { 0 };
    if (self_helper_path(program, path, sizeof(path), &err) < 0)
        return fail(cli, usage_status(cli), &err);
    const char **words = xcalloc((size_t) argc + 10, sizeof(*words));
    size_t n = 0;
    const char *const globals[] = { program,    "--root",      cli->root, "--state",
                                    cli->state, "--log-level", level() };
    for (size_t i = 0; i < ARRAY_LEN(globals); i++)
        words[n++] = globals[i];
    /* "manifest inspect" is two words. */
    char *name = xstrdup(cli->command->name), *rest = name, *one;
    while ((one = strsep(&rest, " ")) != NULL)
        words[n++] = one;
    for (int i = 1; i < argc; i++) {
        words = xreallocarray(words, n + 2, sizeof(*words));
        words[n++] = argv[i];
    }
    words[n] = NULL;
    execv(path, (char *const *) words);
    fail_text(cli, usage_status(cli), "cannot execute %s: %m", path);
    free(name);
    free(words);
    return usage_status(cli);
}

int hand_over(const struct cli *cli, int argc, char **argv)
{
    return hand_over_to("oakum-image", cli, argc, argv);
}

int hand_over_scan(const struct cli *cli, int argc, char **argv)
{
    return hand_over_to("oakum-scan", cli, argc, argv);
}
