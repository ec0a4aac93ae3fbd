// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_secret.c: `oakum secret`: docker's and podman's words. A value comes in, and never out. */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "engine/engine.h"
#include "engine/secrets.h"
#include "sys/file.h"

struct secret_flags {
    struct oci_strings labels, filters;
    bool env, quiet;
    const char *format, *signal;
};

#define F(field) OPTION_FIELD(struct secret_flags, field)
static const struct cli_option create_options[] = {
    { "env", 0, OPT_FLAG, F(env), NULL,
      "the second word is the name of one of oakum's own variables that has the value", NULL },
    { "label", 'l', OPT_LIST, F(labels), "KEY[=VALUE]", "label of the secret", NULL },
};
static const struct cli_option rotate_options[] = {
    { "env", 0, OPT_FLAG, F(env), NULL,
      "the second word is the name of one of oakum's own variables that has the value", NULL },
    { "signal", 's', OPT_TEXT, F(signal), "SIGNAL",
      "send it to the first process of each container that got the new value", NULL },
};
static const struct cli_option ls_options[] = {
    { "filter", 'f', OPT_LIST, F(filters), "KEY=VALUE",
      "only those with name=BEGINNING, id=BEGINNING or label=NAME[=VALUE]", NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "only the ids", NULL },
};
static const struct cli_option inspect_options[] = {
    { "format", 'f', OPT_TEXT, F(format), "FORMAT", "a Go template for each", NULL },
};

/* The value, from a file, standard input or a variable. The caller wipes it. */
static int read_value(const struct secret_flags *f, const char *from, char **ret, size_t *ret_len,
                      struct error *err)
{
    if (f->env) {
        const char *value = from != NULL ? getenv(from) : NULL;
        if (value == NULL)
            return error_set(err, -ENOENT, "--env: there is no variable \"%s\"", from != NULL ? from : "");
        *ret = xstrdup(value);
        *ret_len = strlen(value);
        return 0;
    }
    if (from != NULL && !str_eq(from, "-"))
        return file_read(AT_FDCWD, from, SECRET_MAX + 1, ret, ret_len, err);
    if (isatty(STDIN_FILENO))
        return error_set(err, -EINVAL, "a secret is not typed where it is shown; give a FILE, or pipe it in");
    return file_read_fd(STDIN_FILENO, "standard input", SECRET_MAX + 1, ret, ret_len, err);
}

static int store(struct engine *e, const struct secret_flags *f, char **argv, int words, bool replace,
                 char *id, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_pairs labels = { 0 };
    char *value = NULL;
    size_t len = 0;
    int r = 0;
    for (size_t i = 0; i < f->labels.n && r == 0; i++)
        r = pairs_add(a, &labels, "label", f->labels.v[i], err);
    if (r == 0)
        r = read_value(f, words > 1 ? argv[2] : NULL, &value, &len, err);
    if (r == 0)
        r = secret_store(e, argv[1], value, len, &labels, replace, id, err);
    if (value != NULL)
        explicit_bzero(value, len);
    free(value);
    return r;
}

static int run_create(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct secret_flags f = { 0 };
    struct error err = { 0 };
    char id[26];
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, 2, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (engine_open(cli->root, cli->state, true, &e, &err) < 0 ||
        store(e, &f, argv, words, false, id, &err) < 0)
        return fail(cli, 1, &err);
    strbuf_addf(&out, "%s\n", id);
    return out_write(&out);
}

struct rotation {
    const struct cli *cli;
    struct strbuf out;
    int status;
};

static void told(void *arg, const char *container, int r, const struct error *err)
{
    struct rotation *to = arg;
    if (r < 0) {
        struct error said = { 0 };
        error_set(&said, r, "container %s has the old value still: %s", container, err->msg);
        to->status = fail(to->cli, 1, &said);
        return;
    }
    strbuf_addf(&to->out, "%s\n", container);
}

static int run_rotate(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct rotation to = { cli, STRBUF_INIT, 0 };
    struct secret_flags f = { 0 };
    struct error err = { 0 };
    char id[26];
    int words, sig = 0;
    int status = command_arguments(cli, &f, a, argc, argv, 1, 2, &words);
    if (status >= 0)
        return status;
    status = f.signal != NULL ? signal_argument(cli, f.signal, &sig) : -1;
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = store(e, &f, argv, words, true, id, &err);
    if (r == 0)
        r = secret_deliver(e, argv[1], sig, told, &to, &err);
    if (r < 0)
        to.status = fail(cli, 1, &err);
    int written = out_write(&to.out);
    strbuf_free(&to.out);
    return to.status != 0 ? to.status : written;
}

/* ---- ls ---- */

static int check_filters(const struct oci_strings *filters, struct error *err)
{
    for (size_t i = 0; i < filters->n; i++) {
        const char *f = filters->v[i];
        if (str_after(f, "name=") == NULL && str_after(f, "id=") == NULL && str_after(f, "label=") == NULL)
            return error_set(err, -EINVAL, "--filter \"%s\" must be name=, id= or label=", f);
    }
    return 0;
}

static bool wanted(const struct secret_info *s, const struct oci_strings *filters)
{
    for (size_t i = 0; i < filters->n; i++) {
        const char *v;
        if ((v = str_after(filters->v[i], "name=")) != NULL && str_after(s->name, v) == NULL)
            return false;
        if ((v = str_after(filters->v[i], "id=")) != NULL && (s->id == NULL || str_after(s->id, v) == NULL))
            return false;
        if ((v = str_after(filters->v[i], "label=")) != NULL && !oci_pairs_match(&s->labels, v))
            return false;
    }
    return true;
}

