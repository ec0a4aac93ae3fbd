// SPDX-License-Identifier: Apache-2.0
/*
 * jansson reads and writes; this file adds what it lacks. A scan of brackets and strings runs first and refuses deep documents (jansson
 * recurses, and the text is hostile). When jansson finds an error the same scan is run up to it and knows the path, the line and the
 * column. Duplicate keys are refused because two readers that pick different ones are two policies.
 *
 * jansson's integers are int64_t. Documents of Go programs hold uint64_t as well ("unlimited" is 18446744073709551615 in a rlimit):
 * a second try turns such numbers into reals where that loses nothing; json_get_u64() turns them back. A reader of a signed field
 * sees a real, that is an error, never a negative number.
 */
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <sys/auxv.h>

#include "base/parse.h"
#include "base/table.h"

#define DEPTH_MAX 128
#define PATH_MAX_LEN 240
#define TWO_TO_64 18446744073709551616.0

struct level {
    bool array;
    bool want_key; /* in an object, the next string is a key */
    size_t index;
    size_t key, key_len; /* raw text between the quotes */
};

struct scan {
    const char *text;
    size_t depth;
    size_t token; /* where the last token begins */
    struct level level[DEPTH_MAX];
};

/* Lack of memory must end the process, not silently drop a field. */
__attribute__((constructor)) static void json_prepare(void)
{
    const char *random = (const char *) getauxval(
        AT_RANDOM); /* 16 bytes, of which C libraries keep the first for themselves */
    size_t seed = 0;
    json_set_alloc_funcs(xmalloc, free);
    /* The seed of the hashes, which jansson would read from /dev/urandom with three system calls at its first object. */
    if (random)
        memcpy(&seed, random + 16 - sizeof(seed), sizeof(seed));
    json_object_seed(seed);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_structural(char c)
{
    return c != '\0' && strchr("{}[],:\"", c) != NULL;
}

/* Offset behind the string or word that begins at i. */
static size_t token_end(const char *text, size_t i, size_t end)
{
    if (text[i] != '"') {
        while (i < end && !is_space(text[i]) && !is_structural(text[i]))
            i++;
        return i;
    }
    for (i++; i < end && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return MIN_OF(i + 1, end);
}

/* Follows the nesting up to end. False when it is deeper than DEPTH_MAX; token is then the bracket too many. */
static bool scan_to(struct scan *s, const char *text, size_t end)
{
    *s = (struct scan){ .text = text };
    for (size_t i = 0; i < end;) {
        char c = text[i];
        struct level *top = s->depth > 0 ? &s->level[s->depth - 1] : NULL;
        if (is_space(c)) {
            i++;
            continue;
        }
        s->token = i;
        size_t next = c == '"' || !is_structural(c) ? token_end(text, i, end) : i + 1;
        if (c == '{' || c == '[') {
            if (s->depth == DEPTH_MAX)
                return false;
            s->level[s->depth++] = (struct level){ .array = c == '[', .want_key = c == '{' };
        } else if ((c == '}' || c == ']') && s->depth > 0) {
            s->depth--;
        } else if (c == ',' && top != NULL) {
            top->index++;
            top->want_key = !top->array;
            top->key_len = 0;
        } else if (c == '"' && top != NULL && top->want_key) {
            top->want_key = false;
            top->key = i + 1;
            top->key_len = next > i + 2 ? next - i - 2 : 0;
        }
        i = next;
    }
    return true;
}

static void add_raw(struct strbuf *out, const char *text, size_t n)
{
    _cleanup_free_ char *copy = xstrndup(text, MIN_OF(n, (size_t) 80));
    text_neutralise(out, copy);
}

/* "linux.resources.devices[3]: " of where the scan stands, or nothing at the top. */
static void add_path(struct strbuf *out, const struct scan *s, bool last_key)
{
    size_t start = out->len;
    for (size_t i = 0; i < s->depth; i++) {
        const struct level *l = &s->level[i];
        if (out->len - start > PATH_MAX_LEN) {
            strbuf_adds(out, "…");
            break;
        }
        if (l->array) {
            strbuf_addf(out, "[%zu]", l->index);
        } else if (l->key_len > 0 && (last_key || i + 1 < s->depth)) {
            if (out->len > start)
                strbuf_addc(out, '.');
            add_raw(out, s->text + l->key, l->key_len);
        }
    }
    if (out->len > start)
        strbuf_adds(out, ": ");
}

static void add_place(struct strbuf *out, const char *text, size_t at)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char) text[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    strbuf_addf(out, " (line %zu, column %zu)", line, column);
}

/* jansson's words, but for those that name its flags. */
static const char *reason(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_null_character:
    case json_error_null_byte_in_key: return "a string must not contain NUL";
    default: return e->text;
    }
}

