// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_system_df.c: `oakum system df`: docker's table of what takes the disk, and what could be freed. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "cli/image_names.h"
#include "cli/json_out.h"
#include "engine/engine.h"

struct df_flags {
    bool verbose;
    const char *format;
};

#define F(field) OPTION_FIELD(struct df_flags, field)
static const struct cli_option options[] = {
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "verbose", 'v', OPT_FLAG, F(verbose), NULL, "each image, container and volume", NULL },
};

struct kind {
    const char *type;
    size_t total, active;
    int64_t size, reclaimable;
};

struct df {
    struct arena *a;
    struct store_image **images;
    size_t n_images, n_containers, n_volumes;
    size_t *links;   /* of images: containers made from them */
    int64_t *shared; /* of images: bytes of layers that others have as well */
    struct engine_container *list;
    size_t n_list;
    struct engine_usage *containers, *volumes;
    struct kind kinds[3];
};

static bool came_before(const struct df *d, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (str_eq(d->images[i]->id, d->images[at]->id))
            return true;
    }
    return false;
}

struct layer_use {
    const char *diff_id;
    size_t image;
};

static int by_layer(const void *left, const void *right)
{
    const struct layer_use *a = left, *b = right;
    int r = strcmp(a->diff_id, b->diff_id);
    return r != 0 ? r : (a->image > b->image) - (a->image < b->image);
}

static int64_t layer_size(const struct store_image *image, const char *diff_id)
{
    for (size_t i = 0; i < image->config.diff_ids.n; i++)
        if (str_eq(image->config.diff_ids.v[i], diff_id))
            return image->layer_sizes[i];
    return 0;
}

/* As docker counts: a layer once in each image that has it, and two names of one image are not two images. */
static void find_shared(struct df *d)
{
    struct layer_use *uses;
    size_t n = 0, end;
    for (size_t i = 0; i < d->n_images; i++)
        n += d->images[i]->config.diff_ids.n;
    uses = arena_array(d->a, n, sizeof(*uses));
    d->shared = arena_array(d->a, d->n_images, sizeof(*d->shared));
    n = 0;
    for (size_t i = 0; i < d->n_images; i++)
        for (size_t k = 0; k < d->images[i]->config.diff_ids.n; k++)
            uses[n++] = (struct layer_use){ d->images[i]->config.diff_ids.v[k], i };
    if (n > 0)
        qsort(uses, n, sizeof(*uses), by_layer);
    for (size_t at = 0; at < n; at = end) {
        bool several = false;
        for (end = at; end < n && str_eq(uses[end].diff_id, uses[at].diff_id); end++)
            several = several || !str_eq(d->images[uses[end].image]->id, d->images[uses[at].image]->id);
        for (size_t i = at; several && i < end; i++)
            if (i == at || uses[i].image != uses[i - 1].image)
                d->shared[uses[i].image] += layer_size(d->images[uses[i].image], uses[i].diff_id);
    }
}

static int gather_images(const struct cli *cli, struct engine *e, struct df *d, struct error *err)
{
    _cleanup_store_ struct store *s = NULL;
    struct kind *k = &d->kinds[0];
    size_t n_used = 0;
    int r = store_open(cli->root, false, &s, err);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = store_list(s, &d->images, &d->n_images, err);
    if (r == 0)
        r = store_usage(s, &k->size, err);
    if (r == 0)
        r = engine_list(e, true, &d->list, &d->n_list, err);
    if (r < 0)
        return r;
    struct store_image **used = arena_array(d->a, d->n_images, sizeof(*used));
    d->links = arena_array(d->a, d->n_images, sizeof(*d->links));
    for (size_t i = 0; i < d->n_images; i++) {
        for (size_t c = 0; c < d->n_list; c++)
            d->links[i] += d->list[c].record->image_id != NULL &&
                           str_eq(d->list[c].record->image_id, d->images[i]->id);
        if (came_before(d, i))
            continue;
        k->total++;
        k->active += d->links[i] > 0;
        if (d->links[i] > 0)
            used[n_used++] = d->images[i];
    }
    k->reclaimable = k->size - store_usage_of(s, used, n_used);
    k->reclaimable = k->reclaimable < 0 ? 0 : k->reclaimable;
    find_shared(d);
    return 0;
}

static void sum(struct kind *k, const struct engine_usage *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        k->total++;
        k->active += v[i].active;
        k->size += v[i].size;
        k->reclaimable += v[i].active ? 0 : v[i].size;
    }
}

static int gather(const struct cli *cli, struct df *d, struct error *err)
{
    _cleanup_engine_ struct engine *e = NULL;
    int r = engine_open(cli->root, cli->state, false, &e, err);
    if (r == 0)
        r = gather_images(cli, e, d, err);
    if (r == 0)
        r = engine_usage(e, d->a, &d->containers, &d->n_containers, &d->volumes, &d->n_volumes, err);
    if (r < 0)
        return r;
    sum(&d->kinds[1], d->containers, d->n_containers);
    sum(&d->kinds[2], d->volumes, d->n_volumes);
    return 0;
}

static const char *reclaimable(const struct kind *k, char *buf, size_t size)
{
    char bytes[40];
    int percent = k->size > 0 ? (int) ((double) k->reclaimable * 100 / (double) k->size) : 0;
    shown_size(k->reclaimable, bytes, sizeof(bytes));
    int r = k->size > 0 ? str_format(buf, size, "%s (%d%%)", bytes, percent)
                        : str_format(buf, size, "%s", bytes);
    return r < 0 ? "" : buf;
}

