// SPDX-License-Identifier: Apache-2.0
/* cli/containers.c: small things that several commands do. */
#include "cli/containers.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/table.h"

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
    if (str_format(buf, size, "%.*f%s", decimals, v, units[u]) < 0)
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
