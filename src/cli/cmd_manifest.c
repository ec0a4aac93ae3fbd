// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_manifest.c: the table of `oakum manifest inspect`; the code is in cli/registry_search.c. */
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct manifest_flags flags;
#define F(field) OPTION_FIELD(flags, field)
static const struct cli_option options[] = {
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags),
    { "raw", 0, OPT_FLAG, F(raw), NULL, "the bytes as they came, whose digest is the name's", NULL },
    REMOTE_TLS(flags),
};

const struct command cmd_manifest_inspect = {
    .name = "manifest inspect",
    .synopsis = "[OPTIONS] NAME[:TAG|@DIGEST]",
    .summary = "Show a manifest or index as the registry has it",
    .details = NULL,
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over,
};
