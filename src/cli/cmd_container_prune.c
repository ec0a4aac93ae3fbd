// SPDX-License-Identifier: Apache-2.0
/* cli/cmd_container_prune.c: `oakum container prune`: containers that do not run, after a question. */
#include <errno.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "engine/logs.h"

struct prune_flags {
    bool force;
    struct oci_strings filters;
};

#define F(field) OPTION_FIELD(struct prune_flags, field)
static const struct cli_option options[] = {
    { "filter", 0, OPT_LIST, F(filters), "KEY=VALUE",
      "only those with label=NAME[=VALUE], without label!=, or made before until=TIME", NULL },
    { "force", 'f', OPT_FLAG, F(force), NULL, "do not ask", NULL },
};

static int check(const struct oci_strings *filters, struct error *err)
{
    struct timespec t;
    for (size_t i = 0; i < filters->n; i++) {
        const char *until = str_after(filters->v[i], "until=");
        if (until != NULL
                ? logs_time_parse(until, &t) < 0
                : str_after(filters->v[i], "label=") == NULL && str_after(filters->v[i], "label!=") == NULL)
            return error_set(err, -EINVAL,
                             "--filter \"%s\" must be label=, label!= or until= with a time or duration",
                             filters->v[i]);
    }
    return 0;
}

static bool wanted(const struct oci_strings *filters, const struct engine_record *r)
{
    struct timespec t, made;
    for (size_t i = 0; i < filters->n; i++) {
        const char *f = filters->v[i], *v;
        if ((v = str_after(f, "label=")) != NULL && !oci_pairs_match(&r->labels, v))
            return false;
        if ((v = str_after(f, "label!=")) != NULL && oci_pairs_match(&r->labels, v))
            return false;
        if ((v = str_after(f, "until=")) != NULL &&
            (r->created == NULL || clock_parse(r->created, &made) < 0 || logs_time_parse(v, &t) < 0 ||
             made.tv_sec >= t.tv_sec))
            return false;
    }
    return true;
}

/* What takes part: neither what runs, nor what is being made, nor what is damaged, which nobody should lose unseen. */
static bool is_over(const struct engine_container *c)
{
    return c->status == ENGINE_EXITED || c->status == ENGINE_CREATED;
}

/* Of all containers, looked at once. */
struct sizes {
    struct engine_usage *v;
    size_t n;
};

static int64_t size_of(const struct sizes *sizes, const char *id)
{
    for (size_t i = 0; i < sizes->n; i++)
        if (str_eq(sizes->v[i].name, id))
            return sizes->v[i].size;
    return 0;
}

static int prune(const struct cli *cli, struct engine *e, const struct prune_flags *f, struct arena *a,
                 struct strbuf *out)
{
    struct error err = { 0 };
    struct engine_container *list = NULL;
    struct engine_usage *volumes;
    struct sizes sizes = { 0 };
    size_t n = 0, n_volumes;
    int64_t freed = 0;
    int status = 0;
    char size[40];
    if (engine_list(e, true, &list, &n, &err) < 0)
        return fail(cli, 1, &err);
    if (engine_usage(e, a, &sizes.v, &sizes.n, &volumes, &n_volumes, NULL) < 0)
        sizes.n = 0; /* nobody is kept from removing by what cannot be counted */
    for (size_t i = 0; i < n; i++) {
        if (!is_over(&list[i]) || !wanted(&f->filters, list[i].record))
            continue;
        int64_t bytes = size_of(&sizes, list[i].record->id);
        error_clear(&err);
        int r = engine_remove(e, list[i].record->id, false, &err);
        if (r < 0 && r != -ENOENT) {
            status = fail(cli, 1, &err);
            continue;
        }
        freed += bytes;
        strbuf_addf(out, "%s%s\n", out->len == 0 ? "Deleted Containers:\n" : "", list[i].record->id);
    }
    engine_containers_free(list, n);
    strbuf_addf(out, "%sTotal reclaimed space: %s\n", out->len > 0 ? "\n" : "",
                shown_size(freed, size, sizeof(size)));
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct prune_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_engine_ struct engine *e = NULL;
    if (check(&f.filters, &err) < 0 || engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    if (!f.force && !confirmed("stopped containers"))
        return 0;
    status = prune(cli, e, &f, a, &out);
    int written = out_write(&out);
    return status > 0 ? status : written;
}

const struct command cmd_container_prune = {
    .name = "container prune",
    .synopsis = "[OPTIONS]",
    .summary = "Remove all containers that do not run",
    .details = "A damaged one stays: \"oakum ps -a\" shows it, and \"oakum rm\" removes it.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