static int kinds(const struct df *d, struct format *format, struct strbuf *out, struct error *err)
{
    static const struct format_header fields[] = { { "TotalCount", "TOTAL" }, { NULL, NULL } };
    int r = 0;
    static const char *const headers[] = { "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(d->kinds); i++) {
        const struct kind *k = &d->kinds[i];
        char size[40], back[64];
        const char *cells[] = { k->type, arena_printf(d->a, "%zu", k->total),
                                arena_printf(d->a, "%zu", k->active), shown_size(k->size, size, sizeof(size)),
                                reclaimable(k, back, sizeof(back)) };
        if (format_as_table(format)) {
            table_row(t, cells);
            continue;
        }
        json_t *o = json_object();
        json_object_set_new(o, "Type", json_string(cells[0]));
        json_object_set_new(o, "TotalCount", json_string(cells[1]));
        json_object_set_new(o, "Active", json_string(cells[2]));
        json_object_set_new(o, "Size", json_string(cells[3]));
        json_object_set_new(o, "SizeBytes", json_integer(k->size));
        json_object_set_new(o, "Reclaimable", json_string(cells[4]));
        json_object_set_new(o, "ReclaimableBytes", json_integer(k->reclaimable));
        r = format_row(format, o, out, err);
    }
    if (format_as_table(format))
        table_render(t, out);
    else if (r == 0)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

static void each_image(const struct df *d, struct strbuf *out)
{
    static const char *const headers[] = { "REPOSITORY", "TAG",         "IMAGE ID",    "CREATED",
                                           "SIZE",       "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < d->n_images; i++) {
        const struct store_image *im = d->images[i];
        struct shown_name name;
        char size[40], shared[40], unique[40], created[80];
        shown_name_of(im->name, &name);
        ago_text(im->config.created, created, sizeof(created), true);
        const char *cells[] = { name.repository,
                                name.tag,
                                arena_printf(d->a, "%.12s", im->id),
                                created,
                                shown_size(im->size, size, sizeof(size)),
                                shown_size(d->shared[i], shared, sizeof(shared)),
                                shown_size(im->size - d->shared[i], unique, sizeof(unique)),
                                arena_printf(d->a, "%zu", d->links[i]) };
        table_row(t, cells);
    }
    strbuf_adds(out, "Images space usage:\n\n");
    table_render(t, out);
    table_free(t);
}

static const struct engine_usage *usage_of(const struct df *d, const char *id)
{
    for (size_t i = 0; i < d->n_containers; i++)
        if (str_eq(d->containers[i].id, id))
            return &d->containers[i];
    return NULL;
}

static void each_container(const struct df *d, struct strbuf *out)
{
    static const char *const headers[] = { "CONTAINER ID", "IMAGE",   "COMMAND", "LOCAL VOLUMES",
                                           "SIZE",         "CREATED", "STATUS",  "NAMES" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < d->n_list; i++) {
        const struct engine_record *c = d->list[i].record;
        const struct engine_usage *use = usage_of(d, c->id);
        char size[40], created[80], state[128];
        if (use == NULL) /* gone, or new, between two looks */
            continue;
        _cleanup_free_ char *command = container_command_text(c, false);
        ago_text(c->created, created, sizeof(created), true);
        container_status_text(&d->list[i], state, sizeof(state));
        const char *cells[] = { arena_printf(d->a, "%.12s", c->id),
                                c->image != NULL ? c->image : "",
                                command,
                                arena_printf(d->a, "%zu", use->links),
                                shown_size(use->size, size, sizeof(size)),
                                created,
                                state,
                                use->name };
        table_row(t, cells);
    }
    strbuf_adds(out, "\nContainers space usage:\n\n");
    table_render(t, out);
    table_free(t);
}

static void each_volume(const struct df *d, struct strbuf *out)
{
    static const char *const headers[] = { "VOLUME NAME", "LINKS", "SIZE" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < d->n_volumes; i++) {
        char size[40];
        const char *cells[] = { d->volumes[i].name, arena_printf(d->a, "%zu", d->volumes[i].links),
                                shown_size(d->volumes[i].size, size, sizeof(size)) };
        table_row(t, cells);
    }
    strbuf_adds(out, "\nLocal Volumes space usage:\n\n");
    table_render(t, out);
    table_free(t);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct df d = {
        .a = a, .kinds = { { .type = "Images" }, { .type = "Containers" }, { .type = "Local Volumes" } }
    };
    struct df_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_format_ struct format *format = NULL;
    int r = format_parse(f.format, a, &format, &err);
    if (r == 0 && f.verbose && !format_as_table(format))
        return fail_text(cli, 1, "--verbose is for the table");
    if (r == 0)
        r = gather(cli, &d, &err);
    if (r == 0 && !f.verbose)
        r = kinds(&d, format, &out, &err);
    if (r == 0 && f.verbose) {
        each_image(&d, &out);
        each_container(&d, &out);
        each_volume(&d, &out);
    }
    engine_containers_free(d.list, d.n_list);
    if (d.images != NULL)
        store_images_free(d.images, d.n_images);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command cmd_system_df = {
    .name = "system df",
    .synopsis = "[OPTIONS]",
    .summary = "Show what images, containers and volumes take of the disk",
    .details =
        "Reclaimable is what no container needs: of images what \"oakum image prune --all\" frees, of containers what those that do\n"
        "not run have written. A container's anonymous volumes count with it.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
