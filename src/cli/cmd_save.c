// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_save.c: `oakum save` and `oakum load`: images as archives that other tools read and write. */
#include <errno.h>
#include <sys/stat.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/image_names.h"
#include "image/store.h"
#include "sys/file.h"

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

/* What is there and no plain file (a pipe, a device) is written to; else the file appears whole or not at all. */
static int save_to_file(struct store *s, const char *file, const char *const *names, size_t n,
                        enum save_form form, struct error *err)
{
    struct stat st;
    if (fstatat(AT_FDCWD, file, &st, 0) == 0 && !S_ISREG(st.st_mode)) {
        _cleanup_close_ int fd = file_open(AT_FDCWD, file, O_WRONLY | O_NOCTTY, 0, err);
        return fd < 0 ? fd : store_save(s, names, n, form, fd, err);
    }
    char unique[17];
    random_hex(unique, 8);
    _cleanup_free_ char *temporary = xasprintf("%s.%s.tmp", file, unique);
    _cleanup_close_ int fd = file_open(AT_FDCWD, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY, 0600,
                                       err);
    if (fd < 0)
        return fd;
    int r = store_save(s, names, n, form, fd, err);
    if (r == 0 && renameat(AT_FDCWD, temporary, AT_FDCWD, file) < 0)
        r = error_errno(err, -errno, "cannot rename %s to %s", temporary, file);
    if (r < 0)
        unlinkat(AT_FDCWD, temporary, 0);
    return r;
}

static int save(const struct cli *cli, int argc, char **argv)
{
    struct save_flags f = { 0 };
    struct error err = { 0 };
    enum save_form form;
    int words;
    int status = command_options(cli, &f, NULL, argc, argv, &words);
    if (status < 0)
        status = command_words(cli, words, 1, -1);
    if (status >= 0)
        return status;
    if (f.output == NULL && isatty(STDOUT_FILENO))
        return fail_text(cli, 1,
                         "an archive is not written to a terminal: use --output FILE, or redirect it");
    _cleanup_store_ struct store *s = NULL;
    int r = form_parse(f.format, &form, &err);
    if (r == 0)
        r = store_open(cli->root, false, &s, &err);
    const char *const *names = (const char *const *) argv + 1;
    if (r == 0 && f.output != NULL)
        r = save_to_file(s, f.output, names, (size_t) words, form, &err);
    else if (r == 0)
        r = store_save(s, names, (size_t) words, form, STDOUT_FILENO, &err);
    return r < 0 ? fail(cli, 1, &err) : 0;
}

const struct command cmd_save = {
    .name = "save",
    .synopsis = "[OPTIONS] IMAGE [IMAGE...]",
    .summary = "Write images to an archive",
    .details =
        "The archive is an OCI image layout with docker's manifest.json in it, so that docker load, podman load, skopeo and\n"
        "oakum load read the same file, and every digest stays what it was. An image that is named by its id has no name in it.",
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
    int status = command_options(cli, &f, NULL, argc, argv, &words);
    if (status < 0)
        status = command_words(cli, words, 0, 0);
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