static const char *ago(struct arena *a, const char *when)
{
    char shown[64] = "";
    if (when != NULL)
        ago_text(when, shown, sizeof(shown), true);
    return arena_strdup(a, shown);
}

static json_t *row(struct arena *a, const struct secret_info *s)
{
    _cleanup_strbuf_ struct strbuf labels = STRBUF_INIT;
    for (size_t i = 0; i < s->labels.n; i++)
        strbuf_addf(&labels, "%s%s=%s", i > 0 ? "," : "", s->labels.v[i].key, s->labels.v[i].value);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "ID", s->id != NULL ? s->id : "", "Name", s->name,
                     "Driver", "file", "CreatedAt", ago(a, s->created), "UpdatedAt", ago(a, s->updated),
                     "Labels", labels.len > 0 ? labels.buf : "", "Label", oci_pairs_json(&s->labels));
}

static int render(const struct secret_flags *f, const struct secret_info *v, size_t n, struct arena *a,
                  struct strbuf *out, struct error *err)
{
    static const char *const headers[] = { "ID", "NAME", "DRIVER", "CREATED", "UPDATED" };
    static const struct format_header fields[] = { { "CreatedAt", "CREATED" },
                                                   { "UpdatedAt", "UPDATED" },
                                                   { NULL, NULL } };
    _cleanup_format_ struct format *format = NULL;
    int r = format_parse(f->format, a, &format, err);
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (!wanted(&v[i], &f->filters))
            continue;
        if (f->quiet) {
            strbuf_addf(out, "%s\n", v[i].id != NULL ? v[i].id : v[i].name);
        } else if (format_as_table(format)) {
            const char *cells[] = { v[i].id != NULL ? v[i].id : "damaged", v[i].name, "file",
                                    ago(a, v[i].created), ago(a, v[i].updated) };
            table_row(t, cells);
        } else {
            r = format_row(format, row(a, &v[i]), out, err);
        }
    }
    if (r == 0 && !f->quiet && format_as_table(format))
        table_render(t, out);
    else if (r == 0 && !f->quiet)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

static int run_ls(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct secret_flags f = { 0 };
    struct secret_info *list = NULL;
    struct error err = { 0 };
    size_t n = 0;
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    int r = check_filters(&f.filters, &err);
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = secret_list(e, a, &list, &n, &err);
    if (r == 0)
        r = render(&f, list, n, a, &out, &err);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

/* ---- inspect, rm ---- */

static int document(struct engine *e, const char *name, json_t **ret, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct secret_info info = { .name = "" };
    const struct secret_info *s = &info;
    int r = secret_get(e, a, name, &info, err);
    if (r < 0)
        return r;
    *ret = json_pack("{s:s, s:s, s:s, s:{s:s, s:{s:s}, s:o}, s:s}", "ID", s->id != NULL ? s->id : "",
                     "CreatedAt", s->created != NULL ? s->created : "", "UpdatedAt",
                     s->updated != NULL ? s->updated : "", "Spec", "Name", s->name, "Driver", "Name", "file",
                     "Labels", oci_pairs_json(&s->labels), "Protection",
                     s->id == NULL ? "damaged: its description cannot be read"
                                   : "AES-256-GCM; the key is a file of the same store, mode 0600");
    return 0;
}

static int run_inspect(const struct cli *cli, int argc, char **argv)
{
    struct secret_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    return status >= 0 ? status : inspect_each(cli, words, argv, f.format, document);
}

static int remove_one(struct engine *e, const char *name, void *arg _unused_, struct error *err)
{
    return secret_remove(e, name, err);
}

static int run_rm(const struct cli *cli, int argc, char **argv)
{
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 1, -1, &words);
    return status >= 0 ? status : for_each_container(cli, words, argv, remove_one, NULL);
}

const struct command cmd_secret_create = {
    .name = "secret create",
    .synopsis = "[OPTIONS] NAME [FILE|-]",
    .summary = "Keep a secret, from a file or standard input",
    .details =
        "Give it to a container with \"oakum run --secret NAME\": it is the file /run/secrets/NAME there. The value is kept encrypted\n"
        "and is never shown again.",
    .options = create_options,
    .n_options = ARRAY_LEN(create_options),
    .run = run_create,
};

const struct command cmd_secret_rotate = {
    .name = "secret rotate",
    .synopsis = "[OPTIONS] NAME [FILE|-]",
    .summary = "Give a secret another value, in running containers too",
    .details =
        "Each file is replaced at once. Printed are the running containers that have the new value now.",
    .options = rotate_options,
    .n_options = ARRAY_LEN(rotate_options),
    .run = run_rotate,
};

const struct command cmd_secret_ls = {
    .name = "secret ls",
    .synopsis = "[OPTIONS]",
    .summary = "List secrets",
    .options = ls_options,
    .n_options = ARRAY_LEN(ls_options),
    .run = run_ls,
};

const struct command cmd_secret_inspect = {
    .name = "secret inspect",
    .synopsis = "[OPTIONS] SECRET...",
    .summary = "Show what is known of secrets, but for their values",
    .options = inspect_options,
    .n_options = ARRAY_LEN(inspect_options),
    .run = run_inspect,
};

const struct command cmd_secret_rm = {
    .name = "secret rm",
    .synopsis = "SECRET...",
    .summary = "Remove secrets that no container has",
    .run = run_rm,
};
