// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_logs.c: `oakum logs`. What goes to a terminal is neutralised: a log is the container's text, read by somebody who has more
 * rights than it. A file or a pipe gets the bytes as they were written.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "base/table.h"
#include "cli/commands.h"
#include "engine/logs.h"
#include "sys/file.h"

struct logs_flags {
    bool follow, timestamps, details;
    const char *since, *until, *tail;
};

#define F(field) OPTION_FIELD(struct logs_flags, field)
static const struct cli_option options[] = {
    { "details", 0, OPT_FLAG, F(details), NULL, "also what --log-opt tag has added", NULL },
    { "follow", 'f', OPT_FLAG, F(follow), NULL, "go on until the container has ended", NULL },
    { "since", 0, OPT_TEXT, F(since), "TIME", "from then on: 2026-01-02T13:23:37Z, or 42m for 42 minutes ago",
      NULL },
    { "tail", 'n', OPT_TEXT, F(tail), "N", "the last N lines only (all)", NULL },
    { "timestamps", 't', OPT_FLAG, F(timestamps), NULL, "the time before each line", NULL },
    { "until", 0, OPT_TEXT, F(until), "TIME", "until then", NULL },
};

struct printer {
    const struct logs_flags *f;
    const char *prefix;   /* NULL: one container only */
    struct strbuf out[2]; /* for stdout and stderr */
    bool terminal[2];
};

#define FLUSH_AT 65536

static int flush(struct printer *p)
{
    for (int i = 0; i < 2; i++) {
        if (p->out[i].len > 0 && write_all(i + 1, p->out[i].buf, p->out[i].len) < 0)
            return 1;
        strbuf_reset(&p->out[i]);
    }
    return 0;
}

/* Tabs and line ends stay. */
static void add_neutral(struct strbuf *out, const char *data, size_t n)
{
    while (n > 0) {
        size_t plain = 0;
        while (plain < n && data[plain] != '\t' && data[plain] != '\n' && data[plain] != '\0' &&
               !(data[plain] == '\r' && plain + 1 < n && data[plain + 1] == '\n'))
            plain++;
        _cleanup_free_ char *text = xstrndup(data, plain);
        text_neutralise(out, text);
        if (plain < n && data[plain] == '\0')
            strbuf_adds(out, "\\x00");
        else if (plain < n)
            strbuf_addc(out, data[plain]);
        plain += plain < n;
        data += plain;
        n -= plain;
    }
}

static int print_entry(void *arg, const struct log_entry *e)
{
    struct printer *p = arg;
    if (e == NULL)
        return flush(p);
    /* One stream after the other: what is read from a terminal that both go to stays in order. */
    if (p->out[!e->is_stderr].len > 0 && flush(p) != 0)
        return 1;
    struct strbuf *out = &p->out[e->is_stderr];
    if (p->prefix != NULL)
        strbuf_addf(out, "%s | ", p->prefix);
    if (p->f->timestamps) {
        text_neutralise(out, e->time);
        strbuf_addc(out, ' ');
    }
    if (p->f->details) {
        text_neutralise(out, e->details);
        strbuf_addc(out, ' ');
    }
    if (p->terminal[e->is_stderr])
        add_neutral(out, e->data, e->len);
    else
        strbuf_add(out, e->data, e->len);
    return out->len >= FLUSH_AT ? flush(p) : 0;
}

static int show(const struct cli *cli, const struct logs_request *asked, const struct logs_flags *f,
                const char *name, bool several)
{
    struct error err = { 0 };
    struct printer p = { .f = f,
                         .prefix = several ? name : NULL,
                         .out = { STRBUF_INIT, STRBUF_INIT },
                         .terminal = { isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1 } };
    struct logs_request req = *asked;
    _cleanup_engine_ struct engine *e = NULL;
    req.entry = print_entry;
    req.arg = &p;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_logs(e, name, &req, &err);
    int written = flush(&p);
    strbuf_free(&p.out[0]);
    strbuf_free(&p.out[1]);
    return r < 0 ? fail(cli, 1, &err) : written;
}

/* A process each; they end with us. */
static int show_together(const struct cli *cli, const struct logs_request *req, const struct logs_flags *f,
                         int words, char **argv)
{
    int status = 0, one;
    for (int i = 1; i <= words; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
            _exit(show(cli, req, f, argv[i], true));
        }
        if (pid < 0)
            status = fail_text(cli, 1, "cannot make a process: %m");
    }
    while (wait(&one) > 0)
        if (!WIFEXITED(one) || WEXITSTATUS(one) != 0)
            status = 1;
    return status;
}

static int read_flags(const struct logs_flags *f, struct logs_request *req, struct error *err)
{
    *req = (struct logs_request){ .follow = f->follow, .tail = -1 };
    if (f->tail != NULL && !str_eq(f->tail, "all") && (parse_i64(f->tail, &req->tail) < 0 || req->tail < 0))
        req->tail = -1; /* docker: what is no number is all */
    if (f->since != NULL && logs_time_parse(f->since, &req->since) < 0)
        return error_set(err, -EINVAL, "--since \"%s\" is no time such as 2026-01-02T13:23:37Z or 42m",
                         f->since);
    if (f->until != NULL && logs_time_parse(f->until, &req->until) < 0)
        return error_set(err, -EINVAL, "--until \"%s\" is no time such as 2026-01-02T13:23:37Z or 42m",
                         f->until);
    return 0;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct logs_flags f = { 0 };
    struct logs_request req;
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    if (read_flags(&f, &req, &err) < 0)
        return fail(cli, 1, &err);
    if (words > 1 && f.follow)
        return show_together(cli, &req, &f, words, argv);
    status = 0;
    for (int i = 1; i <= words; i++)
        if (show(cli, &req, &f, argv[i], words > 1) != 0)
            status = 1;
    return status;
}

const struct command cmd_logs = {
    .name = "logs",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Show what containers have written",
    .details =
        "Of containers that were started in the background. What they wrote to standard error comes out of standard error. On a\n"
        "terminal control characters are shown as \\xNN; a file or a pipe gets the bytes as they were written.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
