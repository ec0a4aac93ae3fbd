// SPDX-License-Identifier: Apache-2.0
/* cli/scan_common.c: the program oakum-scan, and what its commands share. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "cli/paths.h"
#include "cli/scan_commands.h"
#include "sys/file.h"

struct globals {
    const char *root, *state, *log_level;
};

#define F(field) OPTION_FIELD(struct globals, field)
static const struct cli_option options[] = {
    { "log-level", 0, OPT_TEXT, F(log_level), "LEVEL", "error, warn, info or debug", NULL },
    { "root", 0, OPT_TEXT, F(root), "DIR", "the store", NULL },
    { "state", 0, OPT_TEXT, F(state), "DIR", "unused here", NULL },
};

static const struct {
    const struct command *table;
    int (*run)(const struct cli *cli, int argc, char **argv);
} parts[] = {
    { &cmd_db_build, scan_db_build },
    { &cmd_db_info, scan_db_info },
    { &cmd_sbom, scan_sbom },
    { &cmd_scan, scan_scan },
};

static int begin(struct cli *cli, void *target)
{
    const struct globals *g = target;
    int level = LOG_LEVEL_WARN;
    if (g->log_level != NULL && log_level_parse(g->log_level, &level) < 0)
        return fail_text(cli, 1, "--log-level must be error, warn, info or debug, not \"%s\"", g->log_level);
    log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, (enum log_level) level, "oakum");
    cli->root = g->root != NULL ? g->root : "/var/lib/oakum";
    cli->state = g->state != NULL ? g->state : "/run/oakum";
    return -1;
}

int oakum_scan_main(int argc, char **argv)
{
    static struct command commands[ARRAY_LEN(parts)];
    static const struct command *list[ARRAY_LEN(parts) + 1];
    struct globals g = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        commands[i] = *parts[i].table;
        commands[i].run = parts[i].run;
        list[i] = &commands[i];
    }
    signal(SIGPIPE, SIG_IGN);
    const struct program p = {
        .name = "oakum",
        .summary = "Look into images",
        .commands = list,
        .globals = options,
        .n_globals = ARRAY_LEN(options),
        .begin = begin,
        .target = &g,
    };
    return program_main(&p, argc, argv);
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
