// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_image_diff.c: `oakum image diff A B`: what is another in B: settings, packages, files. All names and values are the images' makers':
 * they are neutralised.
 */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/json_out.h"
#include "engine/view.h"
#include "image/compare.h"
#include "image/packages.h"

struct diff_flags {
    struct oci_strings types;
    const char *format;
    bool times;
};

#define F(field) OPTION_FIELD(struct diff_flags, field)
static const struct cli_option options[] = {
    { "format", 0, OPT_TEXT, F(format), "FORMAT", "table, or json: one object", NULL },
    { "times", 0, OPT_FLAG, F(times), NULL, "also files that differ in their modification time alone", NULL },
    { "type", 't', OPT_LIST, F(types), "TYPE", "settings, packages or files (all of them)", NULL },
};

struct diff {
    struct diff_flags f;
    struct arena *arena;
    struct engine_view views[2];
    struct store_image *images[2];
    json_t *settings, *packages, *files;
};

static bool wants(const struct diff *d, const char *type)
{
    bool named = d->f.types.n == 0;
    for (size_t i = 0; i < d->f.types.n; i++)
        named = named || str_eq(d->f.types.v[i], type);
    return named;
}

/* NULL: not there. */
static void differ(json_t *list, const char *name, const char *a, const char *b)
{
    if (a != NULL && b != NULL && str_eq(a, b))
        return;
    json_array_append_new(list, json_pack("{s:s, s:s?, s:s?}", "Name", name, "A", a, "B", b));
}

/* --- settings --- */

/* "Env PATH" → its value, all in one object: so that both images' can be compared key by key. */
static void flatten(struct arena *a, const char *key, const json_t *v, json_t *into)
{
    const char *name;
    json_t *one;
    size_t i;
    if (str_eq(key, "Env")) {
        json_array_foreach(v, i, one)
        {
            const char *text = json_string_value(one), *equals = text != NULL ? strchr(text, '=') : NULL;
            if (equals != NULL)
                json_object_set_new(into, arena_printf(a, "Env %.*s", (int) (equals - text), text),
                                    json_string(equals + 1));
        }
        return;
    }
    if (json_is_object(v) && !str_eq(key, "Healthcheck")) {
        json_object_foreach((json_t *) v, name, one)
            flatten(a, arena_printf(a, "%s %s", key, name), one, into);
        return;
    }
    if (v == NULL || json_is_null(v) || (json_is_array(v) && json_array_size(v) == 0))
        return;
    _cleanup_free_ char *text = json_is_string(v) ? NULL : json_text(v, 0);
    const char *shown = text != NULL ? text : json_string_value(v);
    if (!str_empty(shown))
        json_object_set_new(into, key, json_string(shown));
}

static json_t *settings_of(struct diff *d, const struct store_image *image)
{
    static const char *const outer[] = { "architecture", "os", "variant", "os.version", "author" };
    static const char *const inner[] = { "User",         "Env",     "Entrypoint", "Cmd",
                                         "WorkingDir",   "Shell",   "StopSignal", "Healthcheck",
                                         "ExposedPorts", "Volumes", "Labels" };
    _cleanup_json_ json_t *config = NULL;
    json_t *flat = json_object();
    if (json_parse(image->config_text, strlen(image->config_text), "the config", &config, NULL) < 0)
        return flat;
    for (size_t i = 0; i < ARRAY_LEN(outer); i++)
        flatten(d->arena, outer[i], json_object_get(config, outer[i]), flat);
    for (size_t i = 0; i < ARRAY_LEN(inner); i++)
        flatten(d->arena, inner[i], json_object_get(json_object_get(config, "config"), inner[i]), flat);
    return flat;
}

static void compare_settings(struct diff *d)
{
    _cleanup_json_ json_t *a = settings_of(d, d->images[0]);
    _cleanup_json_ json_t *b = settings_of(d, d->images[1]);
    const char *key;
    json_t *v;
    json_object_foreach(a, key, v)
        differ(d->settings, key, json_string_value(v), json_string_value(json_object_get(b, key)));
    json_object_foreach(b, key, v)
    {
        if (json_object_get(a, key) == NULL)
            differ(d->settings, key, NULL, json_string_value(v));
    }
}

/* --- packages --- */

static int compare_packages(struct diff *d, struct error *err)
{
    struct package *v[2];
    size_t n[2], i = 0, k = 0;
    for (int side = 0; side < 2; side++) {
        int r = packages_read(d->views[side].fd, d->arena, &v[side], &n[side], err);
        if (r < 0)
            return r;
    }
    while (i < n[0] || k < n[1]) {
        int order = i == n[0] ? 1 : k == n[1] ? -1 : strcmp(v[0][i].name, v[1][k].name);
        differ(d->packages, order <= 0 ? v[0][i].name : v[1][k].name, order <= 0 ? v[0][i].version : NULL,
               order >= 0 ? v[1][k].version : NULL);
        i += order <= 0;
        k += order >= 0;
    }
    return 0;
}

/* --- files --- */

