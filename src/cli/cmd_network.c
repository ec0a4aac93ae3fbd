// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_network.c: `oakum network reload`. */
#include "cli/commands.h"
#include "engine/engine.h"

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, true, &e, &err) < 0 || engine_network_reload(e, &err) < 0)
        return fail(cli, 1, &err);
    const char *obstacle = net_obstacle(a);
    if (obstacle != NULL)
        return fail_text(cli, 1, "%s", obstacle);
    return 0;
}

const struct command cmd_network_reload = {
    .name = "network reload",
    .synopsis = "",
    .summary = "Write the rules of --network bridge anew",
    .details =
        "For after another program has flushed or reloaded its firewall and taken oakum's rules with it: published ports lead nowhere\n"
        "then, containers get no answers, and what is refused to them is not refused. The next start of a container with --network\n"
        "bridge does the same when it finds rules missing. Only nftables' table \"inet oakum\" is written. The exit status is 1 too when\n"
        "another firewall drops what this host forwards.",
    .run = run,
};
