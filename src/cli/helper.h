// SPDX-License-Identifier: Apache-2.0
/*
 * cli/helper.h: the programs that oakum hands commands to (cli/hand_over.h). They have the same tables, with the functions that do the
 * work in the place of those that hand over.
 */
#pragma once

#include "cli/cli.h"

struct helper_part {
    const struct command *table;
    int (*run)(const struct cli *cli, int argc, char **argv);
};

/* Runs the one that argv names. The global options are those that hand_over() passes. An exit status. */
int helper_main(const char *summary, const struct helper_part *parts, size_t n, int argc, char **argv);
