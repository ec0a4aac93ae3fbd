// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_monitor_event.c: what the monitor of a detached container executes oakum for; no command for people. */
#include <errno.h>

#include "base/log.h"
#include "base/parse.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "engine/health.h"
#include "monitor/monitor.h"

/* The keeper reads our exit status. */
static int check_health(const struct cli *cli, struct engine *e, const char *id)
{
    struct error err = { 0 };
    enum health_outcome outcome;
    bool soon = false;
    int r = container_protect(e, id, &err);
    if (r == 0)
        r = engine_health_check(e, id, true, &outcome, &soon, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    return soon ? MONITOR_CHECK_SOON : 0;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct error err = { 0 };
    int64_t backoff;
    if (argc != 4 || parse_i64(argv[3], &backoff) < 0)
        return fail_text(cli, 1, "this is for oakum-monitor");
    _cleanup_engine_ struct engine *e = NULL;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0 && str_eq(argv[1], "health"))
        return check_health(cli, e, argv[2]);
    if (r == 0)
        r = str_eq(argv[1], "restart") ? engine_restarted(e, argv[2], backoff, MONITOR_FD_SOCKET, &err)
                                       : engine_ended(e, argv[2], true, &err);
    return r < 0 ? fail(cli, 1, &err) : 0;
}

const struct command cmd_monitor_event = {
    .name = "monitor-event",
    .synopsis = "ended|restart|health ID MILLISECONDS",
    .summary = "What oakum-monitor asks for",
    .flags = CMD_HIDDEN,
    .run = run,
};
