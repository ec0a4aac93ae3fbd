// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_prune.c: `oakum image prune`: images that nobody needs, after a question. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/image_filter.h"
#include "cli/image_names.h"

struct prune_flags {
    bool all, force;
    struct oci_strings filters;
};

#define F(field) OPTION_FIELD(struct prune_flags, field)
static const struct cli_option options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "every image that no container was made from", NULL },
    { "filter", 0, OPT_LIST, F(filters), "KEY=VALUE", "only those with until, label or reference as given",
      NULL },
    { "force", 'f', OPT_FLAG, F(force), NULL, "do not ask", NULL },
};

struct context {
    struct engine *e;
    struct strbuf *out;
    struct image_filter filter;
};

static int in_use(void *arg, const char *id, struct error *err)
{
    return engine_image_in_use(((struct context *) arg)->e, id, err);
}

static bool wanted(void *arg, const struct store_image *image)
{
    const struct store_summary summary = store_summary_of(image);
    return image_filter_matches(&((struct context *) arg)->filter, &summary, &image->config.labels);
}

static void told(void *arg, const char *what, const char *which)
{
    struct strbuf *out = ((struct context *) arg)->out;
    char name[700];
    bool untagged = str_eq(what, "Untagged");
    if (untagged)
        shown_reference(which, name, sizeof(name));
    strbuf_addf(out, "%s: ", untagged ? "untagged" : "deleted");
    text_neutralise(out, untagged ? name : which);
    strbuf_addc(out, '\n');
}

static int prune(const struct cli *cli, struct store *s, struct context *c, bool all, struct error *err)
{
    int64_t before = 0, after = 0;
    char size[40];
    const struct prune_options o = {
        .all = all,
        .wanted = wanted,
        .remove = { .in_use = in_use, .report = told, .arg = c },
    };
    int r = engine_open(cli->root, cli->state, false, &c->e, err);
    if (r == 0)
        r = store_usage(s, &before, err);
    if (r == 0)
        r = store_prune(s, &o, err);
    if (r == 0)
        r = store_usage(s, &after, err);
    if (r < 0)
        return r;
    if (c->out->len > 0) {
        _cleanup_strbuf_ struct strbuf list = STRBUF_INIT;
        strbuf_add(&list, c->out->buf, c->out->len);
        strbuf_reset(c->out);
        strbuf_addf(c->out, "Deleted Images:\n%s\n", list.buf);
    }
    strbuf_addf(c->out, "Total reclaimed space: %s\n",
                shown_size(before > after ? before - after : 0, size, sizeof(size)));
    return 0;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct prune_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_store_ struct store *s = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct context c = { .out = &out };
    int r = image_filter_parse(&f.filters, NULL, &c.filter, &err);
    if (r == 0 && c.filter.dangling == 0)
        f.all = true; /* docker's way to say it */
    c.filter.dangling = -1;
    if (r == 0)
        r = store_open(cli->root, false, &s, &err);
    if (r == -ENOENT)
        return out_text("Total reclaimed space: 0B\n");
    if (r == 0 && !f.force &&
        !confirmed(f.all ? "images without at least one container made from them" : "images without a name"))
        return 0;
    if (r == 0)
        r = prune(cli, s, &c, f.all, &err);
    engine_close(c.e);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command cmd_image_prune = {
    .name = "image prune",
    .synopsis = "[OPTIONS]",
    .summary = "Remove images that nobody needs",
    .details =
        "Without --all these are images without a name. What a container was made from stays in any case.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
