// SPDX-License-Identifier: Apache-2.0
/*
 * cli/hand_over.h: commands whose code is in programs of their own, oakum-image and oakum-scan, so that `oakum run` loads neither curl nor
 * TLS nor a parser of packages.
 * Their tables are in oakum (help, man pages, completion); running one executes the program with the same words.
 */
#pragma once

#include "cli/cli.h"

/* The run function of such commands in oakum. Returns only when the program cannot be executed. */
int hand_over(const struct cli *cli, int argc, char **argv);      /* oakum-image */
int hand_over_scan(const struct cli *cli, int argc, char **argv); /* oakum-scan */

extern const struct command cmd_db_build, cmd_db_info, cmd_login, cmd_logout, cmd_manifest_add,
    cmd_manifest_annotate, cmd_manifest_create, cmd_manifest_inspect, cmd_manifest_push, cmd_manifest_rm,
    cmd_pull, cmd_push, cmd_sbom, cmd_scan, cmd_search, cmd_verify;
