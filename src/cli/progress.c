// SPDX-License-Identifier: Apache-2.0
/*
 * How: after each drawing the cursor goes back up by as many lines as were drawn. When there are more layers than the
 * terminal has rows, going up would not reach the first: then it is plain lines there as well.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>

#define BAR 40

struct progress {
    bool terminal;
    size_t drawn;
    const char **last; /* the text that each line had */
    size_t n_last;
};

struct progress *progress_new(void)
{
    struct progress *p = xcalloc(1, sizeof(*p));
    const char *term = getenv("TERM");
    p->terminal = isatty(STDOUT_FILENO) == 1 && term != NULL && !str_eq(term, "dumb");
    return p;
}

void progress_free(struct progress *p)
{
    free(p->last);
    free(p);
}

static void size_text(int64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double v = (double) bytes;
    size_t u = 0;
    for (; v >= 1000 && u + 1 < ARRAY_LEN(units); u++)
        v /= 1000;
    if (str_format(buf, size, "%.*f%s", u == 0 ? 0 : 1, v, units[u]) < 0)
        buf[0] = '\0';
}

static void draw(struct strbuf *out, const struct progress_line *l)
{
    char done[24], total[24];
    strbuf_addf(out, "\r\033[2K%.12s: %s", l->hex, l->text);
    if (l->bar && l->total > 0) {
        int filled = (int) (l->done * BAR / l->total);
        strbuf_adds(out, " [");
        for (int i = 0; i < BAR; i++)
            strbuf_addc(out, i < filled ? '=' : i == filled ? '>' : ' ');
        size_text(l->done, done, sizeof(done));
        size_text(l->total, total, sizeof(total));
        strbuf_addf(out, "] %s/%s", done, total);
    }
    strbuf_addc(out, '\n');
}

static size_t rows(void)
{
    struct winsize w;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 ? w.ws_row : 24;
}

static void plain(struct progress *p, struct strbuf *out, const struct progress_line *lines, size_t n)
{
    if (p->n_last < n) {
        p->last = xreallocarray(p->last, n, sizeof(*p->last));
        for (; p->n_last < n; p->n_last++)
            p->last[p->n_last] = NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (!lines[i].told || (p->last[i] != NULL && str_eq(p->last[i], lines[i].text)))
            continue;
        p->last[i] = lines[i].text;
        strbuf_addf(out, "%.12s: %s\n", lines[i].hex, lines[i].text);
    }
}

void progress_show(struct progress *p, const struct progress_line *lines, size_t n, bool end)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    if (!p->terminal || n + 2 > rows()) {
        plain(p, &out, lines, n);
    } else {
        if (p->drawn > 0)
            strbuf_addf(&out, "\033[%zuA", p->drawn);
        for (size_t i = 0; i < n; i++)
            draw(&out, &lines[i]);
        p->drawn = end ? 0 : n;
    }
    if (out.len > 0)
        out_write(&out);
}
