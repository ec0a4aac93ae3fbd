// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_version.c: `oakum version`. */
#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "oci/spec.h"

struct version_flags {
    const char *format;
};

static const struct cli_option options[] = {
    { "format", 'f', OPT_TEXT, OPTION_FIELD(struct version_flags, format), "FORMAT",
      "table, json, or a Go template", NULL },
};

static int run(const struct cli *cli, int argc, char **argv)
{
    struct version_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    if (f.format == NULL || str_eq(f.format, "table"))
        return out_text("oakum " OAKUM_VERSION "\nOCI runtime specification " OCI_VERSION_MAX "\n");
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_json_ json_t *doc = json_pack("{ss, ss, s{ss}}", "Version", OAKUM_VERSION, "OciRuntimeSpec",
                                           OCI_VERSION_MAX, "Client", "Version",
                                           OAKUM_VERSION); /* docker's name for it */
    return format_document(f.format, doc, &out, &err) < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command cmd_version = {
    .name = "version",
    .synopsis = "[OPTIONS]",
    .summary = "Show oakum's version",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_PLAIN,
    .run = run,
};
