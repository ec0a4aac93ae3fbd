// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_volume.c: `oakum volume`: volumes with a name, in docker's words. */
#include <errno.h>

#include "base/parse.h"
#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "engine/volumes.h"

struct volume_flags {
    struct oci_strings labels, filters;
    bool quiet, force, all;
    const char *format, *name, *driver;
};

#define F(field) OPTION_FIELD(struct volume_flags, field)
static const struct cli_option create_options[] = {
    { "driver", 'd', OPT_TEXT, F(driver), "DRIVER", "local, which is the only one", NULL },
    { "label", 'l', OPT_LIST, F(labels), "KEY[=VALUE]", "label of the volume", NULL },
    { "name", 0, OPT_TEXT, F(name), "NAME", "as the word NAME", NULL },
    { "opt", 'o', OPT_LATER, 0, "KEY=VALUE",
      "a volume is a directory of the store; mount what it shall be and give that by -v", NULL },
};
static const struct cli_option ls_options[] = {
    { "filter", 'f', OPT_LIST, F(filters), "KEY=VALUE",
      "only those with name=PART, label=NAME[=VALUE], dangling=true|false, driver=NAME", NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "only the names", NULL },
};
static const struct cli_option inspect_options[] = {
    { "format", 'f', OPT_TEXT, F(format), "FORMAT", "a Go template for each", NULL },
};
static const struct cli_option rm_options[] = {
    { "force", 'f', OPT_FLAG, F(force), NULL, "no error for a volume that is not there", NULL },
};
static const struct cli_option prune_options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "those with a name of their own too", NULL },
    { "filter", 0, OPT_LIST, F(filters), "KEY=VALUE",
      "only those with label=NAME[=VALUE], or without label!=", NULL },
    { "force", 'f', OPT_FLAG, F(force), NULL, "do not ask", NULL },
};

static int create(struct engine *e, const struct volume_flags *f, const char *word, struct arena *a,
                  const char **ret, struct error *err)
{
    struct oci_pairs labels = { 0 };
    const char *name = word != NULL ? word : f->name;
    int r = 0;
    if (f->driver != NULL && !str_eq(f->driver, "local"))
        return error_set(err, -EINVAL, "--driver: there is no driver \"%s\", only local", f->driver);
    if (word != NULL && f->name != NULL)
        return error_set(err, -EINVAL, "--name %s and the word %s are two names for one volume", f->name,
                         word);
    for (size_t i = 0; i < f->labels.n && r == 0; i++)
        r = pairs_add(a, &labels, "label", f->labels.v[i], err);
    if (name == NULL) {
        char *random = arena_alloc(a, 65);
        random_hex(random, 32);
        name = random;
        oci_pairs_set(a, &labels, VOLUME_ANONYMOUS_LABEL, "");
    }
    *ret = name;
    return r == 0 ? volume_create(e, name, &labels, err) : r;
}

static int run_create(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct volume_flags f = { 0 };
    struct error err = { 0 };
    const char *name = "";
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 1, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, true, &e, &err) < 0 ||
        create(e, &f, words > 0 ? argv[1] : NULL, a, &name, &err) < 0)
        return fail(cli, 1, &err);
    strbuf_addf(&out, "%s\n", name);
    return out_write(&out);
}

/* ---- ls ---- */

static int check_filters(const struct oci_strings *filters, bool prune, struct error *err)
{
    for (size_t i = 0; i < filters->n; i++) {
        const char *f = filters->v[i], *v = str_after(f, "dangling=");
        bool yes, known = str_after(f, "label=") != NULL;
        if (prune)
            known = known || str_after(f, "label!=") != NULL;
        else
            known = known || str_after(f, "name=") != NULL || str_after(f, "driver=") != NULL ||
                    (v != NULL && parse_bool(v, &yes) == 0);
        if (!known)
            return error_set(err, -EINVAL, "--filter \"%s\" must be %s", f,
                             prune ? "label= or label!="
                                   : "name=, label=, driver=, or dangling= with true or false");
    }
    return 0;
}

static bool wanted(const struct volume_info *s, const struct oci_strings *filters)
{
    for (size_t i = 0; i < filters->n; i++) {
        const char *f = filters->v[i], *v;
        bool yes = false;
        if ((v = str_after(f, "name=")) != NULL && strstr(s->name, v) == NULL)
            return false;
        if ((v = str_after(f, "driver=")) != NULL && !str_eq(v, "local"))
            return false;
        if ((v = str_after(f, "label=")) != NULL && !oci_pairs_match(&s->labels, v))
            return false;
        if ((v = str_after(f, "label!=")) != NULL && oci_pairs_match(&s->labels, v))
            return false;
        if ((v = str_after(f, "dangling=")) != NULL && parse_bool(v, &yes) == 0 &&
            yes != (s->n_containers == 0))
            return false;
    }
    return true;
}

static json_t *row(const struct volume_info *s)
{
    _cleanup_strbuf_ struct strbuf labels = STRBUF_INIT;
    for (size_t i = 0; i < s->labels.n; i++)
        strbuf_addf(&labels, "%s%s=%s", i > 0 ? "," : "", s->labels.v[i].key, s->labels.v[i].value);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "Driver", "local", "Name", s->name, "Mountpoint",
                     s->mountpoint, "Scope", "local", "Labels", labels.len > 0 ? labels.buf : "", "Label",
                     oci_pairs_json(&s->labels));
}

