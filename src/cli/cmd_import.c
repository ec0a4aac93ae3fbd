// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_import.c: `oakum import`: an archive or a directory becomes an image. The archive is read by a sandboxed worker; see
 * image/store.h for what it accepts and the budgets it has.
 */
#include <errno.h>

#include "base/parse.h"
#include "cli/commands.h"
#include "image/store.h"

struct import_flags {
    struct import_options o;
    struct oci_strings changes;
    struct opt_i64 max_size, max_files;
    bool rootfs;
};

#define F(field) OPTION_FIELD(struct import_flags, field)
static const struct cli_option options[] = {
    { "change", 'c', OPT_LIST, F(changes), "INSTRUCTION",
      "set CMD, ENTRYPOINT, ENV, USER, WORKDIR, EXPOSE, LABEL, VOLUME or STOPSIGNAL", NULL },
    { "max-files", 0, OPT_I64, F(max_files), "N", "refuse an archive with more files (5000000)", NULL },
    { "max-size", 0, OPT_SIZE, F(max_size), "SIZE", "refuse an archive that unpacks to more (100g)", NULL },
    { "message", 'm', OPT_TEXT, F(o.message), "TEXT", "message in the image's history", NULL },
    { "platform", 0, OPT_TEXT, F(o.platform), "OS/ARCH",
      "platform of the root file system, or the one to take from the archive", NULL },
    { "refuse-devices", 0, OPT_FLAG, F(o.refuse_devices), NULL,
      "a device node in the archive is an error, and not just left out", NULL },
    { "rootfs", 0, OPT_FLAG, F(rootfs), NULL,
      "the archive is a root file system, even if it looks like an image's", NULL },
};

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct import_flags f = { 0 };
    struct error err = { 0 };
    char id[65];
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, 2, &words);
    if (status >= 0)
        return status;
    if ((f.max_size.set && f.max_size.v <= 0) || (f.max_files.set && f.max_files.v <= 0))
        return fail_text(cli, 1, "--max-size and --max-files must be above 0");
    if (str_after(argv[1], "http://") != NULL || str_after(argv[1], "https://") != NULL)
        return fail_text(
            cli, 1,
            "import fetches nothing: check what you get and give the file, or use a pipe, as in \"curl "
            "-fsSL URL | oakum import - NAME\"");
    f.o.changes = f.changes.v;
    f.o.n_changes = f.changes.n;
    f.o.max_bytes = (uint64_t) f.max_size.v;
    f.o.max_inodes = (uint64_t) f.max_files.v;
    f.o.form = f.rootfs ? IMPORT_ROOTFS : IMPORT_AUTO;
    _cleanup_store_ struct store *s = NULL;
    int r = store_open(cli->root, true, &s, &err);
    if (r == 0)
        r = store_import(s, argv[1], words > 1 ? argv[2] : NULL, &f.o, id, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    strbuf_addf(&out, "sha256:%s\n", id);
    return out_write(&out);
}

const struct command cmd_import = {
    .name = "import",
    .synopsis = "[OPTIONS] FILE|DIRECTORY|- [NAME[:TAG]]",
    .summary = "Make an image from an archive or a directory",
    .details =
        "FILE is a tar archive (plain, gzip, zstd, xz or bzip2) of a root file system, or an image as docker save, podman save\n"
        "and skopeo write it; \"-\" is standard input. A DIRECTORY is a root file system or an OCI image layout.\n"
        "Nothing in it is trusted: names that lead out, bombs and devices are refused or left out.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
