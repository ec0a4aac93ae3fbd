// SPDX-License-Identifier: Apache-2.0
/*
 * Cells are neutralised as they come in, so that nothing behind this file sees raw text. Widths are counted in terminal columns from
 * the small table below, not by wcwidth(), which depends on a locale that a static program does not load.
 */
#include "base/table.h"

#define GAP 3

struct table {
    size_t columns, cells, capacity;
    char **cell; /* row by row, headers first */
};

struct range {
    uint32_t from, to;
};

/* Controls, and the marks that reorder or break a line: text must not be able to look like other text. */
static const struct range unsafe[] = {
    { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x61c, 0x61c },   { 0x200e, 0x200f },
    { 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff }, { 0xe0001, 0xe007f },
};
static const struct range no_width[] = {
    { 0x300, 0x36f },
    { 0x200b, 0x200d },
    { 0x20d0, 0x20ff },
    { 0xfe00, 0xfe0f },
};
static const struct range two_wide[] = {
    { 0x1100, 0x115f }, { 0x2e80, 0xa4cf }, { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
    { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool within(const struct range *r, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= r[i].from && c <= r[i].to)
            return true;
    return false;
}

/* Decodes one character (RFC 3629: shortest form, no surrogates). Returns its bytes, 0 when it is not UTF-8. */
static size_t utf8_next(const char *s, uint32_t *ret)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *u = (const unsigned char *) s;
    size_t n = u[0] < 0x80             ? 1
               : (u[0] & 0xe0) == 0xc0 ? 2
               : (u[0] & 0xf0) == 0xe0 ? 3
               : (u[0] & 0xf8) == 0xf0 ? 4
                                       : 0;
    if (n == 0)
        return 0;
    uint32_t c = n == 1 ? u[0] : u[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80) /* also stops at the NUL */
            return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return n;
}

void text_neutralise(struct strbuf *out, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    while (*s != '\0') {
        uint32_t c = 0;
        size_t n = utf8_next(s, &c);
        if (n > 0 && !within(unsafe, ARRAY_LEN(unsafe), c)) {
            strbuf_add(out, s, n);
            s += n;
            continue;
        }
        for (size_t i = 0; i < MAX_OF(n, (size_t) 1); i++, s++) {
            char escape[4] = { '\\', 'x', hex[(unsigned char) *s >> 4], hex[(unsigned char) *s & 15] };
            strbuf_add(out, escape, sizeof(escape));
        }
    }
}

static size_t width_of(const char *s)
{
    size_t width = 0, n;
    uint32_t c = 0;
    for (; *s != '\0' && (n = utf8_next(s, &c)) > 0; s += n) {
        if (within(two_wide, ARRAY_LEN(two_wide), c))
            width += 2;
        else if (!within(no_width, ARRAY_LEN(no_width), c))
            width += 1;
    }
    return width;
}

struct table *table_new(size_t columns, const char *const *headers)
{
    struct table *t = xcalloc(1, sizeof(*t));
    t->columns = columns;
    if (headers != NULL)
        table_row(t, headers);
    return t;
}

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->cells; i++)
        free(t->cell[i]);
    free(t->cell);
    free(t);
}

void table_row(struct table *t, const char *const *cells)
{
    if (t->cells + t->columns > t->capacity) {
        t->capacity = t->capacity * 2 + t->columns * 8;
        t->cell = xreallocarray(t->cell, t->capacity, sizeof(*t->cell));
    }
    for (size_t i = 0; i < t->columns; i++) {
        struct strbuf text = STRBUF_INIT;
        text_neutralise(&text, cells[i] != NULL ? cells[i] : "");
        t->cell[t->cells++] = strbuf_steal(&text);
    }
}

void table_render(const struct table *t, struct strbuf *out)
{
    _cleanup_free_ size_t *width = xcalloc(t->columns, sizeof(*width));
    for (size_t i = 0; i < t->cells; i++)
        width[i % t->columns] = MAX_OF(width[i % t->columns], width_of(t->cell[i]));
    size_t pad = 0; /* owed before the next text, so that no line ends in blanks */
    for (size_t i = 0; i < t->cells; i++) {
        size_t column = i % t->columns;
        if (t->cell[i][0] != '\0') {
            for (; pad > 0; pad--)
                strbuf_addc(out, ' ');
            strbuf_adds(out, t->cell[i]);
        }
        pad += width[column] + GAP - width_of(t->cell[i]);
        if (column + 1 == t->columns) {
            strbuf_addc(out, '\n');
            pad = 0;
        }
    }
}
