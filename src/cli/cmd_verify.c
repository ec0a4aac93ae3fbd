// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_verify.c: the table of `oakum verify`; the code is in cli/registry_verify.c. */
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct verify_flags flags;
#define F(field) OPTION_FIELD(flags, field)
static const struct cli_option options[] = {
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags),
    { "digest", 0, OPT_TEXT, F(digest), "DIGEST", NULL, NULL },
    { "key", 0, OPT_LIST, F(keys), "FILE",
      "a public key in PEM: a signature of the repository by one of these is what is asked for, not the policy",
      NULL },
    { "local", 0, OPT_FLAG, F(local), NULL,
      "the image in the store, with the signatures that were kept when it was pulled", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "print nothing when it is accepted", NULL },
    { "report-fd", 0, OPT_I64, F(report_fd), "FD", NULL, NULL },
    { "signature-policy", 0, OPT_TEXT, F(policy), "FILE",
      "the policy of signatures (else $OAKUM_POLICY, /etc/oakum/policy.json, /etc/containers/policy.json)",
      NULL },
    REMOTE_TLS(flags),
};

const struct command cmd_verify = {
    .name = "verify",
    .synopsis = "[OPTIONS] NAME[:TAG|@DIGEST]",
    .summary = "Check an image's signatures",
    .details =
        "Signatures are those of cosign with a key: beside the image under the tag sha256-DIGEST.sig, or as a bundle that refers to it.\n"
        "The digest that was signed must be the image's, and the name must be the one that the policy accepts for it.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over,
};
