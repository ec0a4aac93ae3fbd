// SPDX-License-Identifier: Apache-2.0
/*
 * Reading: every integer of the text that fits only unsigned is overwritten, in a copy, by a string of the same width: a mark and 16
 * hex digits. Same width, so that line and column in messages stay true. The mark is a character that begins no string of the
 * document, so no string of a hostile document can pass for a number. After parsing, the marked strings are replaced.
 * Most documents have no such integer: a run of 19 digits must touch one of every 19th bytes, which is all that is looked at.
 *
 * Writing: numbers become strings of NUL and digits, and in the text `"\u0000123"` becomes `123`. A NUL can come from nowhere else.
 */
#include "oci/bigint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"

#define RUN 19 /* digits of INT64_MAX + 1 */
#define MARKED_LEN 17
#define TWO_TO_63 9223372036854775808.0
#define TWO_TO_64 18446744073709551616.0

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool has_digit_run(const char *text, size_t len)
{
    for (size_t i = RUN - 1; i < len; i += RUN) {
        size_t from = i, to = i;
        if (!is_digit(text[i]))
            continue;
        while (from > 0 && is_digit(text[from - 1]))
            from--;
        while (to < len && is_digit(text[to]))
            to++;
        if (to - from >= RUN)
            return true;
    }
    return false;
}

/* Offset behind the string that begins at i. */
static size_t string_end(const char *text, size_t i, size_t len)
{
    for (i++; i < len && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return MIN_OF(i + 1, len);
}

/* Offset behind the number or word that begins at i. */
static size_t word_end(const char *text, size_t i, size_t len)
{
    size_t from = i;
    while (i < len && strchr(" \t\r\n,:]}[{\"", text[i]) == NULL)
        i++;
    return MAX_OF(i, from + 1);
}

static bool is_big(const char *token, size_t n, uint64_t *ret)
{
    char digits[RUN + 2];
    if (n < RUN || n > RUN + 1 || !is_digit(token[0]))
        return false;
    memcpy(digits, token, n);
    digits[n] = '\0';
    return parse_u64(digits, ret) == 0 && *ret > INT64_MAX;
}

/* The first character of a string as written: only ASCII can clash with a mark. -1 for the rest. */
static int first_char(const char *text, size_t i, size_t len)
{
    if (i >= len || (text[i] & 0x80) != 0)
        return -1;
    if (text[i] != '\\' || i + 1 >= len)
        return text[i];
    unsigned code;
    char hex[5] = "";
    if (text[i + 1] != 'u' || len - i < 6)
        return text[i + 1] == '/' ? '/' : -1;
    memcpy(hex, text + i + 2, 4);
    return sscanf(hex, "%4x", &code) == 1 && code < 128 ? (int) code : -1;
}

struct survey {
    bool big;
    char mark; /* NUL: none is free */
};

static struct survey survey(const char *text, size_t len)
{
    struct survey s = { 0 };
    bool used[128] = { ['"'] = true, ['\\'] = true, ['/'] = true };
    uint64_t v;
    for (size_t i = 0; i < len;) {
        if (text[i] == '"') {
            int c = first_char(text, i + 1, len);
            if (c >= 0)
                used[c] = true;
            i = string_end(text, i, len);
        } else {
            size_t end = word_end(text, i, len);
            s.big |= is_big(text + i, end - i, &v);
            i = end;
        }
    }
    for (int c = 127; c >= ' ' && s.mark == '\0'; c--)
        if (!used[c])
            s.mark = (char) c;
    return s;
}

static void write_marks(char *text, size_t len, char mark)
{
    uint64_t v;
    for (size_t i = 0; i < len;) {
        if (text[i] == '"') {
            i = string_end(text, i, len);
            continue;
        }
        size_t end = word_end(text, i, len);
        if (is_big(text + i, end - i, &v)) {
            char marked[24];
            int n = snprintf(marked, sizeof(marked), "\"%c%016" PRIx64 "\" ", mark, v);
            memcpy(text + i, marked, MIN_OF((size_t) n, end - i));
        }
        i = end;
    }
}

static json_t *unmarked(const json_t *j, char mark)
{
    uint64_t v;
    const char *s = json_string_value(j);
    if (s == NULL || s[0] != mark || json_string_length(j) != MARKED_LEN || sscanf(s + 1, "%16" SCNx64, &v) != 1)
        return NULL;
    return oci_json_from_u64(v);
}

/* The form that is written: NUL and digits. */
static json_t *disguised(uint64_t v)
{
    char text[24] = "";
    int n = snprintf(text + 1, sizeof(text) - 1, "%" PRIu64, v);
    return json_stringn_nocheck(text, (size_t) n + 1);
}

static json_t *written(const json_t *j, char mark _unused_)
{
    uint64_t v;
    return json_is_real(j) && json_u64(j, &v) ? disguised(v) : NULL;
}

/* Replaces every scalar below j for which change() has another. The parser has limited the depth. */
static void replace_all(json_t *j, json_t *(*change)(const json_t *, char), char mark)
{
    for (size_t i = 0; i < json_array_size(j); i++) {
        json_t *v = json_array_get(j, i), *other = change(v, mark);
        if (other != NULL)
            json_array_set_new(j, i, other);
        else
            replace_all(v, change, mark);
    }
    for (void *i = json_object_iter(j); i != NULL; i = json_object_iter_next(j, i)) {
        json_t *v = json_object_iter_value(i), *other = change(v, mark);
        if (other != NULL)
            json_object_iter_set_new(j, i, other);
        else
            replace_all(v, change, mark);
    }
}

int oci_json_parse(const char *text, size_t len, const char *name, json_t **ret, struct error *err)
{
    struct survey s = has_digit_run(text, len) ? survey(text, len) : (struct survey) { 0 };
    if (!s.big || s.mark == '\0')
        return json_parse(text, len, name, ret, err);
    _cleanup_free_ char *copy = xmalloc(len + 1);
    memcpy(copy, text, len);
    write_marks(copy, len, s.mark);
    int r = json_parse(copy, len, name, ret, err);
    if (r == 0)
        replace_all(*ret, unmarked, s.mark);
    return r;
}

char *oci_json_text(const json_t *j, int indent)
{
    _cleanup_json_ json_t *copy = json_deep_copy(j);
    if (copy == NULL) /* a value nested in itself */
        return json_text(j, indent);
    replace_all(copy, written, '\0');
    char *text = json_text(copy, indent), *to = text;
    static const char disguise[] = "\"\\u0000";
    for (const char *from = text; *from != '\0';) {
        const char *digits = str_after(from, disguise);
        if (digits == NULL) {
            *to++ = *from++;
            continue;
        }
        while (is_digit(*digits))
            *to++ = *digits++;
        from = digits + 1;
    }
    *to = '\0';
    return text;
}

json_t *oci_json_from_u64(uint64_t v)
{
    double real = (double) v;
    if (v <= INT64_MAX)
        return json_integer((json_int_t) v);
    if (v == UINT64_MAX || (real >= TWO_TO_63 && real < TWO_TO_64 && (uint64_t) real == v))
        return json_real(real);
    return disguised(v);
}

bool oci_json_to_u64(const json_t *j, uint64_t *ret)
{
    if (json_is_string(j) && !oci_json_is_string(j))
        return parse_u64(json_string_value(j) + 1, ret) == 0;
    return json_u64(j, ret);
}

bool oci_json_is_string(const json_t *j)
{
    return json_is_string(j) && (json_string_length(j) == 0 || json_string_value(j)[0] != '\0');
}
