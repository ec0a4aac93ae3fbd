// SPDX-License-Identifier: Apache-2.0
/* cli/runtime_manage.c: `oakum-runtime start`, `state`, `kill`, `delete` and `list`. */
#include <errno.h>
#include <regex.h>
#include <signal.h>

#include "base/table.h"
#include "cli/json_out.h"
#include "cli/runtime.h"
#include "sys/file.h"

struct flags {
    bool all, force, quiet, regex;
    const char *format;
};

#define F(field) OPTION_FIELD(struct flags, field)

static const struct cli_option kill_options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "to every process of the container", NULL },
    { "regex", 'r', OPT_FLAG, F(regex), NULL, "ID is a regular expression: to all containers that match",
      NULL },
};
static const struct cli_option delete_options[] = {
    { "force", 'f', OPT_FLAG, F(force), NULL, "kill it first when it runs; one that is not there is no error",
      NULL },
    { "regex", 'r', OPT_FLAG, F(regex), NULL, "ID is a regular expression: all containers that match", NULL },
};
static const struct cli_option list_options[] = {
    { "format", 'f', OPT_TEXT, F(format), "FORMAT", "table or json", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "ids only", NULL },
};

/* What all of them begin with. -1: go on. */
static int begin(const struct cli *cli, struct flags *f, int argc, char **argv, int min, int max, int *words,
                 struct runtime **rt)
{
    struct error err = { 0 };
    int status = command_options(cli, f, NULL, argc, argv, words);
    if (status < 0)
        status = command_words(cli, *words, min, max);
    if (status >= 0)
        return status;
    if (format_check(f->format, &err) < 0)
        return fail(cli, 1, &err);
    status = runtime_begin(cli, rt);
    return status != 0 ? status : -1;
}

static int start_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { 0 };
    struct error err = { 0 };
    _cleanup_runtime_ struct runtime *rt = NULL;
    int words;
    int status = begin(cli, &f, argc, argv, 1, 1, &words, &rt);
    if (status >= 0)
        return status;
    return container_start(rt, argv[1], getenv("NOTIFY_SOCKET"), &err) < 0 ? fail(cli, 1, &err) : 0;
}

static int state_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { 0 };
    struct error err = { 0 };
    struct container_state *st;
    _cleanup_runtime_ struct runtime *rt = NULL;
    int words;
    int status = begin(cli, &f, argc, argv, 1, 1, &words, &rt);
    if (status >= 0)
        return status;
    if (container_state(rt, argv[1], &st, &err) < 0)
        return fail(cli, 1, &err);
    _cleanup_json_ json_t *doc = container_state_to_json(st);
    container_state_free(st);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    json_out(&out, doc, 2);
    return out_write(&out);
}

/* Does act for id or, with --regex, for every container whose id matches it somewhere (crun's way); none is no error. */
static int each_match(const struct cli *cli, const struct flags *f, struct runtime *rt, const char *id,
                      int sig,
                      int (*act)(const struct flags *f, struct runtime *rt, const char *id, int sig,
                                 struct error *err))
{
    struct error err = { 0 };
    struct container_state **list;
    regex_t re;
    size_t n;
    int status = 0;
    if (!f->regex)
        return act(f, rt, id, sig, &err) < 0 ? fail(cli, 1, &err) : 0;
    if (regcomp(&re, id, REG_EXTENDED | REG_NOSUB) != 0)
        return fail_text(cli, 1, "--regex: \"%s\" is not a regular expression", id);
    if (container_list(rt, &list, &n, &err) < 0) {
        regfree(&re);
        return fail(cli, 1, &err);
    }
    for (size_t i = 0; i < n; i++) {
        struct error one = { 0 };
        if (regexec(&re, list[i]->id, 0, NULL, 0) == 0 && act(f, rt, list[i]->id, sig, &one) < 0)
            status = fail(cli, 1, &one);
        container_state_free(list[i]);
    }
    free(list);
    regfree(&re);
    return status;
}

static int kill_one(const struct flags *f, struct runtime *rt, const char *id, int sig, struct error *err)
{
    return container_kill(rt, id, sig, f->all, err);
}

static int delete_one(const struct flags *f, struct runtime *rt, const char *id, int sig, struct error *err)
{
    (void) sig;
    return container_delete(rt, id, f->force, err);
}