static int report(const char *text, size_t len, const char *name, const json_error_t *e, struct error *err)
{
    _cleanup_strbuf_ struct strbuf where = STRBUF_INIT, what = STRBUF_INIT;
    _cleanup_free_ struct scan *s = xmalloc(sizeof(*s));
    size_t end = e->position > 0 ? MIN_OF((size_t) e->position, len) : 0;
    scan_to(s, text, end);
    const struct level *top = s->depth > 0 ? &s->level[s->depth - 1] : NULL;
    if (json_error_code(e) == json_error_duplicate_key && top != NULL) {
        add_path(&where, s, false);
        strbuf_adds(&what, "duplicate key \"");
        add_raw(&what, text + top->key, top->key_len);
        strbuf_addc(&what, '"');
        add_place(&what, text, s->token);
    } else {
        /* A bracket that is the error itself must not count in the path. */
        if (json_error_code(e) != json_error_premature_end_of_input)
            scan_to(s, text, end = s->token);
        add_path(&where, s, true);
        text_neutralise(&what, reason(e));
        add_place(&what, text, end);
    }
    return error_set(err, -EINVAL, "%s: %s%s", name, where.buf, what.buf);
}

static int check_depth(const char *text, size_t len, const char *name, struct error *err)
{
    _cleanup_free_ struct scan *s = xmalloc(sizeof(*s));
    if (scan_to(s, text, len))
        return 0;
    _cleanup_strbuf_ struct strbuf where = STRBUF_INIT, place = STRBUF_INIT;
    add_path(&where, s, true);
    add_place(&place, text, s->token);
    return error_set(err, -EINVAL, "%s: %snested deeper than %d levels%s", name, where.buf, DEPTH_MAX,
                     place.buf);
}

static bool survives_as_real(const char *token, size_t n)
{
    char digits[24];
    uint64_t value;
    if (n >= sizeof(digits))
        return false;
    memcpy(digits, token, n);
    digits[n] = '\0';
    if (parse_u64(digits, &value) < 0 || value <= INT64_MAX)
        return false;
    double real = (double) value;
    return value == UINT64_MAX || (real < TWO_TO_64 && (uint64_t) real == value);
}

/* The text with ".0" behind each integer that only fits unsigned. */
static void with_reals(const char *text, size_t len, struct strbuf *out)
{
    for (size_t i = 0; i < len;) {
        char c = text[i];
        bool token = c == '"' || (!is_space(c) && !is_structural(c));
        size_t next = token ? token_end(text, i, len) : i + 1;
        strbuf_add(out, text + i, next - i);
        if (token && survives_as_real(text + i, next - i))
            strbuf_adds(out, ".0");
        i = next;
    }
}

int json_parse(const char *text, size_t len, const char *name, json_t **ret, struct error *err)
{
    json_error_t e;
    _cleanup_strbuf_ struct strbuf other = STRBUF_INIT;
    int r = check_depth(text, len, name, err);
    if (r < 0)
        return r;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
    if (j == NULL && json_error_code(&e) == json_error_numeric_overflow) {
        with_reals(text, len, &other);
        text = other.buf;
        len = other.len;
        j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
    }
    if (j == NULL)
        return report(text, len, name, &e, err);
    *ret = j;
    return 0;
}

char *json_text(const json_t *j, int indent)
{
    size_t flags = JSON_ENCODE_ANY | (indent > 0 ? JSON_INDENT((size_t) indent) : JSON_COMPACT);
    char *s = json_dumps(j, flags);
    /* Not memory (that ends the process): a value nested in itself, a fault in the program. */
    return s != NULL ? s : xstrdup("null");
}

static int field_error(const char *path, const char *key, const char *what, struct error *err)
{
    return error_set(err, -EINVAL, "%s%s%s: %s", str_empty(path) ? "" : path, str_empty(path) ? "" : ".", key,
                     what);
}

