// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_image_mount.c: `oakum image mount` and `umount`, in podman's words. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/image_names.h"
#include "cli/json_out.h"
#include "engine/view.h"

struct mount_flags {
    bool all, force;
    const char *format;
};

#define F(field) OPTION_FIELD(struct mount_flags, field)
static const struct cli_option mount_options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "every image", NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", "of the list: table, or json: one object a line", NULL },
};
static const struct cli_option umount_options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "every image that is mounted", NULL },
    { "force", 'f', OPT_FLAG, F(force), NULL, "also one that somebody works in", NULL },
};

struct listing {
    struct store_summary *images;
    size_t n;
    struct table *table; /* NULL: as JSON */
    struct strbuf *out;
};

static void names_of(const struct listing *l, const char *id, struct strbuf *names)
{
    char shown[700];
    for (size_t i = 0; i < l->n; i++) {
        if (l->images[i].name == NULL || !str_eq(l->images[i].id, id))
            continue;
        shown_reference(l->images[i].name, shown, sizeof(shown));
        strbuf_addf(names, "%s%s", names->len > 0 ? " " : "", shown);
    }
}

static int show(void *arg, const char *id, const char *path)
{
    const struct listing *l = arg;
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
    char cut[13];
    names_of(l, id, &names);
    const char *text = names.len > 0 ? names.buf : "<none>";
    if (l->table == NULL) {
        _cleanup_json_ json_t *j = json_pack("{s:s, s:s, s:s}", "ID", id, "Names", names.len > 0 ? text : "",
                                             "MountPoint", path);
        json_out(l->out, j, 0);
        return 0;
    }
    if (str_format(cut, sizeof(cut), "%.12s", id) > 0) {
        const char *cells[] = { text, cut, path };
        table_row(l->table, cells);
    }
    return 0;
}

static int list(const struct cli *cli, struct engine *e, const char *format, struct error *err)
{
    static const char *const headers[] = { "IMAGE", "IMAGE ID", "MOUNT POINT" };
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_store_ struct store *s = NULL;
    struct listing l = { .out = &out };
    int r = format_check(format, err);
    if (r == 0)
        r = store_open(cli->root, false, &s, err);
    if (r == 0)
        r = store_summaries(s, a, &l.images, &l.n, err);
    if (r < 0 && r != -ENOENT)
        return r;
    l.table = format_is_json(format) ? NULL : table_new(ARRAY_LEN(headers), headers);
    r = engine_image_mounts(e, show, &l, err);
    if (l.table != NULL)
        table_render(l.table, &out);
    table_free(l.table);
    if (r == 0)
        out_write(&out);
    return r;
}

static int mount_one(struct engine *e, const char *name, bool alone, struct strbuf *out, struct error *err)
{
    _cleanup_free_ char *path = NULL;
    int r = engine_image_mount(e, name, &path, err);
    if (r == 0)
        strbuf_addf(out, "%s%s%s\n", alone ? "" : name, alone ? "" : " ", path);
    return r;
}

static int mount_all(const struct cli *cli, struct engine *e, struct strbuf *out, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_store_ struct store *s = NULL;
    struct store_summary *v;
    size_t n = 0;
    int r = store_open(cli->root, false, &s, err);
    if (r == 0)
        r = store_summaries(s, a, &v, &n, err);
    for (size_t i = 0; i < n && r == 0; i++)
        r = mount_one(e, v[i].id, false, out, err);
    return r;
}

static int begin(const struct cli *cli, struct mount_flags *f, int argc, char **argv, int *words,
                 struct engine **e)
{
    struct error err = { 0 };
    int status = command_options(cli, f, NULL, argc, argv, words);
    if (status >= 0)
        return status;
    if (f->all && *words > 0)
        return fail_text(cli, 1, "--all takes no image");
    return engine_open(cli->root, cli->state, false, e, &err) < 0 ? fail(cli, 1, &err) : -1;
}

static int run_mount(const struct cli *cli, int argc, char **argv)
{
    struct mount_flags f = { 0 };
    struct error err = { 0 };
    _cleanup_engine_ struct engine *e = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int words;
    int status = begin(cli, &f, argc, argv, &words, &e);
    if (status >= 0)
        return status;
    if (words == 0 && !f.all)
        return list(cli, e, f.format, &err) < 0 ? fail(cli, 1, &err) : 0;
    status = 0;
    if (f.all && mount_all(cli, e, &out, &err) < 0)
        status = fail(cli, 1, &err);
    for (int i = 1; i <= words; i++) {
        error_clear(&err);
        if (mount_one(e, argv[i], words == 1, &out, &err) < 0)
            status = fail(cli, 1, &err);
    }
    int written = out_write(&out);
    return status != 0 ? status : written;
}

struct ids {
    char (*v)[65];
    size_t n;
};

static int remember(void *arg, const char *id, const char *path _unused_)
{
    struct ids *l = arg;
    l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
    memcpy(l->v[l->n++], id, 65);
    return 0;
}

static int umount_one(struct engine *e, const char *name, bool force, struct strbuf *out, struct error *err)
{
    int r = engine_image_umount(e, name, force, err);
    if (r == 0) {
        text_neutralise(out, name);
        strbuf_addc(out, '\n');
    }
    return r;
}

static int run_umount(const struct cli *cli, int argc, char **argv)
{
    struct mount_flags f = { 0 };
    struct error err = { 0 };
    struct ids all = { 0 };
    _cleanup_engine_ struct engine *e = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int words;
    int status = begin(cli, &f, argc, argv, &words, &e);
    if (status < 0 && !f.all)
        status = command_words(cli, words, 1, -1);
    if (status >= 0)
        return status;
    status = 0;
    if (f.all && engine_image_mounts(e, remember, &all, &err) < 0)
        status = fail(cli, 1, &err);
    for (size_t i = 0; i < all.n + (size_t) words; i++) {
        error_clear(&err);
        if (umount_one(e, i < all.n ? all.v[i] : argv[i - all.n + 1], f.force, &out, &err) < 0)
            status = fail(cli, 1, &err);
    }
    free(all.v);
    int written = out_write(&out);
    return status != 0 ? status : written;
}

const struct command cmd_image_mount = {
    .name = "image mount",
    .synopsis = "[OPTIONS] [IMAGE...]",
    .summary = "Mount images read-only, to look at them; without IMAGE list what is mounted",
    .details =
        "The mount point is printed. It lasts until \"oakum image umount\" or a reboot, and the image cannot be removed meanwhile. Owners are\n"
        "those of the image's files; programs in it get no rights by set-user-ID bits. For the host's root only.",
    .options = mount_options,
    .n_options = ARRAY_LEN(mount_options),
    .run = run_mount,
};

const struct command cmd_image_umount = {
    .name = "image umount",
    .synopsis = "[OPTIONS] IMAGE...",
    .summary = "Unmount images that were mounted to look at them",
    .options = umount_options,
    .n_options = ARRAY_LEN(umount_options),
    .run = run_umount,
};
