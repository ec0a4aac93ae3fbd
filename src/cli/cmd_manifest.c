// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_manifest.c: the tables of `oakum manifest …`; the code is in cli/registry_manifest.c. */
#include "cli/hand_over.h"
#include "cli/registry_flags.h"

typedef struct manifest_flags flags;
#define F(field) OPTION_FIELD(flags, field)

#define REMOTE_INSECURE                                                                    \
    {                                                                                      \
        "insecure", 0, OPT_FLAG, F(insecure), NULL, "the same as --tls-verify=false", NULL \
    }

static const struct cli_option create_options[] = {
    { "amend", 'a', OPT_FLAG, F(amend), NULL, "add to the list if there is one of this name", NULL },
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags),
    REMOTE_INSECURE,
    REMOTE_TLS(flags),
};

#define PLATFORM_ROWS                                                                                      \
    { "annotation", 0, OPT_LIST, F(annotations), "KEY=VALUE", "an annotation of the member", NULL },       \
        { "arch", 0, OPT_TEXT, F(arch), "ARCH", "the processor in place of the one in its config", NULL }, \
        { "os", 0, OPT_TEXT, F(os), "OS", "the operating system, likewise", NULL },                        \
        { "os-features", 0, OPT_LIST, F(os_features), "FEATURE", "what it needs of the system", NULL },    \
        { "os-version", 0, OPT_TEXT, F(os_version), "VERSION", "the version of the system", NULL },        \
    {                                                                                                      \
        "variant", 0, OPT_TEXT, F(variant), "VARIANT", "the variant of the processor, such as v8", NULL    \
    }

static const struct cli_option add_options[] = {
    PLATFORM_ROWS,       REMOTE_AUTHFILE(flags), REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags), REMOTE_INSECURE,        REMOTE_TLS(flags),
};

static const struct cli_option annotate_options[] = { PLATFORM_ROWS };

static const struct cli_option inspect_options[] = {
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags),
    REMOTE_INSECURE,
    { "raw", 0, OPT_FLAG, F(raw), NULL, "the bytes as they came, whose digest is the name's", NULL },
    REMOTE_TLS(flags),
};

static const struct cli_option push_options[] = {
    REMOTE_AUTHFILE(flags),
    REMOTE_CERT_DIR(flags),
    REMOTE_CREDS(flags),
    { "digestfile", 0, OPT_TEXT, F(digestfile), "FILE", "write the list's digest to a file", NULL },
    REMOTE_INSECURE,
    { "purge", 'p', OPT_FLAG, F(purge), NULL, "remove the list here when it is there", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "print nothing", NULL },
    REMOTE_TLS(flags),
};

const struct command cmd_manifest_create = {
    .name = "manifest create",
    .synopsis = "[OPTIONS] LIST [IMAGE...]",
    .summary = "Begin a list of images for several platforms",
    .details =
        "The images are those of registries: each is looked up under its name there, and its platform is the one in its config. The list is\n"
        "kept on this host until it is pushed; \"oakum manifest inspect LIST\" shows it.",
    .options = create_options,
    .n_options = ARRAY_LEN(create_options),
    .run = hand_over,
};

const struct command cmd_manifest_add = {
    .name = "manifest add",
    .synopsis = "[OPTIONS] LIST IMAGE",
    .summary = "Add an image to a list",
    .details = "An image that is in the list already, under this name or digest, is looked up again.",
    .options = add_options,
    .n_options = ARRAY_LEN(add_options),
    .run = hand_over,
};

const struct command cmd_manifest_annotate = {
    .name = "manifest annotate",
    .synopsis = "[OPTIONS] LIST IMAGE|DIGEST",
    .summary = "Say more of an image in a list",
    .options = annotate_options,
    .n_options = ARRAY_LEN(annotate_options),
    .run = hand_over,
};

const struct command cmd_manifest_inspect = {
    .name = "manifest inspect",
    .synopsis = "[OPTIONS] LIST | NAME[:TAG|@DIGEST]",
    .summary = "Show a list, or a manifest or index as the registry has it",
    .details = "A list of this host comes before what a registry has under the name.",
    .options = inspect_options,
    .n_options = ARRAY_LEN(inspect_options),
    .run = hand_over,
};

const struct command cmd_manifest_push = {
    .name = "manifest push",
    .synopsis = "[OPTIONS] LIST [DESTINATION]",
    .summary = "Send a list to its registry",
    .details =
        "Images that are in other repositories of the same registry are copied there within the registry; those of other registries are\n"
        "to be pushed first. Prints the list's digest.",
    .options = push_options,
    .n_options = ARRAY_LEN(push_options),
    .run = hand_over,
};

const struct command cmd_manifest_rm = {
    .name = "manifest rm",
    .synopsis = "LIST...",
    .summary = "Forget lists; what was pushed stays",
    .run = hand_over,
};