/* 1 and the value, 0 when it is absent or null (as Go writes what is absent), or the error of a required one. */
static int field(const json_t *obj, const char *path, const char *key, bool required, json_t **ret,
                 struct error *err)
{
    json_t *v = json_object_get(obj, key);
    if (v != NULL && !json_is_null(v)) {
        *ret = v;
        return 1;
    }
    return required ? field_error(path, key, "is required", err) : 0;
}

int json_get_string(const json_t *obj, const char *path, const char *key, bool required, const char **ret,
                    struct error *err)
{
    json_t *v = NULL;
    int r = field(obj, path, key, required, &v, err);
    if (r < 0)
        return r;
    if (r > 0 && !json_is_string(v))
        return field_error(path, key, "must be a string", err);
    *ret = r > 0 ? json_string_value(v) : NULL;
    return 0;
}

int json_get_i64(const json_t *obj, const char *path, const char *key, bool required, int64_t *ret,
                 struct error *err)
{
    json_t *v = NULL;
    int r = field(obj, path, key, required, &v, err);
    if (r <= 0)
        return r;
    if (!json_is_integer(v))
        return field_error(path, key, "must be an integer of 64 bits", err);
    *ret = json_integer_value(v);
    return 0;
}

bool json_u64(const json_t *v, uint64_t *ret)
{
    if (json_is_integer(v) && json_integer_value(v) >= 0) {
        *ret = (uint64_t) json_integer_value(v);
        return true;
    }
    double real = json_real_value(v); /* 0 when it is none */
    if (real < TWO_TO_64 / 2 || real > TWO_TO_64)
        return false;
    *ret = real < TWO_TO_64 ? (uint64_t) real : UINT64_MAX;
    return true;
}

int json_get_u64(const json_t *obj, const char *path, const char *key, bool required, uint64_t *ret,
                 struct error *err)
{
    json_t *v = NULL;
    int r = field(obj, path, key, required, &v, err);
    if (r <= 0)
        return r;
    return json_u64(v, ret) ? 0 : field_error(path, key, "must be an integer of 64 bits without a sign", err);
}

int json_get_bool(const json_t *obj, const char *path, const char *key, bool required, bool *ret,
                  struct error *err)
{
    json_t *v = NULL;
    int r = field(obj, path, key, required, &v, err);
    if (r <= 0)
        return r;
    if (!json_is_boolean(v))
        return field_error(path, key, "must be true or false", err);
    *ret = json_is_true(v);
    return 0;
}

int json_get_container(const json_t *obj, const char *path, const char *key, json_type kind, bool required,
                       json_t **ret, struct error *err)
{
    json_t *v = NULL;
    int r = field(obj, path, key, required, &v, err);
    if (r < 0)
        return r;
    if (r > 0 && v != NULL && json_typeof(v) != kind)
        return field_error(path, key, kind == JSON_OBJECT ? "must be an object" : "must be an array", err);
    *ret = r > 0 ? v : NULL;
    return 0;
}

int json_only_keys(const json_t *obj, const char *path, const char *const *known, size_t n, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *) obj, key, value)
    {
        size_t i = 0;
        while (i < n && !str_eq(key, known[i]))
            i++;
        if (i < n)
            continue;
        const char *near = nearest_name(key, known, n);
        return error_set(err, -EINVAL, "%s%sunknown key \"%s\"%s%s%s", str_empty(path) ? "" : path,
                         str_empty(path) ? "" : ": ", key, near != NULL ? " (did you mean \"" : "",
                         near != NULL ? near : "", near != NULL ? "\"?)" : "");
    }
    return 0;
}

int json_parse_own(const char *text, size_t len, const char *name, const char *path, int64_t version,
                   json_t **ret, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    int64_t found = 0;
    int r = json_parse(text, len, name, &doc, err);
    if (r < 0)
        return r;
    if (!json_is_object(doc))
        return error_set(err, -EINVAL, "%s: must be an object", name);
    r = json_get_i64(doc, path, "oakum", true, &found, err);
    if (r < 0)
        return r;
    if (found != version)
        return error_set(err, -EINVAL, "%s: version %lld is not one that this oakum knows", name,
                         (long long) found);
    *ret = TAKE_PTR(doc);
    return 0;
}
