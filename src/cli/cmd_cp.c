// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_cp.c: `oakum cp`: files into a container and out of it. */
#include <errno.h>

#include "cli/commands.h"
#include "cli/containers.h"
#include "engine/copy.h"

struct cp_flags {
    bool archive, follow, quiet;
};

#define F(field) OPTION_FIELD(struct cp_flags, field)
static const struct cli_option options[] = {
    { "archive", 'a', OPT_FLAG, F(archive), NULL,
      "keep owners, by their numbers in the container; else files belong to its root, or to you outside",
      NULL },
    { "follow-link", 'L', OPT_FLAG, F(follow), NULL,
      "copy what a link leads to that SOURCE ends in, not the link", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "say nothing on a terminal either", NULL },
};

/* docker: NAME:PATH, unless it begins as a path of the host does. */
static bool names_container(const char *arg, char **ret_container, const char **ret_path)
{
    const char *colon = strchr(arg, ':');
    if (colon == NULL || arg[0] == '/' || arg[0] == '.')
        return false;
    *ret_container = xstrndup(arg, (size_t) (colon - arg));
    *ret_path = colon + 1;
    return true;
}

static int copy(const struct cli *cli, const struct copy_request *req, const struct cp_flags *f,
                const char *target)
{
    struct error err = { 0 };
    struct copy_report report = { 0 };
    _cleanup_engine_ struct engine *e = NULL;
    char size[32];
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_copy(e, req, &report, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    if (report.left_out > 0)
        warn_text(cli, "%llu device nodes and sockets were left out (the first is %s)",
                  (unsigned long long) report.left_out, report.first_left_out);
    if (!f->quiet && req->host != NULL && isatty(STDERR_FILENO)) {
        _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
        strbuf_addf(&line, "Successfully copied %s to %s\n",
                    shown_size((int64_t) report.bytes, size, sizeof(size)), target);
        (void) !write(STDERR_FILENO, line.buf, line.len);
    }
    return 0;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct cp_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 2, 2, &words);
    if (status >= 0)
        return status;
    _cleanup_free_ char *from = NULL, *to = NULL;
    const char *inside[2];
    bool out = names_container(argv[1], &from, &inside[0]), in = names_container(argv[2], &to, &inside[1]);
    if (out && in)
        return fail_text(
            cli, 1, "from container to container nothing is copied directly: cp to - and from - in a pipe");
    if (!out && !in)
        return fail_text(cli, 1, "one of both must be CONTAINER:PATH");
    const char *host = argv[out ? 2 : 1];
    struct copy_request req = { .container = out ? from : to,
                                .inside = inside[out ? 0 : 1],
                                .host = str_eq(host, "-") ? NULL : host,
                                .stream = out ? STDOUT_FILENO : STDIN_FILENO,
                                .to_container = in,
                                .keep_owners = f.archive,
                                .follow = f.follow };
    if (req.container[0] == '\0' || host[0] == '\0' || req.inside[0] == '\0')
        return fail_text(cli, 1, "neither a container's name nor a path may be empty");
    if (req.host == NULL && isatty(req.stream))
        return fail_text(cli, 1, "an archive is not %s a terminal: redirect it",
                         out ? "written to" : "read from");
    return copy(cli, &req, &f, argv[2]);
}

const struct command cmd_cp = {
    .name = "cp",
    .synopsis = "[OPTIONS] CONTAINER:PATH DEST|-  or  SOURCE|- CONTAINER:PATH",
    .summary = "Copy files between a container and the host",
    .details =
        "A SOURCE that is a directory goes into DEST, or becomes DEST when that is not there; with /. at its end its contents go into DEST.\n"
        "A file goes into a directory DEST, or becomes DEST. \"-\" is a tar on standard output, or standard input to be unpacked into PATH,\n"
        "which must be a directory then. A path in the container begins at its root, and no link there leads out of it. Of a running container\n"
        "volumes, tmpfs and bind mounts are seen as it sees them; of a stopped one its root, volumes and bind mounts. What is read-only in the\n"
        "container stays it. Device nodes and sockets are left out; out of a container come neither set-user-ID bits nor file capabilities,\n"
        "but into a tar.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
