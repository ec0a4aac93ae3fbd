// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_commit.c: `oakum commit`: an image of a container; `oakum diff`: what it has changed. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "engine/changes.h"
#include "engine/commit.h"

struct commit_flags {
    const char *author, *message;
    struct oci_strings changes;
    struct opt_bool pause;
};

#define F(field) OPTION_FIELD(struct commit_flags, field)
static const struct cli_option options[] = {
    { "author", 'a', OPT_TEXT, F(author), "NAME", "who made it, for the image", NULL },
    { "change", 'c', OPT_LIST, F(changes), "INSTRUCTION",
      "as in a Dockerfile: CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME or WORKDIR",
      NULL },
    { "message", 'm', OPT_TEXT, F(message), "TEXT", "a comment for the image's history", NULL },
    { "pause", 'p', OPT_TRI, F(pause), NULL, "pause it meanwhile (the default; --pause=false lets it run)",
      NULL },
};

static int commit_main(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct commit_flags f = { 0 };
    struct error err = { 0 };
    char id[65] = "";
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, 2, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    const struct commit_request req = { .container = argv[1],
                                        .name = words > 1 ? argv[2] : NULL,
                                        .author = f.author,
                                        .message = f.message,
                                        .changes = f.changes,
                                        .pause = !f.pause.set || f.pause.v };
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_commit(e, &req, id, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
    strbuf_addf(&line, "sha256:%s\n", id);
    return out_write(&line);
}

const struct command cmd_commit = {
    .name = "commit",
    .synopsis = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    .summary = "Make an image of what a container has changed",
    .details =
        "The new image is the container's own and one layer more, which holds only what is another in its root. What is mounted (volumes, tmpfs, secrets)\n"
        "is not in it, and owners are those that the container sees. Command, environment (-e too: look that no secret is among it), labels, user, working\n"
        "directory and stop signal are the container's, changed by --change. Its id is printed.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = commit_main,
};

static int add_line(void *arg, char kind, const char *path)
{
    struct strbuf *out = arg;
    strbuf_addf(out, "%c ", kind);
    text_neutralise(out, path);
    strbuf_addc(out, '\n');
    return 0;
}

static int diff_main(const struct cli *cli, int argc, char **argv)
{
    struct error err = { 0 };
    struct engine_container c;
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_get(e, argv[1], &c, &err);
    if (r == 0) {
        r = engine_changes(e, c.record->id, add_line, &out, &err);
        engine_container_clear(&c);
    }
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command cmd_diff = {
    .name = "diff",
    .synopsis = "CONTAINER",
    .summary = "Show which files a container has changed in its root",
    .details =
        "A added, C changed, D removed; a directory in which something was added or removed is changed. What is mounted in the container is not\n"
        "looked at. \"oakum image diff\" compares images.",
    .run = diff_main,
};
