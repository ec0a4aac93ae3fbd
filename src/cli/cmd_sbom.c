// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_sbom.c: the table of `oakum sbom`; the code is in cli/scan_sbom.c. */
#include "cli/hand_over.h"
#include "cli/scan_commands.h"

#define F(field) OPTION_FIELD(struct sbom_flags, field)
static const struct cli_option options[] = {
    { "format", 0, OPT_TEXT, F(format), "FORMAT", "table (the default), cyclonedx-json or spdx-json", NULL },
    { "output", 'o', OPT_TEXT, F(output), "FILE", "write it to a file", NULL },
};

const struct command cmd_sbom = {
    .name = "sbom",
    .synopsis = "[OPTIONS] IMAGE|DIR",
    .summary = "List what is in an image",
    .details =
        "IMAGE is one of the store; a word that begins with / or ./ is a directory. Packages of dpkg and apk, Go programs, Python and "
        "node packages and Java archives are named, with the file that says so.\n\n"
        "What nobody can name is listed as unknown with the reason: a program or library that belongs to no package, an archive, a "
        "Go program without its build information. What could not be read is a warning: the list is then not all that is in it. The "
        "files are read by a process that has given up everything else.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over_scan,
};
