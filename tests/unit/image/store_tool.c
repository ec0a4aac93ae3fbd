// SPDX-License-Identifier: Apache-2.0
/*
 * store-tool: the image store's functions from a shell, for tests that must look at the store without the command line
 * program's own rules (tests/security/unpack.bats).
 *
 *   store-tool ROOT import FILE [NAME|""] [max-bytes=N] [max-inodes=N] [max-ratio=N] [refuse-devices] [form=rootfs|archive] [change=…]
 *   store-tool ROOT base NAME PACKAGE…
 *   store-tool ROOT list | layers NAME | config NAME | rm NAME | force-rm NAME | tag NAME NEW
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/parse.h"
#include "image/base.h"
#include "image/store.h"

static int fail(const struct error *err)
{
    fprintf(stderr, "store-tool: %s\n", err->msg);
    return 1;
}

static int do_import(struct store *s, int argc, char **argv, struct error *err)
{
    struct import_options o = { 0 };
    const char *changes[16];
    char id[65];

    o.changes = changes;
    for (int i = 2; i < argc; i++) {
        const char *v;
        int r = 0;
        if ((v = str_after(argv[i], "max-bytes=")) != NULL)
            r = parse_u64(v, &o.max_bytes);
        else if ((v = str_after(argv[i], "max-inodes=")) != NULL)
            r = parse_u64(v, &o.max_inodes);
        else if ((v = str_after(argv[i], "max-ratio=")) != NULL)
            r = parse_u64(v, &o.max_ratio);
        else if ((v = str_after(argv[i], "clamp-from=")) != NULL)
            r = parse_i64(v, &o.clamp_from);
        else if ((v = str_after(argv[i], "platform=")) != NULL)
            o.platform = v;
        else if ((v = str_after(argv[i], "change=")) != NULL && o.n_changes < ARRAY_LEN(changes))
            changes[o.n_changes++] = v;
        else if (str_eq(argv[i], "refuse-devices"))
            o.refuse_devices = true;
        else if (str_eq(argv[i], "form=rootfs"))
            o.form = IMPORT_ROOTFS;
        else if (str_eq(argv[i], "form=archive"))
            o.form = IMPORT_ARCHIVE;
        else
            r = -1;
        if (r < 0)
            return error_set(err, -22, "bad option %s", argv[i]);
    }
    int r = store_import(s, argv[0], argc < 2 || str_empty(argv[1]) ? NULL : argv[1], &o, id, err);
    if (r == 0)
        printf("%s\n", id);
    return r;
}

static int do_base(struct store *s, const char *name, const char *const *packages, size_t n,
                   struct error *err)
{
    char id[65];
    int r = image_base_build(s, packages, n, name, NULL, id, err);

    if (r == 0)
        printf("%s\n", id);
    return r;
}

static int do_list(struct store *s, struct error *err)
{
    struct store_image **images;
    size_t n;
    int r = store_list(s, &images, &n, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        printf("%s %s %lld\n", images[i]->name != NULL ? images[i]->name : "<none>", images[i]->id,
               (long long) images[i]->size);
    store_images_free(images, n);
    return 0;
}

static int do_layers(struct store *s, const char *name, bool config, struct error *err)
{
    _cleanup_store_image_ struct store_image *image = NULL;
    _cleanup_free_ const char **paths = NULL;
    size_t n;
    int r = store_find(s, name, &image, err);

    if (r == 0 && config)
        printf("%s\n", image->config_text);
    else if (r == 0)
        r = store_layers(s, image, &paths, &n, err);
    for (size_t i = 0; r == 0 && !config && i < n; i++)
        printf("%s\n", paths[i]);
    return r;
}

static void report(void *arg, const char *what, const char *which)
{
    (void) arg;
    printf("%s: %s\n", what, which);
}

int main(int argc, char **argv)
{
    _cleanup_store_ struct store *s = NULL;
    struct error err = { 0 };
    struct remove_options ro = { .report = report };

    if (argc < 3)
        return 2;
    log_setup(2, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "store-tool");
    store_set_helper_dir(OAKUM_HELPER_DIR);
    int r = store_open(argv[1], true, &s, &err);
    if (r < 0)
        return fail(&err);
    if (str_eq(argv[2], "import") && argc >= 4)
        r = do_import(s, argc - 3, argv + 3, &err);
    else if (str_eq(argv[2], "base") && argc >= 5)
        r = do_base(s, argv[3], (const char *const *) argv + 4, (size_t) argc - 4, &err);
    else if (str_eq(argv[2], "list"))
        r = do_list(s, &err);
    else if (str_eq(argv[2], "layers") && argc == 4)
        r = do_layers(s, argv[3], false, &err);
    else if (str_eq(argv[2], "config") && argc == 4)
        r = do_layers(s, argv[3], true, &err);
    else if (str_eq(argv[2], "rm") && argc == 4)
        r = store_remove(s, argv[3], &ro, &err);
    else if (str_eq(argv[2], "force-rm") && argc == 4) {
        ro.force = true;
        r = store_remove(s, argv[3], &ro, &err);
    } else if (str_eq(argv[2], "tag") && argc == 5)
        r = store_tag(s, argv[3], argv[4], &err);
    else
        return 2;
    return r < 0 ? fail(&err) : 0;
}