static int render(const struct volume_flags *f, const struct volume_info *v, size_t n, struct arena *a,
                  struct strbuf *out, struct error *err)
{
    static const char *const headers[] = { "DRIVER", "VOLUME NAME" };
    static const struct format_header fields[] = { { "Name", "VOLUME NAME" }, { NULL, NULL } };
    _cleanup_format_ struct format *format = NULL;
    int r = format_parse(f->format, a, &format, err);
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < n && r == 0; i++) {
        const char *cells[] = { "local", v[i].name };
        if (!wanted(&v[i], &f->filters))
            continue;
        if (f->quiet)
            strbuf_addf(out, "%s\n", v[i].name);
        else if (format_as_table(format))
            table_row(t, cells);
        else
            r = format_row(format, row(&v[i]), out, err);
    }
    if (r == 0 && !f->quiet && format_as_table(format))
        table_render(t, out);
    else if (r == 0 && !f->quiet)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

static int run_ls(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct volume_flags f = { 0 };
    struct volume_info *list = NULL;
    struct error err = { 0 };
    size_t n = 0;
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    int r = check_filters(&f.filters, false, &err);
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = volume_list(e, a, &list, &n, &err);
    if (r == 0)
        r = render(&f, list, n, a, &out, &err);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

/* ---- inspect, rm, prune ---- */

static int document(struct engine *e, const char *name, json_t **ret, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct volume_info v = { .name = "" };
    int r = volume_get(e, a, name, &v, err);
    if (r < 0)
        return r;
    *ret = json_pack("{s:s, s:s, s:o, s:s, s:s, s:{}, s:s}", "CreatedAt", v.created != NULL ? v.created : "",
                     "Driver", "local", "Labels", oci_pairs_json(&v.labels), "Mountpoint", v.mountpoint,
                     "Name", v.name, "Options", "Scope", "local");
    return 0;
}

static int run_inspect(const struct cli *cli, int argc, char **argv)
{
    struct volume_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    return status >= 0 ? status : inspect_each(cli, words, argv, f.format, document);
}

static int remove_one(struct engine *e, const char *name, void *arg, struct error *err)
{
    const struct volume_flags *f = arg;
    int r = volume_remove(e, name, NULL, err);
    return r == -ENOENT && f->force ? 0 : r;
}

static int run_rm(const struct cli *cli, int argc, char **argv)
{
    struct volume_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    return status >= 0 ? status : for_each_container(cli, words, argv, remove_one, &f);
}

static int prune(const struct cli *cli, struct engine *e, const struct volume_flags *f, struct arena *a,
                 struct strbuf *out)
{
    struct volume_info *list = NULL;
    struct error err = { 0 };
    size_t n = 0;
    int64_t freed = 0;
    int status = 0;
    char size[40];
    if (volume_list(e, a, &list, &n, &err) < 0)
        return fail(cli, 1, &err);
    for (size_t i = 0; i < n; i++) {
        bool anonymous = oci_pairs_get(&list[i].labels, VOLUME_ANONYMOUS_LABEL) != NULL;
        if (list[i].n_containers > 0 || !(f->all || anonymous) || !wanted(&list[i], &f->filters))
            continue;
        error_clear(&err);
        int r = volume_remove(e, list[i].name, &freed, &err);
        if (r < 0 && r != -ENOENT) {
            status = fail(cli, 1, &err);
            continue;
        }
        strbuf_addf(out, "%s%s\n", out->len == 0 ? "Deleted Volumes:\n" : "", list[i].name);
    }
    strbuf_addf(out, "%sTotal reclaimed space: %s\n", out->len > 0 ? "\n" : "",
                shown_size(freed, size, sizeof(size)));
    return status;
}

static int run_prune(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct volume_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (check_filters(&f.filters, true, &err) < 0 || engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    if (!f.force &&
        !confirmed(f.all ? "volumes that no container has" : "volumes without a name that no container has"))
        return 0;
    status = prune(cli, e, &f, a, &out);
    int written = out_write(&out);
    return status != 0 ? status : written;
}

const struct command cmd_volume_create = {
    .name = "volume create",
    .synopsis = "[OPTIONS] [NAME]",
    .summary = "Make a volume, before a container does by using it",
    .details = "Its directory is made by the first container that mounts it, whose user owns it then.",
    .options = create_options,
    .n_options = ARRAY_LEN(create_options),
    .run = run_create,
};

const struct command cmd_volume_ls = {
    .name = "volume ls",
    .synopsis = "[OPTIONS]",
    .summary = "List volumes",
    .options = ls_options,
    .n_options = ARRAY_LEN(ls_options),
    .run = run_ls,
};

const struct command cmd_volume_inspect = {
    .name = "volume inspect",
    .synopsis = "[OPTIONS] VOLUME...",
    .summary = "Show what is known of volumes",
    .options = inspect_options,
    .n_options = ARRAY_LEN(inspect_options),
    .run = run_inspect,
};

const struct command cmd_volume_rm = {
    .name = "volume rm",
    .synopsis = "[OPTIONS] VOLUME...",
    .summary = "Remove volumes that no container has, with what is in them",
    .options = rm_options,
    .n_options = ARRAY_LEN(rm_options),
    .run = run_rm,
};

const struct command cmd_volume_prune = {
    .name = "volume prune",
    .synopsis = "[OPTIONS]",
    .summary = "Remove all volumes without a name, or all, that no container has",
    .options = prune_options,
    .n_options = ARRAY_LEN(prune_options),
    .run = run_prune,
};
