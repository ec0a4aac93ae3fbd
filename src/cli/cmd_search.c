// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_search.c: the table of `oakum search`; the code is in cli/registry_search.c. */
#include "cli/format.h"
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct search_flags flags;
#define F(field) OPTION_FIELD(flags, field)
static const struct cli_option options[] = {
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags),
    { "filter", 'f', OPT_LIST, F(filters), "KEY=VALUE",
      "only those with is-official or stars (that many, or more) as given", NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "limit", 0, OPT_I64, F(limit), "N", "most results (25)", NULL },
    { "no-trunc", 0, OPT_FLAG, F(no_trunc), NULL, "whole descriptions", NULL },
    REMOTE_TLS(flags),
};

const struct command cmd_search = {
    .name = "search",
    .synopsis = "[OPTIONS] [REGISTRY/]TERM",
    .summary = "Search a registry for images",
    .details =
        "Docker's hub has a search; of other registries the catalogue is looked through, where they offer one.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over,
};
