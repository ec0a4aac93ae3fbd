// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_push.c: the table of `oakum push`; the code is in cli/registry_push.c. */
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct push_flags flags;
#define F(field) OPTION_FIELD(flags, field)
static const struct cli_option options[] = {
    { "all-tags", 'a', OPT_FLAG, F(all_tags), NULL, "every tag of the repository in the store", NULL },
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    { "chunk-size", 0, OPT_SIZE, F(chunk_size), "SIZE", "send larger blobs in pieces of this size (64m)",
      NULL },
    { "compression-format", 0, OPT_TEXT, F(compression), "FORMAT",
      "gzip: compress layers that are not; the digest there is another then", NULL },
    REMOTE_CREDS(flags),
    { "digestfile", 0, OPT_TEXT, F(digestfile), "FILE", "write the digest to a file", NULL },
    { "disable-content-trust", 0, OPT_NOTHING, 0, NULL, NULL, NULL },
    { "jobs", 0, OPT_I64, F(jobs), "N", "blobs at once (3)", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "print the name only", NULL },
    { "sign-by", 0, OPT_TEXT, F(sign_by), "KEY",
      "sign what was pushed with the private key in this PEM file, as cosign does", NULL },
    { "sign-passphrase-file", 0, OPT_TEXT, F(sign_passphrase_file), "FILE", "what opens an encrypted key",
      NULL },
    REMOTE_TLS(flags),
};

const struct command cmd_push = {
    .name = "push",
    .synopsis = "[OPTIONS] NAME[:TAG] [DESTINATION]",
    .summary = "Send an image to a registry",
    .details =
        "The manifest goes as it is in the store, so the digest there is the digest here. Blobs that the registry has are not sent.\n"
        "Layers that were imported uncompressed stay so, unless --compression-format gzip compresses them on the way, as docker does.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = hand_over,
};
