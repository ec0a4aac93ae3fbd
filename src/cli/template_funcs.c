// SPDX-License-Identifier: Apache-2.0
/* cli/template_funcs.c: how values are printed, and the functions of templates: Go's and docker's, with their order of arguments. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/table.h"
#include "cli/template_internal.h"

#define PAD_MAX 1024

static int wrong(struct error *err, const char *name, const char *what)
{
    return error_set(err, -EINVAL, "--format: %s: %s", name, what);
}

bool template_truth(const json_t *v)
{
    switch (v != NULL ? json_typeof(v) : JSON_NULL) {
    case JSON_NULL:
    case JSON_FALSE: return false;
    case JSON_TRUE: return true;
    case JSON_INTEGER: return json_integer_value(v) != 0;
    case JSON_REAL: return json_real_value(v) != 0;
    case JSON_STRING: return json_string_length(v) > 0;
    case JSON_ARRAY: return json_array_size(v) > 0;
    case JSON_OBJECT: return json_object_size(v) > 0;
    }
    return false;
}

/* ---- printing ---- */

/* The fewest digits that give the number back; exponents where Go has them (%v: below 1e-4 and from 1e21). */
static void print_real(struct strbuf *out, double x)
{
    char text[40] = "";
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    double size = x < 0 ? -x : x;
    if (strchr(text, 'e') != NULL && size < 1e21 && size >= 1)
        snprintf(text, sizeof(text), "%.0f", x);
    strbuf_adds(out, text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

const char **template_sorted_keys(const json_t *object)
{
    size_t n = 0;
    const char **keys = xmalloc((json_object_size(object) + 1) * sizeof(*keys));
    for (void *i = json_object_iter((json_t *) object); i != NULL;
         i = json_object_iter_next((json_t *) object, i))
        keys[n++] = json_object_iter_key(i);
    if (n > 0)
        qsort(keys, n, sizeof(*keys), by_name);
    return keys;
}

static void print_object(struct strbuf *out, const json_t *object)
{
    _cleanup_free_ const char **keys = template_sorted_keys(object);
    strbuf_adds(out, "map[");
    for (size_t i = 0; i < json_object_size(object); i++) {
        strbuf_addf(out, "%s%s:", i > 0 ? " " : "", keys[i]);
        template_print(out, json_object_get(object, keys[i]));
    }
    strbuf_addc(out, ']');
}

static void print_array(struct strbuf *out, const json_t *array)
{
    strbuf_addc(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            strbuf_addc(out, ' ');
        template_print(out, json_array_get(array, i));
    }
    strbuf_addc(out, ']');
}

void template_print(struct strbuf *out, const json_t *v)
{
    switch (v != NULL ? json_typeof(v) : JSON_NULL) {
    case JSON_NULL: strbuf_adds(out, "<no value>"); break;
    case JSON_TRUE: strbuf_adds(out, "true"); break;
    case JSON_FALSE: strbuf_adds(out, "false"); break;
    case JSON_INTEGER: strbuf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v)); break;
    case JSON_REAL: print_real(out, json_real_value(v)); break;
    case JSON_STRING: strbuf_add(out, json_string_value(v), json_string_length(v)); break;
    case JSON_ARRAY: print_array(out, v); break;
    case JSON_OBJECT: print_object(out, v); break;
    }
}

static json_t *take_text(struct strbuf *b)
{
    return json_stringn_nocheck(b->buf, b->len);
}

/* A space between two of which neither is a string; with lines, between all, and a line end. */
static int print(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    bool line = str_eq(name, "println");
    (void) err;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (line || (!json_is_string(argv[i - 1]) && !json_is_string(argv[i]))))
            strbuf_addc(&out, ' ');
        template_print(&out, argv[i]);
    }
    if (line)
        strbuf_addc(&out, '\n');
    *ret = take_text(&out);
    return 0;
}

/* ---- printf ---- */

struct directive {
    bool left, zero, plus;
    int width, precision; /* precision -1: none */
    char verb;
};

