// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_system.c: `oakum system info` (and `oakum info`, as docker has it): what this host can enforce, and what its lacks cost. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/json_out.h"
#include "engine/host.h"

struct info_flags {
    const char *format;
};

static const struct cli_option options[] = {
    { "format", 'f', OPT_TEXT, OPTION_FIELD(struct info_flags, format), "FORMAT",
      "table, json, or a Go template", NULL },
};

static const char *const answers[] = { [HOST_YES] = "yes", [HOST_PARTLY] = "partly", [HOST_NO] = "no" };

static void as_table(const struct host_feature *f, size_t n, struct strbuf *out)
{
    static const char *const headers[] = { "CONTROL", "HERE", "DETAIL", "WHAT ITS ABSENCE COSTS" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < n; i++) {
        const char *cells[] = { f[i].name, answers[f[i].answer], f[i].detail, f[i].cost };
        table_row(t, cells);
    }
    table_render(t, out);
    table_free(t);
}

static json_t *as_json(const struct cli *cli, const char *kernel, const struct host_feature *f, size_t n)
{
    json_t *doc = json_object();
    json_t *list = json_array();
    json_object_set_new(doc, "Version", json_string(OAKUM_VERSION));
    json_object_set_new(doc, "Kernel", json_string(kernel));
    json_object_set_new(doc, "Root", json_string(cli->root));
    json_object_set_new(doc, "State", json_string(cli->state));
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "control", json_string(f[i].name));
        json_object_set_new(o, "available", json_string(answers[f[i].answer]));
        json_object_set_new(o, "detail", json_string(f[i].detail));
        json_object_set_new(o, "cost", json_string(f[i].cost));
        json_object_set_new(o, "required", json_boolean(f[i].required));
        json_array_append_new(list, o);
    }
    json_object_set_new(doc, "Controls", list);
    return doc;
}

static int info(const struct cli *cli, int argc, char **argv)
{
    struct info_flags f = { 0 };
    struct error err = { 0 };
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct host_feature *features;
    size_t n;
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    host_probe(cli->root, a, &features, &n);
    if (f.format != NULL && !str_eq(f.format, "table")) {
        _cleanup_json_ json_t *doc = as_json(cli, host_kernel(a), features, n);
        if (format_document(f.format, doc, &out, &err) < 0)
            return fail(cli, 1, &err);
    } else {
        strbuf_addf(&out, "oakum " OAKUM_VERSION " on %s\nImages and containers: %s\nState: %s\n\n",
                    host_kernel(a), cli->root, cli->state);
        as_table(features, n, &out);
    }
    return out_write(&out);
}

const struct command cmd_system_info = {
    .name = "system info",
    .synopsis = "[OPTIONS]",
    .summary = "Show what this kernel offers, control by control",
    .details =
        "Each control is tried, not guessed from the kernel's version. A control that a container needs and that this host\n"
        "lacks is an error at its start; this table says beforehand which, and what that costs.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = info,
};
