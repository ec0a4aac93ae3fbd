// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_base.c: `oakum base`: a minimal image from Debian packages. */
#include <errno.h>

#include "cli/commands.h"
#include "image/base.h"

struct base_flags {
    struct oci_strings packages;
    struct base_options o;
    bool quiet;
};

#define F(field) OPTION_FIELD(struct base_flags, field)
static const struct cli_option options[] = {
    { "mirror", 0, OPT_TEXT, F(o.mirror), "URL", "archive to install from (this host's own apt sources)",
      NULL },
    { "packages", 0, OPT_LIST, F(packages), "NAME[,NAME...]", "package to install, with what it depends on",
      NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "do not show how it goes on (shown on a terminal)", NULL },
    { "suite", 0, OPT_TEXT, F(o.suite), "NAME", "Debian release (this host's own)", NULL },
};

/* "a,b" and repeated flags make one list. */
static void split_packages(struct arena *a, const struct oci_strings *from, struct oci_strings *to)
{
    for (size_t i = 0; i < from->n; i++) {
        char *copy = arena_strdup(a, from->v[i]);
        for (char *save = NULL, *name = strtok_r(copy, ", ", &save); name != NULL;
             name = strtok_r(NULL, ", ", &save))
            oci_strings_add(a, to, name);
    }
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct base_flags f = { 0 };
    struct error err = { 0 };
    struct oci_strings packages = { 0 };
    char id[65];
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    split_packages(a, &f.packages, &packages);
    f.o.log_fd = !f.quiet && isatty(STDERR_FILENO) ? STDERR_FILENO : -1;
    _cleanup_store_ struct store *s = NULL;
    int r = store_open(cli->root, true, &s, &err);
    if (r == 0)
        r = image_base_build(s, packages.v, packages.n, argv[1], &f.o, id, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    strbuf_addf(&out, "sha256:%s\n", id);
    return out_write(&out);
}

const struct command cmd_base = {
    .name = "base",
    .synopsis = "[OPTIONS] NAME[:TAG]",
    .summary = "Make a minimal image from Debian packages",
    .details =
        "The image has Debian's essential packages, those asked for and what they depend on, and nothing that an installation\n"
        "leaves behind. Made again from the same package versions it has the same id. Needs mmdebstrap.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