static const char *read_directive(const char *p, struct directive *d)
{
    *d = (struct directive){ .precision = -1 };
    for (; *p != '\0' && strchr("-0+ ", *p) != NULL; p++) {
        d->left = d->left || *p == '-';
        d->zero = d->zero || *p == '0';
        d->plus = d->plus || *p == '+';
    }
    for (; isdigit((unsigned char) *p); p++)
        d->width = MIN_OF(d->width * 10 + (*p - '0'), PAD_MAX);
    if (*p == '.')
        for (d->precision = 0, p++; isdigit((unsigned char) *p); p++)
            d->precision = MIN_OF(d->precision * 10 + (*p - '0'), PAD_MAX);
    d->verb = *p;
    return *p != '\0' ? p + 1 : p;
}

static void padded(struct strbuf *out, const struct directive *d, const char *text, bool number)
{
    bool zeros = number && d->zero && !d->left;
    size_t chars = 0;
    for (const char *p = text; *p != '\0'; p++)
        chars += ((unsigned char) *p & 0xc0) != 0x80;
    size_t pad = (size_t) d->width > chars ? (size_t) d->width - chars : 0;
    if (zeros && (*text == '-' || *text == '+'))
        strbuf_addc(out, *text++);
    for (size_t i = d->left ? pad : 0; i < pad; i++)
        strbuf_addc(out, zeros ? '0' : ' ');
    strbuf_adds(out, text);
    for (size_t i = d->left ? 0 : pad; i < pad; i++)
        strbuf_addc(out, ' ');
}

/* Of a number: -1 where the verb is not for one. */
static int number_text(const struct directive *d, const json_t *v, char *buf, size_t size)
{
    double real = json_number_value(v);
    long long whole = json_integer_value(v);
    int precision = d->precision < 0 ? 6 : d->precision;
    const char *plus = d->plus && real >= 0 ? "+" : "";
    if (!json_is_number(v) || (json_is_real(v) && strchr("dxXo", d->verb) != NULL))
        return -1;
    switch (d->verb) {
    case 'd': return snprintf(buf, size, "%s%lld", plus, whole);
    case 'x': return snprintf(buf, size, "%llx", (unsigned long long) whole);
    case 'X': return snprintf(buf, size, "%llX", (unsigned long long) whole);
    case 'o': return snprintf(buf, size, "%llo", (unsigned long long) whole);
    case 'f': return snprintf(buf, size, "%s%.*f", plus, precision, real);
    case 'e': return snprintf(buf, size, "%s%.*e", plus, precision, real);
    case 'g': return snprintf(buf, size, "%s%.*g", plus, precision, real);
    default: return -1;
    }
}

static void one_directive(struct strbuf *out, const struct directive *d, const json_t *v)
{
    char number[PAD_MAX + 400];
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    if (d->verb == 'q' && json_is_string(v)) {
        _cleanup_free_ char *quoted = json_dumps(v, JSON_ENCODE_ANY);
        strbuf_adds(&text, quoted != NULL ? quoted : "");
    } else if (d->verb == 'v' || (d->verb == 's' && !json_is_number(v)) ||
               (d->verb == 't' && json_is_boolean(v))) {
        template_print(&text, v);
        if (d->precision >= 0 && d->verb == 's' && text.len > (size_t) d->precision)
            text.buf[d->precision] = '\0';
    } else if (number_text(d, v, number, sizeof(number)) >= 0) {
        strbuf_adds(&text, number);
    } else {
        strbuf_addf(&text, "%%!%c(%s", d->verb, json_is_string(v) ? "string=" : "");
        template_print(&text, v);
        strbuf_addc(&text, ')');
    }
    padded(out, d, text.buf, json_is_number(v));
}

static int print_formatted(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct directive d;
    size_t used = 1;
    if (n == 0 || !json_is_string(argv[0]))
        return wrong(err, name, "the first argument must be a format");
    for (const char *p = json_string_value(argv[0]); *p != '\0';) {
        if (*p != '%') {
            strbuf_addc(&out, *p++);
            continue;
        }
        p = read_directive(p + 1, &d);
        if (d.verb == '%')
            strbuf_addc(&out, '%');
        else if (d.verb == '\0')
            strbuf_adds(&out, "%!(NOVERB)");
        else if (used == n)
            strbuf_addf(&out, "%%!%c(MISSING)", d.verb);
        else
            one_directive(&out, &d, argv[used++]);
    }
    *ret = take_text(&out);
    return 0;
}

/* ---- comparisons ---- */

static int not_true(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    if (n != 1)
        return wrong(err, name, "takes one argument");
    *ret = json_boolean(!template_truth(argv[0]));
    return 0;
}