static int file_differs(void *arg, const struct tree_difference *t)
{
    struct diff *d = arg;
    bool added = str_eq(t->what, "should not be there"), gone = str_eq(t->what, "is missing");
    json_t *last = json_array_get(d->files, json_array_size(d->files) - 1);
    const char *path = arena_printf(d->arena, "/%s", str_eq(t->path, ".") ? "" : t->path);
    if (!d->f.times && (str_eq(t->what, "modification time") || str_eq(t->what, "number of links")))
        return 0;
    if (last == NULL || !str_eq(json_string_value(json_object_get(last, "Path")), path)) {
        /* A name that is no UTF-8 has its bytes escaped. */
        _cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;
        json_t *text = json_string(path);
        if (text == NULL) {
            text_neutralise(&clean, path);
            text = json_string(clean.buf);
        }
        last = json_pack("{s:o?, s:s}", "Path", text, "Change", added ? "A" : gone ? "D" : "C");
        json_array_append_new(d->files, last);
    }
    if (!added && !gone) {
        if (json_object_get(last, "What") == NULL)
            json_object_set_new(last, "What", json_array());
        json_array_append_new(json_object_get(last, "What"), json_string(t->what));
    }
    return 0;
}

/* --- output --- */

static void add_text(struct strbuf *out, const char *before, const char *text, const char *after)
{
    strbuf_adds(out, before);
    text_neutralise(out, text);
    strbuf_adds(out, after);
}

static const char *get(const json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}

static void show_pairs(struct strbuf *out, const char *title, const json_t *list, const char *between)
{
    size_t i;
    json_t *j;
    if (json_array_size(list) > 0)
        strbuf_addf(out, "%s:\n", title);
    json_array_foreach(list, i, j)
    {
        for (int side = 0; side < 2; side++) {
            const char *value = get(j, side == 0 ? "A" : "B");
            if (value == NULL)
                continue;
            add_text(out, side == 0 ? "  - " : "  + ", get(j, "Name"), between);
            add_text(out, "", value, "\n");
        }
    }
}

static void show_files(struct strbuf *out, const json_t *list)
{
    size_t i, k;
    json_t *j, *what;
    if (json_array_size(list) > 0)
        strbuf_adds(out, "Files:\n");
    json_array_foreach(list, i, j)
    {
        const char *path = get(j, "Path");
        strbuf_addf(out, "  %s ", get(j, "Change"));
        add_text(out, "", path != NULL ? path : "?", "");
        json_array_foreach(json_object_get(j, "What"), k, what)
            strbuf_addf(out, "%s%s", k == 0 ? " (" : ", ", json_string_value(what));
        strbuf_adds(out, json_object_get(j, "What") != NULL ? ")\n" : "\n");
    }
}

static int show(const struct diff *d)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    if (format_is_json(d->f.format)) {
        _cleanup_json_ json_t *j = json_pack("{s:O, s:O, s:O}", "Settings", d->settings, "Packages",
                                             d->packages, "Files", d->files);
        json_out(&out, j, 0);
    } else {
        show_pairs(&out, "Settings", d->settings, "=");
        show_pairs(&out, "Packages", d->packages, " ");
        show_files(&out, d->files);
    }
    return out_write(&out);
}

static int check_types(const struct oci_strings *types, struct error *err)
{
    for (size_t i = 0; i < types->n; i++) {
        if (!str_eq(types->v[i], "settings") && !str_eq(types->v[i], "packages") &&
            !str_eq(types->v[i], "files"))
            return error_set(err, -EINVAL, "--type must be settings, packages or files, not \"%s\"",
                             types->v[i]);
    }
    return 0;
}

static int compare(struct diff *d, const struct cli *cli, char *const *names, struct error *err)
{
    _cleanup_engine_ struct engine *e = NULL;
    int r = check_types(&d->f.types, err);
    if (r == 0)
        r = format_check(d->f.format, err);
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, err);
    for (int i = 0; i < 2 && r == 0; i++)
        r = engine_view_image(e, names[i], &d->views[i], &d->images[i], err);
    if (r == 0 && wants(d, "settings"))
        compare_settings(d);
    if (r == 0 && wants(d, "packages"))
        r = compare_packages(d, err);
    if (r == 0 && wants(d, "files"))
        r = tree_compare(d->views[1].fd, d->views[0].fd, TREE_MERGED, file_differs, d, err);
    return r;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct diff d = { .arena = a, .views = { { .fd = -1 }, { .fd = -1 } } };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &d.f, a, argc, argv, 2, 2, &words);
    if (status >= 0)
        return status;
    d.settings = json_array();
    d.packages = json_array();
    d.files = json_array();
    status = compare(&d, cli, argv + 1, &err) < 0 ? fail(cli, 1, &err) : show(&d);
    for (int i = 0; i < 2; i++) {
        cleanup_close(&d.views[i].fd);
        store_image_free(d.images[i]);
    }
    json_decref(d.settings);
    json_decref(d.packages);
    json_decref(d.files);
    return status;
}

const struct command cmd_image_diff = {
    .name = "image diff",
    .synopsis = "[OPTIONS] A B",
    .summary = "Show what is another in image B than in A",
    .details =
        "Settings are those of the config; packages those in the databases of dpkg and apk (rpm's are compared as files); files are compared\n"
        "as a container would see them, by content and every attribute: A added, D gone, C changed. Of a directory that only one image has,\n"
        "the directory alone is named.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
