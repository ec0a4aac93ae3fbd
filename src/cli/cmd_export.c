// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_export.c: `oakum export`: the files of a container as a tar. */
#include <errno.h>
#include <sys/stat.h>

#include "cli/archive_out.h"
#include "cli/commands.h"
#include "engine/view.h"
#include "image/export.h"

struct export_flags {
    const char *output;
};

static const struct cli_option options[] = {
    { "output", 'o', OPT_TEXT, OPTION_FIELD(struct export_flags, output), "FILE",
      "write to FILE, and not to standard output", NULL },
};

static int write_view(void *arg, int out, struct error *err)
{
    const struct engine_view *view = arg;
    return export_directory(view->fd, out, view->ids_first, err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct export_flags f = { 0 };
    struct error err = { 0 };
    struct engine_view view;
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    if (f.output == NULL && isatty(STDOUT_FILENO))
        return fail_text(cli, 1,
                         "an archive is not written to a terminal: use --output FILE, or redirect it");
    _cleanup_engine_ struct engine *e = NULL;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_view_container(e, argv[1], &view, &err);
    if (r == 0) {
        r = archive_out(f.output, write_view, &view, &err);
        close(view.fd);
    }
    return r < 0 ? fail(cli, 1, &err) : 0;
}

const struct command cmd_export = {
    .name = "export",
    .synopsis = "[OPTIONS] CONTAINER",
    .summary = "Write the files of a container to an archive",
    .details =
        "The container may run or not. What is mounted in it (volumes, tmpfs, /proc, /dev) is left out, as docker does; owners are those\n"
        "that the container sees. The same files give the same bytes. \"oakum import\" makes an image of the archive.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
