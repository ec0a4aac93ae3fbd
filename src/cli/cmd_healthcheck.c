// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_healthcheck.c: `oakum healthcheck run`: one check now, with podman's exit status. */
#include "cli/commands.h"
#include "cli/containers.h"
#include "engine/health.h"

static int run(const struct cli *cli, int argc, char **argv)
{
    struct error err = { 0 };
    enum health_outcome outcome = HEALTH_SKIPPED;
    bool soon;
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = container_protect(e, argv[1], &err);
    if (r == 0)
        r = engine_health_check(e, argv[1], false, &outcome, &soon, &err);
    if (r < 0)
        return fail(cli, EXIT_OAKUM, &err);
    if (outcome == HEALTH_SKIPPED)
        return fail_text(cli, EXIT_OAKUM, "container %s has ended, or was paused, during the check", argv[1]);
    if (outcome == HEALTH_PASSED)
        return 0;
    return out_text("unhealthy\n") == 0 ? 1 : EXIT_OAKUM;
}

const struct command cmd_healthcheck_run = {
    .name = "healthcheck run",
    .synopsis = "CONTAINER",
    .summary = "Check the health of a container now",
    .details =
        "Executes what its image's HEALTHCHECK or --health-cmd says, and counts the result as one of the checks that are made in\n"
        "turn. The exit status is 0 when it is healthy, 1 (and \"unhealthy\" is printed) when it is not, and 125 when it could not be\n"
        "checked: it does not run, or has no health check.",
    .flags = CMD_EXIT_125,
    .run = run,
};
