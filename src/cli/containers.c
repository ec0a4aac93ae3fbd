// SPDX-License-Identifier: Apache-2.0
/* cli/containers.c: small things that several commands do. */
#include "cli/containers.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/format.h"
#include "cli/json_out.h"

int for_each_container(const struct cli *cli, int words, char **argv,
                       int (*act)(struct engine *e, const char *name, void *arg, struct error *err),
                       void *arg)
{
    _cleanup_engine_ struct engine *e = NULL;
    struct error opening = { 0 };
    int status = 0;
    if (engine_open(cli->root, cli->state, false, &e, &opening) < 0)
        return fail(cli, 1, &opening);
    for (int i = 1; i <= words; i++) {
        struct error err = { 0 };
        int r = act(e, argv[i], arg, &err);
        if (r != 0) {
            int told = fail(cli, r < 0 ? 1 : 0, &err);
            status = MAX_OF(status, told);
            continue;
        }
        _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
        text_neutralise(&line, argv[i]);
        strbuf_addc(&line, '\n');
        out_write(&line);
    }
    return status;
}

int inspect_each(const struct cli *cli, int words, char **argv, const char *format,
                 int (*document)(struct engine *e, const char *name, json_t **ret, struct error *err))
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_json_ json_t *all = json_array();
    _cleanup_engine_ struct engine *e = NULL;
    struct error err = { 0 };
    int status = 0;
    bool template = format != NULL && !format_is_json(format);
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    for (int i = 1; i <= words; i++) {
        _cleanup_json_ json_t *doc = NULL;
        error_clear(&err);
        int r = document(e, argv[i], &doc, &err);
        if (r == 0 && template)
            r = format_document(format, doc, &out, &err);
        else if (r == 0)
            json_array_append(all, doc);
        if (r < 0)
            status = fail(cli, 1, &err);
    }
    if (!template)
        json_out(&out, all, 4);
    int written = out_write(&out);
    return status != 0 ? status : written;
}

int container_protect(struct engine *e, const char *name, struct error *err)
{
    struct engine_container c;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    int r = engine_get(e, name, &c, err);
    if (r < 0)
        return r;
    if (c.status != ENGINE_DAMAGED)
        r = engine_spec(e, c.record->id, &spec, err);
    engine_container_clear(&c);
    return r < 0 || spec == NULL ? r : runtime_protect(spec, err);
}

int signal_argument(const struct cli *cli, const char *text, int *ret)
{
    return signal_parse(text, ret) < 0 || *ret <= 0
               ? fail_text(cli, 1, "--signal \"%s\" is not a signal such as SIGTERM or 15", text)
               : -1;
}

int detach_keys_argument(const char *text, struct detach_keys *ret, struct error *err)
{
    int r = detach_keys_parse(text != NULL ? text : DETACH_KEYS_DEFAULT, ret, err);
    return r < 0 ? error_context(err, r, "--detach-keys") : 0;
}

bool confirmed(const char *what)
{
    char answer[16];
    printf("WARNING! This will remove all %s.\nAre you sure you want to continue? [y/N] ", what);
    fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

const char *shown_size(int64_t bytes, char *buf, size_t size)
{
    /* docker shows sizes in powers of 1000 with three digits. */
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double v = (double) bytes;
    size_t u = 0;
    while (v >= 1000 && u + 1 < ARRAY_LEN(units)) {
        v /= 1000;
        u++;
    }
    int decimals = u == 0 || v >= 100 ? 0 : v >= 10 ? 1 : 2;
    char digits[32];
    if (str_format(digits, sizeof(digits), "%.*f", decimals, v) < 0)
        digits[0] = '\0';
    if (decimals > 0) /* "50kB", not "50.0kB" */
        for (size_t n = strlen(digits); n > 0 && (digits[n - 1] == '0' || digits[n - 1] == '.'); n--) {
            bool point = digits[n - 1] == '.';
            digits[n - 1] = '\0';
            if (point)
                break;
        }
    if (str_format(buf, size, "%s%s", digits, units[u]) < 0)
        buf[0] = '\0';
    return buf;
}

void ago_text(const char *when, char *buf, size_t size, bool suffix)
{
    struct timespec t, now;
    buf[0] = '\0';
    if (when == NULL || clock_parse(when, &t) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
        return;
    char words[64];
    clock_ago(now.tv_sec > t.tv_sec ? now.tv_sec - t.tv_sec : 0, words, sizeof(words));
    if (str_format(buf, size, "%s%s", words, suffix ? " ago" : "") < 0)
        buf[0] = '\0';
}

void container_status_text(const struct engine_container *c, char *buf, size_t size)
{
    char ago[80];
    bool shown = c->status == ENGINE_RUNNING && c->health != HEALTH_NONE;
    int r = 0;
    switch (c->status) {
    case ENGINE_RUNNING:
    case ENGINE_PAUSED:
        ago_text(c->record->started, ago, sizeof(ago), false);
        r = str_format(buf, size, "Up %s%s%s%s%s", ago, c->status == ENGINE_PAUSED ? " (Paused)" : "",
                       shown ? (c->health == HEALTH_STARTING ? " (health: " : " (") : "",
                       shown ? health_status_name(c->health) : "", shown ? ")" : "");
        break;
    case ENGINE_EXITED:
        ago_text(c->record->finished, ago, sizeof(ago), true);
        if (c->record->exit_code.set)
            r = str_format(buf, size, "Exited (%lld) %s", (long long) c->record->exit_code.v, ago);
        else
            r = str_format(buf, size, "Exited (unknown)");
        break;
    case ENGINE_RESTARTING:
        ago_text(c->record->finished, ago, sizeof(ago), true);
        r = str_format(buf, size, "Restarting (%lld) %s", (long long) c->record->exit_code.v, ago);
        break;
    case ENGINE_CREATING: r = str_format(buf, size, "Creating"); break;
    case ENGINE_CREATED: r = str_format(buf, size, "Created"); break;
    case ENGINE_DAMAGED: r = str_format(buf, size, "Damaged"); break;
    }
    if (r < 0)
        buf[0] = '\0';
}

char *container_command_text(const struct engine_record *r, bool no_trunc)
{
    _cleanup_strbuf_ struct strbuf words = STRBUF_INIT, out = STRBUF_INIT;
    if (r->args.n == 0)
        return xstrdup("");
    for (size_t i = 0; i < r->args.n; i++)
        strbuf_addf(&words, "%s%s", i > 0 ? " " : "", r->args.v[i]);
    strbuf_addc(&out, '"');
    if (no_trunc || words.len <= 20) {
        strbuf_add(&out, words.buf, words.len);
    } else {
        size_t n = 19;
        while (n > 0 && ((unsigned char) words.buf[n] & 0xc0) == 0x80)
            n--;
        strbuf_add(&out, words.buf, n);
        strbuf_adds(&out, "…");
    }
    strbuf_addc(&out, '"');
    return strbuf_steal(&out);
}
