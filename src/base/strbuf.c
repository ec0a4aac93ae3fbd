// SPDX-License-Identifier: Apache-2.0
/* Grows by half, so that n appends cost O(n). The shared empty string stands in until there is memory of its own (cap 0). */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>

char strbuf_empty[1];

void strbuf_free(struct strbuf *sb)
{
    if (sb->cap > 0)
        free(sb->buf);
    *sb = (struct strbuf) STRBUF_INIT;
}

void strbuf_reset(struct strbuf *sb)
{
    sb->len = 0;
    if (sb->cap > 0)
        sb->buf[0] = '\0';
}

/* Room for n more bytes and the NUL. */
static void reserve(struct strbuf *sb, size_t n)
{
    size_t need;
    if (__builtin_add_overflow(sb->len, n, &need) || need > SIZE_MAX / 4)
        xreallocarray(NULL, SIZE_MAX, 2);
    need++;
    if (need <= sb->cap)
        return;
    size_t cap = MAX_OF(MAX_OF(need, sb->cap + sb->cap / 2), (size_t) 64);
    sb->buf = xrealloc(sb->cap > 0 ? sb->buf : NULL, cap);
    sb->cap = cap;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t n)
{
    reserve(sb, n);
    if (n > 0)
        memcpy(sb->buf + sb->len, data, n);
    sb->len += n;
    sb->buf[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
    strbuf_add(sb, s, strlen(s));
}

void strbuf_addc(struct strbuf *sb, char c)
{
    strbuf_add(sb, &c, 1);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    reserve(sb, 64);
    int n = vsnprintf(sb->buf + sb->len, sb->cap - sb->len, fmt, ap);
    if (n > 0 && (size_t) n >= sb->cap - sb->len) {
        reserve(sb, (size_t) n);
        vsnprintf(sb->buf + sb->len, sb->cap - sb->len, fmt, again);
    }
    sb->len += n > 0 ? (size_t) n : 0;
    sb->buf[sb->len] = '\0';
    va_end(again);
    va_end(ap);
}

char *strbuf_steal(struct strbuf *sb)
{
    char *s = sb->cap > 0 ? sb->buf : xcalloc(1, 1);
    *sb = (struct strbuf) STRBUF_INIT;
    return s;
}
