// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_logout.c: the table of `oakum logout`; the code is in cli/registry_login.c. */
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct logout_flags flags;
#define F(field) OPTION_FIELD(flags, field)
static const struct cli_option options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "all that are in the file", NULL },
    REMOTE_AUTHFILE(flags),
};

const struct command cmd_logout = {
    .name = "logout",
    .synopsis = "[OPTIONS] [REGISTRY]",
    .summary = "Forget the login to a registry",
    .details = NULL,
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over,
};
