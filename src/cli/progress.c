// SPDX-License-Identifier: Apache-2.0
/*
 * How: after each drawing the cursor goes back up by as many lines as were drawn. When there are more layers than the
 * terminal has rows, going up would not reach the first: then it is plain lines there as well. A line never fills the terminal's
 * width, for the same reason.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>

#define BAR ((size_t) 40)
#define BAR_LEAST 8 /* a shorter one says nothing */

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

/* A line that was wrapped would be two to the cursor: the bar takes what room there is, then everything is cut. */
static void draw(struct strbuf *out, const struct progress_line *l, size_t columns)
{
    char done[24], total[24];
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT, sizes = STRBUF_INIT;
    strbuf_addf(&line, "%.12s: %s", l->hex, l->text);
    if (l->bar && l->total > 0) {
        size_text(l->done, done, sizeof(done));
        size_text(l->total, total, sizeof(total));
        strbuf_addf(&sizes, " %s/%s", done, total);
        size_t taken = line.len + strlen(" []") + sizes.len, bar = 0;
        if (columns > taken + BAR_LEAST)
            bar = MIN_OF(columns - taken - 1,
                         BAR); /* the last column stays free: some terminals wrap there */
        if (bar > 0) {
            size_t filled = (size_t) (MIN_OF(l->done, l->total) * (int64_t) bar / l->total);
            strbuf_adds(&line, " [");
            for (size_t i = 0; i < bar; i++)
                strbuf_addc(&line, i < filled ? '=' : i == filled ? '>' : ' ');
            strbuf_addc(&line, ']');
        }
        strbuf_add(&line, sizes.buf, sizes.len);
    }
    strbuf_adds(out, "\r\033[2K");
    strbuf_add(out, line.buf, MIN_OF(line.len, columns - 1));
    strbuf_addc(out, '\n');
}

static struct winsize room(void)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_row == 0 || w.ws_col == 0)
        w = (struct winsize){ .ws_row = 24, .ws_col = 80 };
    return w;
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
    struct winsize w = room();
    if (!p->terminal || n + 2 > w.ws_row || w.ws_col < 2) {
        plain(p, &out, lines, n);
    } else {
        if (p->drawn > 0)
            strbuf_addf(&out, "\033[%zuA", p->drawn);
        for (size_t i = 0; i < n; i++)
            draw(&out, &lines[i], w.ws_col);
        p->drawn = end ? 0 : n;
    }
    if (out.len > 0)
        out_write(&out);
}
