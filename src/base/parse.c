// SPDX-License-Identifier: Apache-2.0
/*
 * All numbers are read by hand: strtol skips white space, takes signs and prefixes nobody asked for and follows the locale. Each
 * reader first decides about the form (-EINVAL), then about the range (-ERANGE), so that a message can say which it was.
 * Fractions are kept exact as an integer part and a numerator over a power of ten; no floating point is involved.
 */
#include "base/parse.h"

#include <errno.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Decimal digits up to the first other character. *fits is cleared, not set. Returns what follows the digits. */
static const char *scan_digits(const char *s, uint64_t *value, bool *fits)
{
    *value = 0;
    for (; is_digit(*s); s++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t) (*s - '0'), value))
            *fits = false;
    return s;
}

int parse_u64(const char *s, uint64_t *ret)
{
    uint64_t value;
    bool fits = true;
    if (!is_digit(*s) || *scan_digits(s, &value, &fits) != '\0')
        return -EINVAL;
    if (!fits)
        return -ERANGE;
    *ret = value;
    return 0;
}

int parse_u32(const char *s, uint32_t *ret)
{
    uint64_t value;
    int r = parse_u64(s, &value);
    if (r < 0)
        return r;
    if (value > UINT32_MAX)
        return -ERANGE;
    *ret = (uint32_t) value;
    return 0;
}

int parse_i64(const char *s, int64_t *ret)
{
    bool negative = *s == '-';
    uint64_t value;
    int r = parse_u64(s + negative, &value);
    if (r < 0)
        return r;
    if (value > (uint64_t) INT64_MAX + negative)
        return -ERANGE;
    *ret = negative ? (int64_t) (0 - value) : (int64_t) value;
    return 0;
}

int parse_i32(const char *s, int32_t *ret)
{
    int64_t value;
    int r = parse_i64(s, &value);
    if (r < 0)
        return r;
    if (value < INT32_MIN || value > INT32_MAX)
        return -ERANGE;
    *ret = (int32_t) value;
    return 0;
}

int parse_octal(const char *s, uint32_t max, uint32_t *ret)
{
    uint64_t value = 0;
    if (*s == '\0')
        return -EINVAL;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '7')
            return -EINVAL;
        if (value <= UINT32_MAX)
            value = value * 8 + (uint64_t) (*s - '0');
    }
    if (value > max)
        return -ERANGE;
    *ret = (uint32_t) value;
    return 0;
}

int parse_bool(const char *s, bool *ret)
{
    static const char *const words[2][6] = {
        { "0", "f", "F", "false", "FALSE", "False" },
        { "1", "t", "T", "true", "TRUE", "True" },
    };
    for (int value = 0; value < 2; value++)
        for (size_t i = 0; i < ARRAY_LEN(words[0]); i++)
            if (str_eq(s, words[value][i])) {
                *ret = value == 1;
                return 0;
            }
    return -EINVAL;
}

/* whole + numerator / denominator; digits counts those behind the point. */
struct decimal {
    uint64_t whole, numerator, denominator;
    unsigned digits;
    bool fits;
};

/*
 * "12", "12.5", ".5", "12." as Go's readers take them. Behind the 18th fraction digit (which keeps the denominator in 64 bits) digits
 * are counted but weigh nothing: the largest unit is 2^50, so they are worth less than a thousandth of a byte.
 * NULL when there is no digit, else what follows.
 */
static const char *scan_decimal(const char *s, struct decimal *d)
{
    const char *start = s;
    *d = (struct decimal){ .denominator = 1, .fits = true };
    s = scan_digits(s, &d->whole, &d->fits);
    size_t n = (size_t) (s - start);
    if (*s == '.')
        for (s++; is_digit(*s); s++, d->digits++)
            if (d->digits < 18) {
                d->numerator = d->numerator * 10 + (uint64_t) (*s - '0');
                d->denominator *= 10;
            }
    return n + d->digits == 0 ? NULL : s;
}

