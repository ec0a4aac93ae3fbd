// SPDX-License-Identifier: Apache-2.0
/* cli/scan_common.c: the program oakum-scan, and what its commands share. */
#include <errno.h>
#include <fcntl.h>

#include "cli/helper.h"
#include "cli/paths.h"
#include "cli/scan_commands.h"
#include "sys/file.h"

static const struct helper_part parts[] = {
    { &cmd_db_build, scan_db_build },
    { &cmd_db_info, scan_db_info },
    { &cmd_sbom, scan_sbom },
    { &cmd_scan, scan_scan },
};

int oakum_scan_main(int argc, char **argv)
{
    return helper_main("Look into images", parts, ARRAY_LEN(parts), argc, argv);
}

/* --- what is looked at --- */

void subject_free(struct subject *s)
{
    for (size_t i = 0; i < s->n_layers && s->layers != NULL; i++)
        free(s->layers[i]);
    free(s->layers);
    free(s->name);
    free(s->digest);
    catalog_free(s->catalog);
    *s = (struct subject){ 0 };
}

const char *subject_layer(const struct subject *s, size_t layer)
{
    return s->layers != NULL && layer < s->n_layers ? s->layers[layer] : NULL;
}

static int read_directory(const char *path, struct subject *s, struct error *err)
{
    _cleanup_close_ int fd = file_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
    if (fd < 0)
        return fd;
    s->name = xstrdup(path);
    s->n_layers = 1;
    return catalog_run(&fd, 1, &s->catalog, err);
}

static int open_layers(const char *const *paths, size_t n, int *fds, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if ((fds[i] = dir_open(AT_FDCWD, paths[i], err)) < 0)
            return fds[i];
    return 0;
}

static int read_image(const struct cli *cli, const char *word, struct subject *s, struct error *err)
{
    _cleanup_store_ struct store *store = NULL;
    _cleanup_store_image_ struct store_image *image = NULL;
    _cleanup_free_ const char **paths = NULL;
    size_t n = 0;
    int r = store_open(cli->root, false, &store, err);
    if (r == 0)
        r = store_find(store, word, &image, err);
    if (r == 0)
        r = store_layers(store, image, &paths, &n, err);
    if (r < 0 || image == NULL)
        return r;
    if (n == 0)
        return error_set(err, -EINVAL, "the image %s has no layers: there is nothing to look at", word);
    s->name = xstrdup(image->name != NULL ? image->name : word);
    s->digest = xasprintf("sha256:%s", image->id);
    s->layers = xcalloc(n, sizeof(*s->layers));
    s->n_layers = n;
    int *fds = xcalloc(n, sizeof(*fds));
    for (size_t i = 0; i < n; i++) {
        const char *hex = strrchr(paths[i], '/');
        s->layers[i] = xasprintf("sha256:%s", hex != NULL ? hex + 1 : paths[i]);
        fds[i] = -1;
    }
    r = open_layers(paths, n, fds, err);
    if (r == 0)
        r = catalog_run(fds, n, &s->catalog, err);
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(fds);
    return r;
}

int subject_read(const struct cli *cli, const char *word, struct subject *ret, struct error *err)
{
    struct subject s = { 0 };
    bool directory = word[0] == '/' || str_eq(word, ".") || str_eq(word, "..") ||
                     str_after(word, "./") != NULL || str_after(word, "../") != NULL;
    int r = directory ? read_directory(word, &s, err) : read_image(cli, word, &s, err);
    if (r < 0)
        subject_free(&s);
    else
        *ret = s;
    return r;
}
