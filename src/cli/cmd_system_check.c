// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_system_check.c: `oakum system check`: is every image in the store what it claims to be, and what to do where it is not. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/json_out.h"
#include "engine/engine.h"
#include "image/check.h"

struct check_flags {
    bool repair, quick;
    const char *format;
};

#define F(field) OPTION_FIELD(struct check_flags, field)
static const struct cli_option options[] = {
    { "format", 0, OPT_TEXT, F(format), "FORMAT", "table, or json: one document", NULL },
    { "quick", 'q', OPT_FLAG, F(quick), NULL, "sizes only: read nothing large", NULL },
    { "repair", 'r', OPT_FLAG, F(repair), NULL,
      "make damaged layers anew, fetch damaged blobs again, remove strays", NULL },
};

struct context {
    const struct cli *cli;
    struct engine *e;
    struct strbuf *out;
    json_t *list; /* NULL: text */
};

static int refetch(void *arg, const char *name, struct error *err)
{
    return engine_pull(((struct context *) arg)->cli->root, name, NULL, true, err);
}

static int running(void *arg, const char *id, struct error *err)
{
    return engine_image_running(((struct context *) arg)->e, id, err);
}

static void found_json(const struct context *c, const struct check_finding *f)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(f->kind));
    json_object_set_new(o, "which", json_string(f->which));
    json_object_set_new(o, "images", json_string(f->images));
    json_object_set_new(o, "problem", json_string(f->problem));
    json_object_set_new(o, "repaired", json_boolean(!f->wrong));
    if (f->done != NULL)
        json_object_set_new(o, "done", json_string(f->done));
    if (f->advice != NULL)
        json_object_set_new(o, "advice", json_string(f->advice));
    json_array_append_new(c->list, o);
}

static void found(void *arg, const struct check_finding *f)
{
    struct context *c = arg;
    if (c->list != NULL) {
        found_json(c, f);
        return;
    }
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
    strbuf_addf(&line, "%s %s: %s", f->kind, f->which, f->problem);
    if (f->images[0] != '\0' && !str_eq(f->images, f->which))
        strbuf_addf(&line, " (%s)", f->images);
    if (!f->wrong)
        strbuf_addf(&line, ": repaired%s%s", f->done != NULL ? ", " : "", f->done != NULL ? f->done : "");
    else if (f->advice != NULL)
        strbuf_addf(&line, "; to get it back: %s", f->advice);
    text_neutralise(c->out, line.buf);
    strbuf_addc(c->out, '\n');
}

static int finish(struct context *c, const struct check_result *res)
{
    if (c->list != NULL) {
        _cleanup_json_ json_t *doc = json_object();
        json_object_set_new(doc, "ok", json_boolean(res->wrong == 0));
        json_object_set_new(doc, "images", json_integer((json_int_t) res->images));
        json_object_set_new(doc, "blobs", json_integer((json_int_t) res->blobs));
        json_object_set_new(doc, "layers", json_integer((json_int_t) res->layers));
        json_object_set_new(doc, "findings", TAKE_PTR(c->list));
        json_out(c->out, doc, 2);
    } else {
        strbuf_addf(c->out, "%zu images, %zu blobs, %zu layers: ", res->images, res->blobs, res->layers);
        if (res->found == 0)
            strbuf_adds(c->out, "all is well\n");
        else if (res->wrong == 0)
            strbuf_addf(c->out, "%zu repaired, all is well now\n", res->found);
        else
            strbuf_addf(c->out, "%zu wrong, %zu repaired\n", res->wrong, res->found - res->wrong);
    }
    int written = out_write(c->out);
    return res->wrong > 0 ? 1 : written;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct check_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    if (f.quick && f.repair)
        return fail_text(cli, 1, "--quick only looks: it and --repair exclude each other");
    if (format_check(f.format, &err) < 0)
        return fail(cli, 1, &err);
    _cleanup_store_ struct store *s = NULL;
    _cleanup_engine_ struct engine *e = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct check_result res = { 0 };
    struct context c = { .cli = cli, .out = &out, .list = format_is_json(f.format) ? json_array() : NULL };
    int r = store_open(cli->root, false, &s, &err);
    bool none = r == -ENOENT;
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, &err);
    c.e = e;
    const struct check_options o = {
        .repair = f.repair,
        .quick = f.quick,
        .refetch = refetch,
        .running = running,
        .found = found,
        .arg = &c,
    };
    if (r == 0)
        r = store_check(s, &o, &res, &err);
    if (r == 0 || none) /* no store is a store without images */
        return finish(&c, &res);
    json_decref(c.list);
    return fail(cli, 1, &err);
}

const struct command cmd_system_check = {
    .name = "system check",
    .synopsis = "[OPTIONS]",
    .summary = "Verify every image in the store, and repair what is damaged",
    .details =
        "Every record, every blob by its digest, and every unpacked layer, file by file, against what its blob unpacks to. Status 1\n"
        "when something is wrong, and still is. With --repair a damaged layer is unpacked again from its blob, a damaged blob\n"
        "is fetched again if the image was pulled, and what nothing needs is removed; what cannot be got back is named, with the\n"
        "way to get it back. Layers of running containers are left as they are. Other commands may go on meanwhile.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
