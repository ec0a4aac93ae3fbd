// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_save.c: `oakum save` and `oakum load`: images as archives that other tools read and write. */
#include <errno.h>

#include "base/table.h"
#include "cli/archive_out.h"
#include "cli/commands.h"
#include "cli/image_names.h"
#include "image/store.h"

struct save_flags {
    const char *output, *format;
};

#define F(field) OPTION_FIELD(struct save_flags, field)
static const struct cli_option save_options[] = {
    { "format", 0, OPT_TEXT, F(format), "FORMAT",
      "docker-archive (the default: docker, podman and skopeo read it) or oci-archive", NULL },
    { "multi-image-archive", 'm', OPT_NOTHING, 0, NULL, NULL, NULL },
    { "output", 'o', OPT_TEXT, F(output), "FILE", "write to FILE, and not to standard output", NULL },
};

static int form_parse(const char *format, enum save_form *ret, struct error *err)
{
    *ret = SAVE_DOCKER;
    if (format == NULL || str_eq(format, "docker-archive"))
        return 0;
    *ret = SAVE_OCI;
    return str_eq(format, "oci-archive")
               ? 0
               : error_set(err, -EINVAL, "--format must be docker-archive or oci-archive, not \"%s\"",
                           format);
}

struct save_job {
    struct store *store;
    const char *const *names;
    size_t n;
    enum save_form form;
};

static int write_images(void *arg, int out, struct error *err)
{
    const struct save_job *j = arg;
    return store_save(j->store, j->names, j->n, j->form, out, err);
}

static int save(const struct cli *cli, int argc, char **argv)
{
    struct save_flags f = { 0 };
    struct error err = { 0 };
    enum save_form form;
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    if (f.output == NULL && isatty(STDOUT_FILENO))
        return fail_text(cli, 1,
                         "an archive is not written to a terminal: use --output FILE, or redirect it");
    _cleanup_store_ struct store *s = NULL;
    int r = form_parse(f.format, &form, &err);
    if (r == 0)
        r = store_open(cli->root, false, &s, &err);
    struct save_job job = { s, (const char *const *) argv + 1, (size_t) words, form };
    if (r == 0)
        r = archive_out(f.output, write_images, &job, &err);
    return r < 0 ? fail(cli, 1, &err) : 0;
}

const struct command cmd_save = {
    .name = "save",
    .synopsis = "[OPTIONS] IMAGE [IMAGE...]",
    .summary = "Write images to an archive",
    .details =
        "The archive is an OCI image layout with docker's manifest.json in it, so that docker load, podman load, skopeo and\n"
        "oakum load read the same file, and every digest stays what it was. An image that is named by its id has no name in it;\n"
        "NAME without a tag is every image of that name, as in docker.",
    .options = save_options,
    .n_options = ARRAY_LEN(save_options),
    .run = save,
};

struct load_flags {
    const char *input;
    struct import_options o;
    bool quiet;
};

#undef F
#define F(field) OPTION_FIELD(struct load_flags, field)
static const struct cli_option load_options[] = {
    { "input", 'i', OPT_TEXT, F(input), "FILE", "read FILE, and not standard input", NULL },
    { "platform", 0, OPT_TEXT, F(o.platform), "OS/ARCH", "the one to take from an archive with several",
      NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "do not say what was loaded", NULL },
};

static void loaded(void *arg, const char *name, const char *id)
{
    struct strbuf *out = arg;
    char shown[700];
    if (name == NULL) {
        strbuf_addf(out, "Loaded image ID: sha256:%s\n", id);
        return;
    }
    shown_reference(name, shown, sizeof(shown));
    strbuf_adds(out, "Loaded image: ");
    text_neutralise(out, shown);
    strbuf_addc(out, '\n');
}

static int load(const struct cli *cli, int argc, char **argv)
{
    struct load_flags f = { 0 };
    struct error err = { 0 };
    char id[65];
    int words;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    f.o.form = IMPORT_ARCHIVE;
    f.o.imported = loaded;
    f.o.arg = &out;
    _cleanup_store_ struct store *s = NULL;
    int r = store_open(cli->root, true, &s, &err);
    if (r == 0)
        r = store_import(s, f.input != NULL ? f.input : "-", NULL, &f.o, id, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    return f.quiet ? 0 : out_write(&out);
}

const struct command cmd_load = {
    .name = "load",
    .synopsis = "[OPTIONS]",
    .summary = "Read images from an archive",
    .details =
        "The archive is what docker save, podman save, skopeo or oakum save wrote, plain or compressed with gzip, zstd, xz or bzip2,\n"
        "or a directory that is an OCI image layout. Nothing in it is trusted.",
    .options = load_options,
    .n_options = ARRAY_LEN(load_options),
    .run = load,
};