static bool equal(const json_t *a, const json_t *b)
{
    if (a == NULL || b == NULL || json_is_null(a) || json_is_null(b))
        return (a == NULL || json_is_null(a)) && (b == NULL || json_is_null(b));
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b) == 1;
}

/* A number is no string, and Go says so. */
static bool comparable(const json_t *a, const json_t *b)
{
    if (a == NULL || b == NULL || json_is_null(a) || json_is_null(b))
        return true;
    return json_typeof(a) == json_typeof(b) || (json_is_number(a) && json_is_number(b)) ||
           (json_is_boolean(a) && json_is_boolean(b));
}

/* The first one is compared with each of the others. */
static int any_equal(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    bool found = false;
    if (n < 2 || (name[0] == 'n' && n != 2))
        return wrong(err, name, "takes two arguments");
    for (size_t i = 1; i < n; i++) {
        if (!comparable(argv[0], argv[i]))
            return wrong(err, name, "compares values of one kind");
        found = found || equal(argv[0], argv[i]);
    }
    *ret = json_boolean(name[0] == 'n' ? !found : found);
    return 0;
}

static int ordered(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    int order;
    if (n != 2)
        return wrong(err, name, "takes two arguments");
    if (json_is_string(argv[0]) && json_is_string(argv[1]))
        order = strcmp(json_string_value(argv[0]), json_string_value(argv[1]));
    else if (json_is_number(argv[0]) && json_is_number(argv[1]))
        order = (json_number_value(argv[0]) > json_number_value(argv[1])) -
                (json_number_value(argv[0]) < json_number_value(argv[1]));
    else
        return wrong(err, name, "compares two numbers or two strings");
    *ret = json_boolean((name[0] == 'l' ? order < 0 : order > 0) || (name[1] == 'e' && order == 0));
    return 0;
}

/* ---- parts ---- */

static int length(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    if (n != 1 || !(json_is_string(argv[0]) || json_is_array(argv[0]) || json_is_object(argv[0])))
        return wrong(err, name, "takes a string, an array or an object");
    *ret = json_integer((json_int_t) (json_is_string(argv[0])  ? json_string_length(argv[0])
                                      : json_is_array(argv[0]) ? json_array_size(argv[0])
                                                               : json_object_size(argv[0])));
    return 0;
}

static int at_index(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    json_t *at = n > 0 ? argv[0] : NULL;
    if (n < 2)
        return wrong(err, name, "takes a value and at least one index");
    for (size_t i = 1; i < n; i++) {
        if (json_is_object(at) && json_is_string(argv[i])) {
            at = json_object_get(at, json_string_value(argv[i]));
        } else if (json_is_array(at) && json_is_integer(argv[i])) {
            json_int_t k = json_integer_value(argv[i]);
            if (k < 0 || (size_t) k >= json_array_size(at))
                return error_set(err, -EINVAL, "--format: index: %" JSON_INTEGER_FORMAT " is out of range",
                                 k);
            at = json_array_get(at, (size_t) k);
        } else if (!(at == NULL || json_is_null(at)) || i < 2) {
            return wrong(err, name, "must be a name of an object or a number of an array");
        }
    }
    *ret = json_incref(at);
    return 0;
}

/* Of bytes of a string, as Go counts, or of an array. */
static int slice(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    json_t *of = n > 0 ? argv[0] : NULL;
    json_int_t bounds[2] = { 0, 0 };
    if (n < 1 || n > 3 || !(json_is_string(of) || json_is_array(of)))
        return wrong(err, name, "takes a string or an array, and up to two numbers");
    bounds[1] = (json_int_t) (json_is_string(of) ? json_string_length(of) : json_array_size(of));
    const json_int_t size = bounds[1];
    for (size_t i = 1; i < n; i++) {
        if (!json_is_integer(argv[i]))
            return wrong(err, name, "takes a string or an array, and up to two numbers");
        bounds[i - 1] = json_integer_value(argv[i]);
    }
    if (bounds[0] < 0 || bounds[0] > bounds[1] || bounds[1] > size)
        return error_set(err, -EINVAL,
                         "--format: slice: from %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT
                         " is out of range",
                         bounds[0], bounds[1]);
    if (json_is_string(of)) {
        *ret = json_stringn_nocheck(json_string_value(of) + bounds[0], (size_t) (bounds[1] - bounds[0]));
        return 0;
    }
    *ret = json_array();
    for (json_int_t i = bounds[0]; i < bounds[1]; i++)
        json_array_append(*ret, json_array_get(of, (size_t) i));
    return 0;
}

