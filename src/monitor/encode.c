// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/encode.c: bytes to a line of docker's json-file. The escapes are those of docker's own writer (jsonlog): control
 * characters, quotes, backslash, and < > & as \u00XX, U+2028 and U+2029; what is not UTF-8 becomes U+FFFD.
 */
#include <errno.h>
#include <stdio.h>

#include "monitor/journal.h"

struct out {
    char *p, *end;
    bool full;
};

static void put(struct out *o, const char *data, size_t n)
{
    if ((size_t) (o->end - o->p) < n) {
        o->full = true;
        return;
    }
    memcpy(o->p, data, n);
    o->p += n;
}

static void puts_(struct out *o, const char *s)
{
    put(o, s, strlen(s));
}

/* Length of the UTF-8 sequence at s, 0 if it is none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    static const unsigned char least[] = { 0, 0, 0x80, 0xa0, 0x90 };
    size_t len = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                 : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                : 0;
    if (len == 0 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 || s[0] == 0xf0) && s[1] < least[len])
        return 0; /* longer than it has to be */
    if ((s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0; /* a surrogate; beyond Unicode */
    return len;
}

static void put_escape(struct out *o, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[7] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], '\0' };
    if (c == '"' || c == '\\') {
        text[1] = (char) c;
        put(o, text, 2);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        text[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
        put(o, text, 2);
    } else {
        put(o, text, 6);
    }
}

/* False when there was something that is not UTF-8. */
static bool put_text(struct out *o, const unsigned char *s, size_t n)
{
    bool whole = true;
    size_t plain = 0;
    for (size_t i = 0; i < n;) {
        unsigned char c = s[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&') {
            i++;
            continue;
        }
        size_t len = c < 0x80 ? 0 : utf8_length(s + i, n - i);
        bool separator = len == 3 && c == 0xe2 && s[i + 1] == 0x80 && (s[i + 2] & 0xfe) == 0xa8;
        if (len > 0 && !separator) {
            i += len;
            continue;
        }
        put(o, (const char *) s + plain, i - plain);
        if (separator)
            puts_(o, s[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
        else if (c < 0x80)
            put_escape(o, c);
        else
            puts_(o, "\\ufffd"), whole = false;
        i += separator ? 3 : 1;
        plain = i;
    }
    put(o, (const char *) s + plain, n - plain);
    return whole;
}

static void put_base64(struct out *o, const unsigned char *s, size_t n)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t) s[i] << 16 | (i + 1 < n ? (uint32_t) s[i + 1] << 8 : 0) |
                     (i + 2 < n ? s[i + 2] : 0);
        char text[4] = { set[v >> 18], set[v >> 12 & 63], i + 1 < n ? set[v >> 6 & 63] : '=',
                         i + 2 < n ? set[v & 63] : '=' };
        put(o, text, 4);
    }
}

static void put_attribute(struct out *o, bool *first, const char *key, size_t n, const char *value,
                          size_t value_len)
{
    puts_(o, *first ? ",\"attrs\":{\"" : ",\"");
    *first = false;
    put_text(o, (const unsigned char *) key, n);
    puts_(o, "\":\"");
    put_text(o, (const unsigned char *) value, value_len);
    puts_(o, "\"");
}

static void put_attributes(struct out *o, const char *tag, const char *attrs)
{
    bool first = true;
    if (tag != NULL)
        put_attribute(o, &first, "tag", 3, tag, strlen(tag));
    for (const char *p = attrs; p != NULL && *p != '\0';) {
        const char *end = strchrnul(p, '\n'), *eq = memchr(p, '=', (size_t) (end - p));
        if (eq != NULL)
            put_attribute(o, &first, p, (size_t) (eq - p), eq + 1, (size_t) (end - eq - 1));
        p = *end == '\n' ? end + 1 : end;
    }
    if (!first)
        puts_(o, "}");
}

int journal_encode(char *out, size_t size, const char *data, size_t n, bool newline, enum journal_stream s,
                   const char *time, const char *tag, const char *attrs)
{
    struct out o = { out, out + size, false };
    puts_(&o, "{\"log\":\"");
    bool whole = put_text(&o, (const unsigned char *) data, n);
    if (newline)
        puts_(&o, "\\n");
    puts_(&o, s == STREAM_ERR ? "\",\"stream\":\"stderr\"" : "\",\"stream\":\"stdout\"");
    put_attributes(&o, tag, attrs);
    puts_(&o, ",\"time\":\"");
    puts_(&o, time);
    if (!whole) {
        puts_(&o, "\",\"raw\":\"");
        put_base64(&o, (const unsigned char *) data, n);
    }
    puts_(&o, "\"}\n");
    return o.full ? -ENOSPC : (int) (o.p - out);
}
