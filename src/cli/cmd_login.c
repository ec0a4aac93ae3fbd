// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_login.c: the table of `oakum login`; the code is in cli/registry_login.c. */
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct login_flags flags;
#define F(field) OPTION_FIELD(flags, field)
static const struct cli_option options[] = {
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    { "password", 'p', OPT_TEXT, F(password), "PASSWORD",
      "the password; others can see it in the list of processes", NULL },
    { "password-stdin", 0, OPT_FLAG, F(password_stdin), NULL, "read the password from standard input", NULL },
    REMOTE_TLS(flags),
    { "username", 'u', OPT_TEXT, F(username), "NAME", "the user", NULL },
};

const struct command cmd_login = {
    .name = "login",
    .synopsis = "[OPTIONS] [REGISTRY]",
    .summary = "Log in to a registry",
    .details =
        "Without a REGISTRY it is docker.io. The login is tried, then kept in docker's config.json (0600), or by the credential helper\n"
        "that is named there. It goes to that registry and its token server only, and never over plain http to another host.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over,
};
