// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_stats.c: `oakum stats`: what containers use, once or again and again.
 *
 * Processor time is a rate, so each figure is made of two samples a second apart; live, the one before is the first of the two. On a
 * terminal a live table is drawn over the one before it: the cursor goes to the corner, each line's end and what is below the last is
 * erased. What comes from containers (names) cannot bring control sequences of its own (base/table.h, cli/format.h).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "engine/stats.h"

#define SAMPLE_MS 1000

struct stats_flags {
    bool all, no_stream, no_trunc;
    const char *format;
};

#define F(field) OPTION_FIELD(struct stats_flags, field)
static const struct cli_option options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "also those that do not run", NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "no-stream", 0, OPT_FLAG, F(no_stream), NULL, "once, not until it is interrupted", NULL },
    { "no-trunc", 0, OPT_FLAG, F(no_trunc), NULL, "whole ids", NULL },
};

/* One container, and what it had used at the sample before. */
struct line {
    char id[65];
    const char *asked, *name; /* asked: the word of the command line */
    struct engine_stats now, before;
};

/* All that is shown at one time; names live in the arena. */
struct sample {
    struct arena *a;
    struct line *v;
    size_t n;
};

static void sample_free(struct sample *s)
{
    free(s->v);
    arena_free(s->a);
    *s = (struct sample){ 0 };
}

/* At most three digits that count, in steps of 1000 or (binary, four digits) 1024: docker's. */
static char *size_text(uint64_t bytes, bool binary)
{
    static const char *const decimal[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" }, *const powers[] = {
        "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
    };
    double v = (double) bytes, step = binary ? 1024 : 1000;
    size_t u = 0;
    while (v >= step && u + 1 < ARRAY_LEN(decimal)) {
        v /= step;
        u++;
    }
    return xasprintf("%.*g%s", binary ? 4 : 3, v, (binary ? powers : decimal)[u]);
}

static char *pair_text(uint64_t a, uint64_t b, bool binary)
{
    _cleanup_free_ char *x = size_text(a, binary), *y = size_text(b, binary);
    return xasprintf("%s / %s", x, y);
}

static double cpu_percent(const struct line *l)
{
    int64_t passed = l->now.at_ns - l->before.at_ns;
    if (l->before.at_ns == 0 || passed <= 0 || l->now.cpu_ns < l->before.cpu_ns)
        return 0;
    return (double) (l->now.cpu_ns - l->before.cpu_ns) / (double) passed * 100;
}

static json_t *line_json(const struct line *l, bool no_trunc)
{
    const struct engine_stats *s = &l->now;
    double memory = s->memory_limit > 0 ? (double) s->memory / (double) s->memory_limit * 100 : 0;
    _cleanup_free_ char *mem = pair_text(s->memory, s->memory_limit, true),
                        *net = pair_text(s->received, s->sent, false),
                        *io = pair_text(s->read, s->written, false);
    json_t *j = json_object();
    json_object_set_new(j, "BlockIO", json_string(io));
    json_object_set_new(j, "CPUPerc", json_sprintf("%.2f%%", cpu_percent(l)));
    json_object_set_new(j, "Container",
                        l->asked != NULL ? json_string(l->asked)
                                         : json_sprintf("%.*s", no_trunc ? 64 : 12, l->id));
    json_object_set_new(j, "ID", json_sprintf("%.*s", no_trunc ? 64 : 12, l->id));
    json_object_set_new(j, "MemPerc", json_sprintf("%.2f%%", memory));
    json_object_set_new(j, "MemUsage", json_string(mem));
    json_object_set_new(j, "Name", json_string(l->name));
    json_object_set_new(j, "NetIO", json_string(net));
    json_object_set_new(j, "PIDs", json_sprintf("%llu", (unsigned long long) s->processes));
    return j;
}

/* ---- samples ---- */

static int sample_add(struct engine *e, struct sample *s, const struct engine_container *c, const char *asked,
                      struct error *err)
{
    struct line l = { .asked = asked };
    int r = engine_stats(e, c, &l.now, err);
    if (r < 0 && r != -ESRCH)
        return error_context(err, r, "container %.12s", c->record->id);
    memcpy(l.id, c->record->id, sizeof(l.id));
    l.name = arena_strdup(s->a, c->record->name != NULL ? c->record->name : "");
    s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
    s->v[s->n++] = l;
    return 0;
}

static int sample_all(struct engine *e, bool all, struct sample *s, struct error *err)
{
    struct engine_container *list = NULL;
    size_t n = 0;
    int r = engine_list(e, all, &list, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (all || list[i].status != ENGINE_RESTARTING)
            r = sample_add(e, s, &list[i], NULL, err);
    engine_containers_free(list, n);
    return r;
}

/* ids: of the words of the command line, found once, so that a name that goes to another container is not followed there. */
static int sample_named(struct engine *e, char (*ids)[65], char **asked, size_t n, struct sample *s,
                        struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct engine_container c;
        r = engine_get(e, ids[i], &c, err);
        if (r == -ENOENT) { /* it was removed: it is not shown any more */
            error_clear(err);
            r = 0;
            continue;
        }
        if (r == 0) {
            r = sample_add(e, s, &c, asked[i], err);
            engine_container_clear(&c);
        }
    }
    return r;
}

static void sample_follow(struct sample *now, const struct sample *before)
{
    for (size_t i = 0; i < now->n; i++)
        for (size_t k = 0; k < before->n; k++)
            if (str_eq(now->v[i].id, before->v[k].id))
                now->v[i].before = before->v[k].now;
}

/* ---- output ---- */

