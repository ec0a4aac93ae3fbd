// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_images.c: `oakum images`: docker's columns; also image names as people write them. */
#include <errno.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "cli/image_filter.h"
#include "cli/image_names.h"
#include "image/store.h"
#include "oci/reference.h"

struct images_flags {
    bool quiet, no_trunc, digests;
    const char *format;
    struct oci_strings filters;
};

#define F(field) OPTION_FIELD(struct images_flags, field)
static const struct cli_option options[] = {
    { "all", 'a', OPT_NOTHING, 0, NULL, NULL, NULL },
    { "digests", 0, OPT_FLAG, F(digests), NULL, "a column with the manifests' digests", NULL },
    { "filter", 'f', OPT_LIST, F(filters), "KEY=VALUE",
      "only those with dangling, label, until, before, since or reference as given", NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "no-trunc", 0, OPT_FLAG, F(no_trunc), NULL, "whole ids", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "ids only", NULL },
};

void shown_name_of(const char *full, struct shown_name *out)
{
    struct reference ref;
    *out = (struct shown_name){ "<none>", "<none>" };
    if (full == NULL || reference_parse(full, &ref, NULL) < 0)
        return;
    reference_familiar_name(&ref, out->repository, sizeof(out->repository));
    if (ref.tag[0] != '\0')
        memcpy(out->tag, ref.tag, sizeof(ref.tag));
}

void shown_reference(const char *full, char *buf, size_t size)
{
    struct shown_name n;
    struct reference ref;
    int r;
    if (reference_parse(full, &ref, NULL) < 0) {
        r = str_format(buf, size, "%s", full);
    } else {
        shown_name_of(full, &n);
        r = str_format(buf, size, "%s%s%s%s%s", n.repository, ref.tag[0] != '\0' ? ":" : "", ref.tag,
                       ref.digest[0] != '\0' ? "@" : "", ref.digest);
    }
    if (r < 0)
        buf[0] = '\0';
}

/* What the registry has under the name, a list for several platforms perhaps; of an image that was made here its manifest's. */
static const char *shown_digest(const struct store_summary *i)
{
    return i->source_digest != NULL ? i->source_digest : i->manifest_digest;
}

static void add_row(struct table *t, const struct images_flags *f, const struct store_summary *i)
{
    struct shown_name n;
    char size[32], created[80], id[72];
    shown_name_of(i->name, &n);
    shown_size(i->size, size, sizeof(size));
    ago_text(i->created, created, sizeof(created), true);
    if (str_format(id, sizeof(id), f->no_trunc ? "sha256:%s" : "%.12s", i->id) < 0)
        return;
    const char *cells[7];
    size_t c = 0;
    cells[c++] = n.repository;
    cells[c++] = n.tag;
    if (f->digests)
        cells[c++] = shown_digest(i);
    cells[c++] = id;
    cells[c++] = created;
    cells[c++] = size;
    table_row(t, cells);
}

/* "N/A" as docker has it: what they would say is counted by system df -v alone. */
static json_t *image_json(const struct store_summary *i, bool whole)
{
    struct shown_name n;
    char size[32], created[80];
    shown_name_of(i->name, &n);
    ago_text(i->created, created, sizeof(created), true);
    json_t *j = json_object();
    json_object_set_new(j, "Containers", json_string("N/A"));
    json_object_set_new(j, "CreatedAt", json_string(i->created != NULL ? i->created : ""));
    json_object_set_new(j, "CreatedSince", json_string(created));
    json_object_set_new(j, "Digest", json_string(shown_digest(i)));
    json_object_set_new(j, "ID", whole ? json_sprintf("sha256:%s", i->id) : json_sprintf("%.12s", i->id));
    json_object_set_new(j, "Repository", json_string(n.repository));
    json_object_set_new(j, "SharedSize", json_string("N/A"));
    json_object_set_new(j, "Size", json_string(shown_size(i->size, size, sizeof(size))));
    json_object_set_new(j, "SizeBytes", json_integer(i->size));
    json_object_set_new(j, "Tag", json_string(n.tag));
    json_object_set_new(j, "UniqueSize", json_string("N/A"));
    json_object_set_new(j, "VirtualSize", json_string(size));
    return j;
}

struct listing {
    struct arena *arena;
    struct store_summary *v;
    const struct oci_pairs **labels; /* NULL where no filter asks for them */
    size_t n;
    size_t *order;               /* of v: newest first, as docker lists them */
    struct store_image **images; /* whose labels they are */
};

struct made {
    struct timespec when; /* 0: the image does not say */
    size_t at;
};

