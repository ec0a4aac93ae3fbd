// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_history.c: `oakum history`: what an image was made of, docker's columns, the newest step first. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "image/store.h"

#define CREATED_BY_SHOWN 45 /* docker's width */

struct history_flags {
    bool quiet, no_trunc;
    struct opt_bool human;
    const char *format;
};

#define F(field) OPTION_FIELD(struct history_flags, field)
static const struct cli_option options[] = {
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "human", 'H', OPT_TRI, F(human), NULL, "sizes and times for people (on, unless --human=false)", NULL },
    { "no-trunc", 0, OPT_FLAG, F(no_trunc), NULL, "whole ids and commands", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "ids only", NULL },
};

struct step {
    char id[80];
    const char *created, *created_by, *comment;
    int64_t size;
};

/* The image's steps, the oldest first; a config without history has one a layer. */
static struct step *steps_of(struct arena *a, const struct store_image *image, size_t *ret_n)
{
    const struct image_config *c = &image->config;
    size_t n = c->n_history > 0 ? c->n_history : c->diff_ids.n, layer = 0;
    struct step *steps = arena_array(a, n, sizeof(*steps));

    for (size_t i = 0; i < n; i++) {
        const struct image_history *h = i < c->n_history ? &c->history[i] : NULL;
        steps[i] = (struct step){ .id = "<missing>" };
        if (h != NULL) {
            steps[i].created = h->created;
            steps[i].created_by = h->created_by;
            steps[i].comment = h->comment;
        }
        if ((h == NULL || !h->empty_layer) && layer < c->diff_ids.n)
            steps[i].size = image->layer_sizes[layer++];
    }
    if (n > 0 && str_format(steps[n - 1].id, sizeof(steps[n - 1].id), "sha256:%s", image->id) < 0)
        steps[n - 1].id[0] = '\0';
    *ret_n = n;
    return steps;
}

static const char *shown_id(const struct step *s, bool whole, char *buf, size_t size)
{
    const char *hex = str_after(s->id, "sha256:");
    if (hex == NULL || whole)
        return s->id;
    return str_format(buf, size, "%.12s", hex) < 0 ? "" : buf;
}

static const char *shown_command(const struct step *s, bool whole, char *buf, size_t size)
{
    const char *text = s->created_by != NULL ? s->created_by : "";
    if (whole || strlen(text) <= CREATED_BY_SHOWN)
        return text;
    return str_format(buf, size, "%.*s…", CREATED_BY_SHOWN - 1, text) < 0 ? "" : buf;
}

static void add_row(struct table *t, const struct history_flags *f, const struct step *s)
{
    bool human = !f->human.set || f->human.v;
    char id[80], created[80] = "", command[256], size[40];
    if (human)
        ago_text(s->created, created, sizeof(created), true);
    if (!human && str_format(size, sizeof(size), "%lld", (long long) s->size) < 0)
        return;
    const char *cells[] = {
        shown_id(s, f->no_trunc, id, sizeof(id)),
        human                ? created
        : s->created != NULL ? s->created
                             : "",
        shown_command(s, f->no_trunc, command, sizeof(command)),
        human ? shown_size(s->size, size, sizeof(size)) : size,
        s->comment != NULL ? s->comment : "",
    };
    table_row(t, cells);
}

static json_t *step_json(const struct step *s, bool whole)
{
    char created[80], size[40], id[80], command[256];
    ago_text(s->created, created, sizeof(created), true);
    json_t *j = json_object();
    json_object_set_new(j, "Comment", json_string(s->comment != NULL ? s->comment : ""));
    json_object_set_new(j, "CreatedAt", json_string(s->created != NULL ? s->created : ""));
    json_object_set_new(j, "CreatedBy", json_string(shown_command(s, whole, command, sizeof(command))));
    json_object_set_new(j, "CreatedSince", json_string(created));
    json_object_set_new(j, "ID", json_string(shown_id(s, whole, id, sizeof(id))));
    json_object_set_new(j, "Size", json_string(shown_size(s->size, size, sizeof(size))));
    json_object_set_new(j, "SizeBytes", json_integer(s->size));
    return j;
}

static int render(const struct history_flags *f, const struct store_image *image, struct format *format,
                  struct strbuf *out, struct error *err)
{
    static const struct format_header fields[] = { { "ID", "IMAGE" },
                                                   { "CreatedSince", "CREATED" },
                                                   { "CreatedAt", "CREATED AT" },
                                                   { "CreatedBy", "CREATED BY" },
                                                   { NULL, NULL } };
    static const char *const headers[] = { "IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT" };
    _cleanup_arena_ struct arena *a = arena_new();
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    char id[80];
    size_t n;
    struct step *steps = steps_of(a, image, &n);

    int r = 0;
    for (size_t i = n; r == 0 && i-- > 0;) {
        if (f->quiet)
            strbuf_addf(out, "%s\n", shown_id(&steps[i], f->no_trunc, id, sizeof(id)));
        else if (format_as_table(format))
            add_row(t, f, &steps[i]);
        else
            r = format_row(format, step_json(&steps[i], f->no_trunc || format_as_json(format)), out, err);
    }
    if (!f->quiet && format_as_table(format))
        table_render(t, out);
    else if (r == 0 && !f->quiet)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct history_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    _cleanup_store_ struct store *s = NULL;
    _cleanup_store_image_ struct store_image *image = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_format_ struct format *format = NULL;
    int r = format_parse(f.format, a, &format, &err);
    if (r == 0)
        r = store_open(cli->root, false, &s, &err);
    if (r == 0)
        r = store_find(s, argv[1], &image, &err);
    if (r < 0 || image == NULL)
        return fail(cli, 1, &err);
    r = render(&f, image, format, &out, &err);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command cmd_history = {
    .name = "history",
    .synopsis = "[OPTIONS] IMAGE",
    .summary = "Show the steps that an image was made of",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_PLAIN,
    .run = run,
};