static int render(const struct stats_flags *f, const struct sample *s, struct strbuf *out, struct error *err)
{
    static const char *const headers[] = { "CONTAINER ID", "NAME",    "CPU %",     "MEM USAGE / LIMIT",
                                           "MEM %",        "NET I/O", "BLOCK I/O", "PIDS" };
    static const char *const cells[] = { "ID",      "Name",  "CPUPerc", "MemUsage",
                                         "MemPerc", "NetIO", "BlockIO", "PIDs" };
    struct format_header fields[ARRAY_LEN(cells) + 2] = { { "Container", "CONTAINER" } };
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        fields[i + 1] = (struct format_header){ cells[i], headers[i] };
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_format_ struct format *format = NULL;
    int r = format_parse(f->format, a, &format, err);
    if (r < 0)
        return r;
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; r == 0 && i < s->n; i++) {
        json_t *j = line_json(&s->v[i], f->no_trunc || format_as_json(format));
        if (!format_as_table(format)) {
            r = format_row(format, j, out, err);
            continue;
        }
        const char *row[ARRAY_LEN(cells)];
        for (size_t k = 0; k < ARRAY_LEN(cells); k++)
            row[k] = json_string_value(json_object_get(j, cells[k]));
        table_row(t, row);
        json_decref(j);
    }
    if (r == 0 && format_as_table(format))
        table_render(t, out);
    else if (r == 0)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

/* Over what was drawn before. */
static int draw(const struct strbuf *text)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    strbuf_adds(&out, "\033[H");
    for (const char *p = text->buf; *p != '\0'; p++) {
        if (*p == '\n')
            strbuf_adds(&out, "\033[K");
        strbuf_addc(&out, *p);
    }
    strbuf_adds(&out, "\033[J");
    return out_write(&out);
}

/* ---- the command ---- */

struct stats_run {
    const struct cli *cli;
    const struct stats_flags *f;
    struct engine *e;
    char (*ids)[65];
    char **asked;
    size_t n; /* 0: all there are */
    int interrupt;
};

static int take(const struct stats_run *s, struct sample *ret, struct error *err)
{
    *ret = (struct sample){ .a = arena_new() };
    return s->n > 0 ? sample_named(s->e, s->ids, s->asked, s->n, ret, err)
                    : sample_all(s->e, s->f->all, ret, err);
}

/* True: a person has had enough. */
static bool interrupted(const struct stats_run *s)
{
    int64_t end = clock_monotonic_ms() + SAMPLE_MS, left;
    while ((left = end - clock_monotonic_ms()) > 0) {
        struct pollfd p = { .fd = s->interrupt, .events = POLLIN };
        int r = poll(&p, 1, (int) left);
        if (r > 0 || (r < 0 && errno != EINTR))
            return true;
    }
    return false;
}

static int watch(const struct stats_run *s)
{
    struct error err = { 0 };
    struct sample before = { 0 }, now = { 0 };
    bool live = !s->f->no_stream, terminal = live && isatty(STDOUT_FILENO) == 1;
    int r = take(s, &before, &err), status = 0;
    if (r == 0 && terminal)
        status = out_text("\033[2J");
    while (r == 0 && status == 0) {
        if (interrupted(s))
            break;
        _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
        r = take(s, &now, &err);
        sample_follow(&now, &before);
        if (r == 0)
            r = render(s->f, &now, &out, &err);
        if (r == 0)
            status = terminal ? draw(&out) : out_write(&out);
        bool all_gone = s->n > 0 && now.n == 0;
        sample_free(&before);
        before = now;
        now = (struct sample){ 0 };
        if (!live || all_gone)
            break;
    }
    sample_free(&before);
    sample_free(&now);
    return r < 0 ? fail(s->cli, 1, &err) : status;
}

/* Before the first sample, so that none is waited for when the format is wrong; a name that is not there is told for each. */
static int prepare(struct stats_run *s)
{
    struct error err = { 0 };
    struct sample nothing = { 0 };
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int status = 0;
    if (render(s->f, &nothing, &out, &err) < 0 ||
        engine_open(s->cli->root, s->cli->state, false, &s->e, &err) < 0)
        return fail(s->cli, 1, &err);
    for (size_t i = 0; i < s->n; i++) {
        struct error why = { 0 };
        if (engine_find(s->e, s->asked[i], s->ids[i], &why) < 0)
            status = fail(s->cli, 1, &why);
    }
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    if (status == 0 && !s->f->no_stream) {
        sigprocmask(SIG_BLOCK, &mask, NULL);
        s->interrupt = signalfd(-1, &mask, SFD_CLOEXEC);
        if (s->interrupt < 0)
            return fail_text(s->cli, 1, "cannot wait for signals: %m");
    }
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct stats_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, -1, &words);
    if (status >= 0)
        return status;
    struct stats_run s = { .cli = cli, .f = &f, .asked = argv + 1, .n = (size_t) words, .interrupt = -1 };
    s.ids = xcalloc(s.n + 1, sizeof(*s.ids));
    status = prepare(&s);
    if (status == 0)
        status = watch(&s);
    if (s.interrupt >= 0)
        close(s.interrupt);
    engine_close(s.e);
    free(s.ids);
    return status;
}

const struct command cmd_stats = {
    .name = "stats",
    .synopsis = "[OPTIONS] [CONTAINER...]",
    .summary = "Show what containers use of processors, memory, network and disks",
    .details =
        "All that run, or those that are named, every second until it is interrupted. Memory is without inactive pages of\n"
        "files. On cgroup version 1 block I/O is counted of containers with --cgroup-parent or a limit of it; others show 0B.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