static int newest_first(const void *left, const void *right)
{
    const struct made *a = left, *b = right;
    if (a->when.tv_sec != b->when.tv_sec)
        return a->when.tv_sec < b->when.tv_sec ? 1 : -1;
    if (a->when.tv_nsec != b->when.tv_nsec)
        return a->when.tv_nsec < b->when.tv_nsec ? 1 : -1;
    return (a->at > b->at) - (a->at < b->at);
}

static void sort_listing(struct listing *l)
{
    struct made *made = arena_array(l->arena, l->n, sizeof(*made));
    for (size_t i = 0; i < l->n; i++) {
        made[i].at = i;
        if (l->v[i].created == NULL || clock_parse(l->v[i].created, &made[i].when) < 0)
            made[i].when = (struct timespec){ 0 };
    }
    if (l->n > 0)
        qsort(made, l->n, sizeof(*made), newest_first);
    l->order = arena_array(l->arena, l->n, sizeof(*l->order));
    for (size_t i = 0; i < l->n; i++)
        l->order[i] = made[i].at;
}

static int list(struct store *s, bool labels, struct listing *l, struct error *err)
{
    if (!labels)
        return store_summaries(s, l->arena, &l->v, &l->n, err);
    int r = store_list(s, &l->images, &l->n, err);
    if (r < 0)
        return r;
    l->v = arena_array(l->arena, l->n, sizeof(*l->v));
    l->labels = arena_array(l->arena, l->n, sizeof(struct oci_pairs *));
    for (size_t i = 0; i < l->n; i++) {
        l->v[i] = store_summary_of(l->images[i]);
        l->labels[i] = &l->images[i]->config.labels;
    }
    return 0;
}

static int render(const struct images_flags *f, struct format *format, const struct listing *l,
                  const char *pattern, const struct image_filter *filters, struct strbuf *out,
                  struct error *err)
{
    static const struct format_header fields[] = {
        { "ID", "IMAGE ID" }, { "CreatedSince", "CREATED" }, { "CreatedAt", "CREATED AT" }, { NULL, NULL }
    };
    static const char *const headers[] = { "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE" };
    static const char *const with_digest[] = { "REPOSITORY", "TAG", "DIGEST", "IMAGE ID", "CREATED", "SIZE" };
    struct table *t = f->digests ? table_new(ARRAY_LEN(with_digest), with_digest)
                                 : table_new(ARRAY_LEN(headers), headers);
    bool as_table = !f->quiet && format_as_table(format);
    int r = 0;
    for (size_t i = 0; r == 0 && i < l->n; i++) {
        const size_t at = l->order[i];
        const struct store_summary *image = &l->v[at];
        if ((pattern != NULL && !image_reference_matches(image->name, pattern)) ||
            !image_filter_matches(filters, image, l->labels != NULL ? l->labels[at] : NULL))
            continue;
        if (f->quiet)
            strbuf_addf(out, f->no_trunc ? "sha256:%s\n" : "%.12s\n", image->id);
        else if (as_table)
            add_row(t, f, image);
        else
            r = format_row(format, image_json(image, f->no_trunc || format_as_json(format)), out, err);
    }
    if (as_table)
        table_render(t, out);
    else if (r == 0 && !f->quiet)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct images_flags f = { 0 };
    struct error err = { 0 };
    struct listing l = { .arena = a };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 1, &words);
    if (status >= 0)
        return status;
    _cleanup_store_ struct store *s = NULL;
    struct image_filter filters = { .words = &f.filters, .dangling = -1 };
    _cleanup_format_ struct format *format = NULL;
    int r = format_parse(f.format, a, &format, &err);
    if (r == 0) {
        r = store_open(cli->root, false, &s, &err);
        if (r == 0)
            r = image_filter_parse(&f.filters, s, &filters, &err);
        if (r == 0)
            r = list(s, filters.labels, &l, &err);
        else if (r == -ENOENT) /* no store is a store without images */
            r = 0;
    }
    if (r < 0)
        return fail(cli, 1, &err);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    sort_listing(&l);
    r = render(&f, format, &l, words > 0 ? argv[1] : NULL, &filters, &out, &err);
    if (l.images != NULL)
        store_images_free(l.images, l.n);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command cmd_images = {
    .name = "images",
    .synopsis = "[OPTIONS] [NAME|PATTERN]",
    .summary = "List images",
    .details =
        "The newest first. In a PATTERN, as in reference=, \"*\" and \"?\" stand for anything but a slash: \"registry.example/*/web:*\".",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_PLAIN,
    .run = run,
};