/* d * unit, cut towards zero. */
static int scale(const struct decimal *d, uint64_t unit, int64_t *ret)
{
    unsigned __int128 total = (unsigned __int128) d->whole * unit;
    total += (unsigned __int128) d->numerator * unit / d->denominator;
    if (!d->fits || total > INT64_MAX)
        return -ERANGE;
    *ret = (int64_t) total;
    return 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
}

/* The unit's bytes, 0 when it is none. */
static uint64_t size_unit(const char *s)
{
    static const char letters[] = "kmgtp";
    char c = lower(s[0]);
    if (c == '\0' || (c == 'b' && s[1] == '\0'))
        return 1;
    const char *at = strchr(letters, c);
    if (at == NULL)
        return 0;
    s++;
    if (lower(s[0]) == 'i' && lower(s[1]) == 'b')
        s++;
    if (lower(s[0]) == 'b')
        s++;
    return *s == '\0' ? (uint64_t) 1 << (10 * (at - letters + 1)) : 0;
}

int parse_size(const char *s, int64_t *ret)
{
    struct decimal d;
    s = scan_decimal(s, &d);
    if (s == NULL)
        return -EINVAL;
    if (*s == ' ')
        s++;
    uint64_t unit = size_unit(s);
    return unit == 0 ? -EINVAL : scale(&d, unit, ret);
}

/* The longest match comes first: "ms" before "m". */
static const struct {
    const char *name;
    uint64_t ns;
} duration_units[] = {
    { "ns", 1 },           { "us", 1000 },      { "\xc2\xb5s", 1000 }, /* U+00B5 */
    { "\xce\xbcs", 1000 },                                             /* U+03BC */
    { "ms", 1000000 },     { "s", 1000000000 }, { "m", 60000000000 },  { "h", 3600000000000 },
};

int parse_duration(const char *s, int64_t *ret_ns)
{
    int64_t total = 0, part = 0;
    int result = 0;
    if (str_eq(s, "0")) {
        *ret_ns = 0;
        return 0;
    }
    if (*s == '\0')
        return -EINVAL;
    while (*s != '\0') {
        struct decimal d;
        const char *rest = NULL;
        size_t i;
        s = scan_decimal(s, &d);
        if (s == NULL)
            return -EINVAL;
        for (i = 0; i < ARRAY_LEN(duration_units) && rest == NULL; i++)
            rest = str_after(s, duration_units[i].name);
        if (rest == NULL)
            return -EINVAL;
        s = rest;
        /* The rest is still read: a wrong form goes before a wrong size. */
        if (scale(&d, duration_units[i - 1].ns, &part) < 0 || __builtin_add_overflow(total, part, &total))
            result = -ERANGE;
    }
    if (result == 0)
        *ret_ns = total;
    return result;
}

int parse_nano(const char *s, int64_t *ret)
{
    struct decimal d;
    s = scan_decimal(s, &d);
    if (s == NULL || *s != '\0' || d.digits > 9)
        return -EINVAL;
    return scale(&d, 1000000000, ret);
}

#define NAME_MAX_LEN 48

/* Edit distance with swapped neighbours counted as one (optimal string alignment); both shorter than NAME_MAX_LEN. */
static size_t edit_distance(const char *a, size_t an, const char *b, size_t bn)
{
    size_t rows[3][NAME_MAX_LEN + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= bn; j++)
        last[j] = j;
    for (size_t i = 1; i <= an; i++) {
        now[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = MIN_OF(best, last[j] + 1);
            best = MIN_OF(best, now[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = MIN_OF(best, before[j - 2] + 1);
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[bn];
}

const char *nearest_name(const char *s, const char *const *names, size_t n)
{
    size_t len = strlen(s);
    /* A third of the letters wrong is a slip; more is another word. */
    size_t best = MIN_OF((len + 2) / 3, (size_t) 3) + 1;
    const char *found = NULL;
    if (len < 2 || len >= NAME_MAX_LEN)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(names[i]);
        if (other >= NAME_MAX_LEN)
            continue;
        size_t distance = edit_distance(s, len, names[i], other);
        if (distance < best) {
            best = distance;
            found = names[i];
        }
    }
    return found;
}

bool text_has_control(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char) *s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}
