// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_scan.c: the tables of `oakum scan`, `db build` and `db info`; the code is in cli/scan_scan.c and scan_db.c. */
#include "cli/hand_over.h"
#include "cli/scan_commands.h"

#define F(field) OPTION_FIELD(struct scan_flags, field)
static const struct cli_option scan_options[] = {
    { "db", 0, OPT_TEXT, F(db), "FILE", "the vulnerability database (vulnerabilities.db in the store)",
      NULL },
    { "fail-on", 0, OPT_TEXT, F(fail_on), "WHAT,...",
      "exit with 2 when there is one of: severity=LEVEL (negligible, low, medium, high, critical, and worse), fixable, unknown",
      NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", "table (the default) or json", NULL },
    { "output", 'o', OPT_TEXT, F(output), "FILE", "write it to a file", NULL },
};
#undef F

const struct command cmd_scan = {
    .name = "scan",
    .synopsis = "[OPTIONS] IMAGE|DIR",
    .summary = "Say what in an image is known to be vulnerable",
    .details =
        "Matches what oakum sbom lists against a database that oakum db build has made. Packages of a distribution are asked for by "
        "source package and source version, and only for the release that they are of. The first line counts.\n\n"
        "Exit status: 0 nothing of --fail-on was found and everything could be told (without --fail-on: known vulnerabilities do not change it); 1 it "
        "failed; 2 something of --fail-on was found; 3 incomplete: a file could not be read, a version is none, or the database has "
        "no data for the distribution's release or for a language. What is incomplete is never called clean.",
    .options = scan_options,
    .n_options = ARRAY_LEN(scan_options),
    .run = hand_over_scan,
};

#define F(field) OPTION_FIELD(struct db_flags, field)
static const struct cli_option db_options[] = {
    { "db", 0, OPT_TEXT, F(db), "FILE", "the database (vulnerabilities.db in the store)", NULL },
};

const struct command cmd_db_build = {
    .name = "db build",
    .synopsis = "[OPTIONS] FEED...",
    .summary = "Make the vulnerability database from local feeds",
    .details =
        "FEED is a file or a directory of them: Debian's tracker (its data/json), Alpine's secdb, or OSV records, each as JSON, as "
        "their makers publish them. The database is one file, replaced at once: a scan sees the old one or the new one. It holds what "
        "these feeds say and nothing of an earlier build.",
    .options = db_options,
    .n_options = ARRAY_LEN(db_options),
    .run = hand_over_scan,
};

const struct command cmd_db_info = {
    .name = "db info",
    .synopsis = "[OPTIONS]",
    .summary = "Show how old the vulnerability database is, and what it knows of",
    .options = db_options,
    .n_options = ARRAY_LEN(db_options),
    .run = hand_over_scan,
};
