// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_pull.c: the table of `oakum pull`; the code is in cli/registry_pull.c. */
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct pull_flags flags;
#define F(field) OPTION_FIELD(flags, field)
static const struct cli_option options[] = {
    { "all-tags", 'a', OPT_FLAG, F(all_tags), NULL, "every tag of the repository", NULL },
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags),
    { "digestfile", 0, OPT_TEXT, F(digestfile), "FILE", "write the digest of what was pulled to a file",
      NULL },
    { "disable-content-trust", 0, OPT_NOTHING, 0, NULL, NULL, NULL },
    { "jobs", 0, OPT_I64, F(jobs), "N", "layers at once (3)", NULL },
    { "platform", 0, OPT_TEXT, F(platform), "OS/ARCH",
      "take the image for this platform from an index (this host's)", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "print the image's name only", NULL },
    { "signature-policy", 0, OPT_TEXT, F(policy), "FILE",
      "the policy of signatures (else $OAKUM_POLICY, /etc/oakum/policy.json, /etc/containers/policy.json)",
      NULL },
    { "report-fd", 0, OPT_I64, F(report_fd), "FD", NULL, NULL },
    REMOTE_TLS(flags),
};

const struct command cmd_pull = {
    .name = "pull",
    .synopsis = "[OPTIONS] NAME[:TAG|@DIGEST]...",
    .summary = "Fetch images from registries",
    .details =
        "A name without a registry is one of docker.io and of no other. Layers come several at once and are verified, unpacked and kept\n"
        "as they come; a pull that was interrupted goes on where it was. Settings of registries (mirrors, blocked ones, plain http,\n"
        "certificates) are in /etc/oakum/registries.json and certs.d: see docs/registries.md.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over,
};