static int kill_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { 0 };
    _cleanup_runtime_ struct runtime *rt = NULL;
    int words, sig = SIGTERM;
    int status = begin(cli, &f, argc, argv, 1, 2, &words, &rt);
    if (status >= 0)
        return status;
    if (words == 2 && str_eq(argv[2], "0")) /* kill(2): is there somebody who could be sent one? */
        sig = 0;
    else if (words == 2 && signal_parse(argv[2], &sig) < 0)
        return fail_text(cli, 1, "\"%s\" is not a signal such as SIGTERM or 15", argv[2]);
    return each_match(cli, &f, rt, argv[1], sig, kill_one);
}

static int delete_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { 0 };
    _cleanup_runtime_ struct runtime *rt = NULL;
    int words;
    int status = begin(cli, &f, argc, argv, 1, -1, &words, &rt);
    if (status >= 0)
        return status;
    status = 0;
    for (int i = 1; i <= words; i++) {
        if (each_match(cli, &f, rt, argv[i], 0, delete_one) != 0)
            status = 1;
    }
    return status;
}

static void list_table(struct container_state *const *list, size_t n, struct strbuf *out)
{
    static const char *const headers[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < n; i++) {
        char pid[16], owner[16];
        if (str_format(pid, sizeof(pid), "%d", list[i]->pid) < 0 ||
            str_format(owner, sizeof(owner), "#%u", list[i]->owner_uid) < 0)
            continue;
        const char *cells[] = { list[i]->id,
                                pid,
                                container_status_name(list[i]->status),
                                list[i]->bundle,
                                list[i]->created,
                                list[i]->owner_uid == 0 ? "root" : owner };
        table_row(t, cells);
    }
    table_render(t, out);
    table_free(t);
}

static void list_json(struct container_state *const *list, size_t n, struct strbuf *out)
{
    _cleanup_json_ json_t *doc = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(doc, container_state_to_json(list[i]));
    json_out(out, doc, 2);
}

static int list_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { 0 };
    struct error err = { 0 };
    struct container_state **list;
    size_t n;
    _cleanup_runtime_ struct runtime *rt = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int words;
    int status = begin(cli, &f, argc, argv, 0, 0, &words, &rt);
    if (status >= 0)
        return status;
    if (container_list(rt, &list, &n, &err) < 0)
        return fail(cli, 1, &err);
    if (format_is_json(f.format))
        list_json(list, n, &out);
    else if (!f.quiet)
        list_table(list, n, &out);
    for (size_t i = 0; i < n; i++) {
        if (f.quiet && !format_is_json(f.format)) {
            text_neutralise(&out, list[i]->id);
            strbuf_addc(&out, '\n');
        }
        container_state_free(list[i]);
    }
    free(list);
    return out_write(&out);
}

const struct command runtime_start = {
    .name = "start",
    .synopsis = "ID",
    .summary = "Start a container that was created",
    .details =
        "With NOTIFY_SOCKET in the environment, here and at create, it returns when the program has said that it is ready "
        "(see run), or has ended.",
    .run = start_main,
};

const struct command runtime_state = {
    .name = "state",
    .synopsis = "ID",
    .summary = "Show a container's state as JSON",
    .run = state_main,
};

const struct command runtime_kill = {
    .name = "kill",
    .synopsis = "[OPTIONS] ID [SIGNAL]",
    .summary = "Send a signal (SIGTERM) to a container",
    .details =
        "A signal is a name, with or without SIG, or a number. 0 sends nothing: it is an error when the container does not run.",
    .options = kill_options,
    .n_options = ARRAY_LEN(kill_options),
    .run = kill_main,
};

const struct command runtime_delete = {
    .name = "delete",
    .synopsis = "[OPTIONS] ID [ID...]",
    .summary = "Delete containers that have ended",
    .options = delete_options,
    .n_options = ARRAY_LEN(delete_options),
    .run = delete_main,
};

const struct command runtime_list = {
    .name = "list",
    .synopsis = "[OPTIONS]",
    .summary = "List containers",
    .options = list_options,
    .n_options = ARRAY_LEN(list_options),
    .run = list_main,
};