/* ---- docker's ---- */

static int as_json(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    if (n != 1)
        return wrong(err, name, "takes one argument");
    _cleanup_free_ char *text = json_dumps(argv[0], JSON_ENCODE_ANY | JSON_COMPACT);
    *ret = json_string_nocheck(text != NULL ? text : "null");
    return 0;
}

static int split(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    if (n != 2 || !json_is_string(argv[0]) || !json_is_string(argv[1]) || json_string_length(argv[1]) == 0)
        return wrong(err, name, "takes a string and a separator");
    const char *rest = json_string_value(argv[0]), *separator = json_string_value(argv[1]), *end;
    json_t *list = *ret = json_array();
    for (; (end = strstr(rest, separator)) != NULL; rest = end + strlen(separator))
        json_array_append_new(list, json_stringn_nocheck(rest, (size_t) (end - rest)));
    json_array_append_new(list, json_string_nocheck(rest));
    return 0;
}

static int join(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    if (n != 2 || !(json_is_array(argv[0]) || argv[0] == NULL || json_is_null(argv[0])) ||
        !json_is_string(argv[1]))
        return wrong(err, name, "takes an array and a separator");
    for (size_t i = 0; i < json_array_size(argv[0]); i++) {
        strbuf_adds(&out, i > 0 ? json_string_value(argv[1]) : "");
        template_print(&out, json_array_get(argv[0], i));
    }
    *ret = take_text(&out);
    return 0;
}

/* lower, upper, title: of ASCII letters. */
static int letters(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    if (n != 1 || !json_is_string(argv[0]))
        return wrong(err, name, "takes a string");
    strbuf_add(&out, json_string_value(argv[0]), json_string_length(argv[0]));
    for (size_t i = 0; i < out.len; i++) {
        bool first = i == 0 || isspace((unsigned char) out.buf[i - 1]);
        if (name[0] == 'l')
            out.buf[i] = (char) tolower((unsigned char) out.buf[i]);
        else if (name[0] == 'u' || first)
            out.buf[i] = (char) toupper((unsigned char) out.buf[i]);
    }
    *ret = take_text(&out);
    return 0;
}

static int pad(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    if (n != 3 || !json_is_string(argv[0]) || !json_is_integer(argv[1]) || !json_is_integer(argv[2]))
        return wrong(err, name, "takes a string and the numbers of spaces before and behind it");
    json_int_t before = MIN_OF(json_integer_value(argv[1]), PAD_MAX),
               behind = MIN_OF(json_integer_value(argv[2]), PAD_MAX);
    bool some = json_string_length(argv[0]) > 0;
    for (json_int_t i = 0; some && i < before; i++)
        strbuf_addc(&out, ' ');
    strbuf_adds(&out, json_string_value(argv[0]));
    for (json_int_t i = 0; some && i < behind; i++)
        strbuf_addc(&out, ' ');
    *ret = take_text(&out);
    return 0;
}

/* To so many characters. */
static int truncated(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err)
{
    if (n != 2 || !json_is_string(argv[0]) || !json_is_integer(argv[1]) || json_integer_value(argv[1]) < 0)
        return wrong(err, name, "takes a string and a number of characters");
    const char *text = json_string_value(argv[0]), *end = text;
    for (json_int_t chars = 0; *end != '\0'; end++)
        if (((unsigned char) *end & 0xc0) != 0x80 && chars++ == json_integer_value(argv[1]))
            break;
    *ret = json_stringn_nocheck(text, (size_t) (end - text));
    return 0;
}

template_function *template_find_function(const char *name)
{
    static const struct {
        const char *name;
        template_function *function;
    } functions[] = {
        { "eq", any_equal },   { "ge", ordered },         { "gt", ordered },
        { "index", at_index }, { "join", join },          { "json", as_json },
        { "le", ordered },     { "len", length },         { "lower", letters },
        { "lt", ordered },     { "ne", any_equal },       { "not", not_true },
        { "pad", pad },        { "print", print },        { "printf", print_formatted },
        { "println", print },  { "slice", slice },        { "split", split },
        { "title", letters },  { "truncate", truncated }, { "upper", letters },
    };
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (str_eq(functions[i].name, name))
            return functions[i].function;
    return NULL;
}
