// SPDX-License-Identifier: Apache-2.0
/*
 * The text is copied once; strings are unescaped and terminated where they stand in the copy, and the
 * children of a container are collected on one stack and moved to the arena when it closes. So a document of
 * 12 kB costs a few allocations.
 *
 * The parser knows yes and no, nothing else. On no (and for objects of very many members, which it leaves
 * out) jansson reads the same text, and either has the message for the error or the document. What this
 * parser accepts jansson must accept with the same meaning; tests/fuzz/fuzz_spec.c holds the two against each
 * other.
 */
#include "oci/doc.h"

#include <errno.h>

#include "oci/bigint.h"

#define DEPTH_MAX 128
#define MEMBERS_MAX 128 /* of one object: keys are compared with each other to find duplicates */
#define TEXT_MAX ((size_t) 64 * 1024 * 1024)

struct parser {
    char *p; /* the text ends in a NUL, so it needs no other end: a NUL is part of no token */
    struct arena *arena;
    struct doc_member *stack;
    size_t n, cap;
    unsigned depth;
};

size_t doc_utf8_char(const char *string)
{
    const unsigned char *s = (const unsigned char *) string;
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : (s[0] & 0xf0) == 0xe0       ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than need be, surrogates, above U+10FFFF */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void copy_json(struct arena *a, const json_t *j, struct doc *d);

static void skip_space(struct parser *x)
{
    while (*x->p == ' ' || *x->p == '\n' || *x->p == '\t' || *x->p == '\r')
        x->p++;
}

static bool skip_word(struct parser *x, const char *word)
{
    const char *after = str_after(x->p, word);
    if (after != NULL)
        x->p += strlen(word);
    return after != NULL;
}

static bool hex4(const char *s, uint32_t *ret)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = s[i];
        uint32_t digit = c >= '0' && c <= '9'   ? c - '0'
                         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                : 16;
        if (digit == 16)
            return false;
        v = v << 4 | digit;
    }
    *ret = v;
    return true;
}

static char *put_utf8(char *w, uint32_t c)
{
    if (c < 0x80) {
        *w++ = (char) c;
    } else if (c < 0x800) {
        *w++ = (char) (0xc0 | c >> 6);
        *w++ = (char) (0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *w++ = (char) (0xe0 | c >> 12);
        *w++ = (char) (0x80 | (c >> 6 & 0x3f));
        *w++ = (char) (0x80 | (c & 0x3f));
    } else {
        *w++ = (char) (0xf0 | c >> 18);
        *w++ = (char) (0x80 | (c >> 12 & 0x3f));
        *w++ = (char) (0x80 | (c >> 6 & 0x3f));
        *w++ = (char) (0x80 | (c & 0x3f));
    }
    return w;
}

/* Behind the backslash. What is written is never longer than the escape. NULL: no valid escape. */
static char *escape(struct parser *x, char *w)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;
    char letter = *x->p++;
    const char *simple = letter != '\0' ? strchr(from, letter) : NULL;
    if (simple != NULL) {
        *w = to[simple - from];
        return w + 1;
    }
    if (letter != 'u' || !hex4(x->p, &c) || c == 0)
        return NULL;
    x->p += 4;
    if (c >= 0xd800 && c < 0xe000) {
        if (c >= 0xdc00 || x->p[0] != '\\' || x->p[1] != 'u' || !hex4(x->p + 2, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return NULL;
        x->p += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return put_utf8(w, c);
}

static bool string(struct parser *x, const char **ret, uint32_t *ret_len)
{
    char *start = ++x->p, *w = start;
    for (;;) {
        unsigned char c = (unsigned char) *x->p;
        size_t n = 1;
        if (c == '"')
            break;
        if (c < 0x20)
            return false;
        if (c == '\\') {
            x->p++;
            w = escape(x, w);
            if (w == NULL)
                return false;
            continue;
        }
        if (c >= 0x80)
            n = doc_utf8_char(x->p);
        if (n == 0)
            return false;
        if (w != x->p)
            memmove(w, x->p, n);
        w += n;
        x->p += n;
    }
    x->p++;
    *w = '\0';
    *ret = start;
    *ret_len = (uint32_t) (w - start);
    return true;
}

/*
 * jansson knows what a real is and what it is worth; there is hardly ever one. One that stands for an integer above
 * INT64_MAX is that integer, as in base/json.h: json_text() writes 2^64-1 as 1.8446744073709552e19.
 */
static bool real(struct parser *x, const char *start, struct doc *d)
{
    size_t n = strspn(start, "0123456789+-.eE");
    _cleanup_json_ json_t *j = json_loadb(start, n, JSON_DECODE_ANY, NULL);
    if (!json_is_real(j))
        return false;
    copy_json(NULL, j, d);
    x->p = (char *) start + n;
    return true;
}

static bool number(struct parser *x, struct doc *d)
{
    char *whole = x->p;
    bool negative = *x->p == '-', overflow = false;
    uint64_t v = 0;
    x->p += negative;
    const char *start = x->p;
    for (; *x->p >= '0' && *x->p <= '9'; x->p++)
        overflow |= __builtin_mul_overflow(v, 10, &v) ||
                    __builtin_add_overflow(v, (uint64_t) (*x->p - '0'), &v);
    if (*x->p == '.' || *x->p == 'e' || *x->p == 'E')
        return real(x, whole, d);
    size_t digits = (size_t) (x->p - start);
    if (overflow || digits == 0 || (digits > 1 && *start == '0') ||
        (negative && v > (uint64_t) INT64_MAX + 1))
        return false;
    if (!negative && v > INT64_MAX)
        *d = (struct doc){ .type = DOC_UINT, .u = v };
    else
        *d = (struct doc){ .type = DOC_INT, .i = negative ? (int64_t) (0 - v) : (int64_t) v };
    return true;
}

static void push(struct parser *x, const struct doc_member *m)
{
    if (x->n == x->cap) {
        x->cap = x->cap > 0 ? x->cap * 2 : 256;
        x->stack = xreallocarray(x->stack, x->cap, sizeof(*x->stack));
    }
    x->stack[x->n++] = *m;
}

static bool value(struct parser *x, struct doc *d);

static bool array(struct parser *x, struct doc *d)
{
    size_t base = x->n;
    struct doc_member item = { 0 };
    x->p++;
    skip_space(x);
    while (*x->p != ']') {
        if (!value(x, &item.value))
            return false;
        push(x, &item);
        skip_space(x);
        if (*x->p == ']')
            break;
        if (*x->p++ != ',')
            return false;
        skip_space(x);
        if (*x->p == ']')
            return false;
    }
    x->p++;
    size_t n = x->n - base;
    struct doc *items = n > 0 ? arena_array(x->arena, n, sizeof(*items)) : NULL;
    for (size_t i = 0; i < n; i++)
        items[i] = x->stack[base + i].value;
    x->n = base;
    *d = (struct doc){ .type = DOC_ARRAY, .n = (uint32_t) n, .items = items };
    return true;
}

static bool is_duplicate(const struct parser *x, size_t base, const struct doc_member *m)
{
    for (size_t i = base; i < x->n; i++)
        if (x->stack[i].key_len == m->key_len && memcmp(x->stack[i].key, m->key, m->key_len) == 0)
            return true;
    return false;
}

static bool object(struct parser *x, struct doc *d)
{
    size_t base = x->n;
    struct doc_member m = { 0 };
    x->p++;
    skip_space(x);
    while (*x->p != '}') {
        if (*x->p != '"' || !string(x, &m.key, &m.key_len))
            return false;
        if (x->n - base == MEMBERS_MAX || is_duplicate(x, base, &m))
            return false;
        skip_space(x);
        if (*x->p++ != ':' || !value(x, &m.value))
            return false;
        push(x, &m);
        skip_space(x);
        if (*x->p == '}')
            break;
        if (*x->p++ != ',')
            return false;
        skip_space(x);
        if (*x->p == '}')
            return false;
    }
    x->p++;
    size_t n = x->n - base;
    struct doc_member *members = n > 0 ? arena_array(x->arena, n, sizeof(*members)) : NULL;
    if (n > 0)
        memcpy(members, x->stack + base, n * sizeof(*members));
    x->n = base;
    *d = (struct doc){ .type = DOC_OBJECT, .n = (uint32_t) n, .members = members };
    return true;
}

static bool container(struct parser *x, struct doc *d)
{
    if (x->depth == DEPTH_MAX)
        return false;
    x->depth++;
    bool ok = *x->p == '{' ? object(x, d) : array(x, d);
    x->depth--;
    return ok;
}

static bool value(struct parser *x, struct doc *d)
{
    skip_space(x);
    switch (*x->p) {
    case '{':
    case '[': return container(x, d);
    case '"': d->type = DOC_STRING; return string(x, &d->s, &d->n);
    case 't': *d = (struct doc){ .type = DOC_TRUE }; return skip_word(x, "true");
    case 'f': *d = (struct doc){ .type = DOC_FALSE }; return skip_word(x, "false");
    case 'n': *d = (struct doc){ .type = DOC_NULL }; return skip_word(x, "null");
    default: return number(x, d);
    }
}

bool doc_parse_quick(const char *text, size_t len, struct arena *a, struct doc *ret)
{
    char *copy = arena_alloc(a, len + 1);
    struct parser x = { .p = copy, .arena = a };
    if (len > 0)
        memcpy(copy, text, len);
    skip_space(&x);
    bool ok = (*x.p == '{' || *x.p == '[') && value(&x, ret);
    if (ok) { /* else p may stand behind the NUL */
        skip_space(&x);
        ok = x.p == copy + len;
    }
    free(x.stack);
    return ok;
}

int doc_parse(const char *text, size_t len, const char *name, struct arena *a, const struct doc **ret,
              struct error *err)
{
    _cleanup_json_ json_t *json = NULL;
    if (len > TEXT_MAX)
        return error_set(err, -EINVAL, "%s: longer than %zu bytes", name, TEXT_MAX);
    struct doc *d = arena_alloc(a, sizeof(*d));
    if (!doc_parse_quick(text, len, a, d)) {
        int r = json_parse(text, len, name, &json, err);
        if (r < 0)
            return r;
        if (memchr(text, '\0', len) != NULL) /* jansson overlooks one behind a number */
            return error_set(err, -EINVAL, "%s: a NUL byte", name);
        *ret = doc_from_json(a, json);
        return 0;
    }
    *ret = d;
    return 0;
}

static void copy_object(struct arena *a, const json_t *j, struct doc *d)
{
    const char *key;
    json_t *v;
    struct doc_member *members = arena_array(a, json_object_size(j), sizeof(*members));
    *d = (struct doc){ .type = DOC_OBJECT, .members = members };
    json_object_foreach((json_t *) j, key, v)
    {
        struct doc_member *m = &members[d->n++];
        m->key = arena_strdup(a, key);
        m->key_len = (uint32_t) strlen(key);
        copy_json(a, v, &m->value);
    }
}

static void copy_array(struct arena *a, const json_t *j, struct doc *d)
{
    size_t n = json_array_size(j);
    struct doc *items = arena_array(a, n, sizeof(*items));
    for (size_t i = 0; i < n; i++)
        copy_json(a, json_array_get(j, i), &items[i]);
    *d = (struct doc){ .type = DOC_ARRAY, .n = (uint32_t) n, .items = items };
}

static void copy_json(struct arena *a, const json_t *j, struct doc *d)
{
    uint64_t u;
    if (!json_is_integer(j) && oci_json_to_u64(j, &u)) {
        *d = (struct doc){ .type = DOC_UINT, .u = u };
        return;
    }
    switch (json_typeof(j)) {
    case JSON_OBJECT: copy_object(a, j, d); break;
    case JSON_ARRAY: copy_array(a, j, d); break;
    case JSON_STRING:
        *d = (struct doc){ .type = DOC_STRING, .s = arena_strdup(a, json_string_value(j)) };
        d->n = (uint32_t) strlen(d->s);
        break;
    case JSON_INTEGER: *d = (struct doc){ .type = DOC_INT, .i = json_integer_value(j) }; break;
    case JSON_REAL: *d = (struct doc){ .type = DOC_REAL, .real = json_real_value(j) }; break;
    case JSON_TRUE: *d = (struct doc){ .type = DOC_TRUE }; break;
    case JSON_FALSE: *d = (struct doc){ .type = DOC_FALSE }; break;
    case JSON_NULL: *d = (struct doc){ .type = DOC_NULL }; break;
    }
}

const struct doc *doc_from_json(struct arena *a, const json_t *j)
{
    struct doc *d = arena_alloc(a, sizeof(*d));
    copy_json(a, j, d);
    return d;
}

json_t *doc_to_json(const struct doc *d)
{
    json_t *j;
    switch (d->type) {
    case DOC_FALSE: return json_false();
    case DOC_TRUE: return json_true();
    case DOC_INT: return json_integer(d->i);
    case DOC_UINT: return oci_json_from_u64(d->u);
    case DOC_REAL: return json_real(d->real);
    case DOC_STRING: return json_stringn_nocheck(d->s, d->n);
    case DOC_ARRAY:
        j = json_array();
        for (uint32_t i = 0; i < d->n; i++)
            json_array_append_new(j, doc_to_json(&d->items[i]));
        return j;
    case DOC_OBJECT:
        j = json_object();
        for (uint32_t i = 0; i < d->n; i++)
            json_object_set_new_nocheck(j, d->members[i].key, doc_to_json(&d->members[i].value));
        return j;
    case DOC_NULL: break;
    }
    return json_null();
}

const struct doc *doc_get(const struct doc *d, const char *key)
{
    if (d == NULL || d->type != DOC_OBJECT)
        return NULL;
    for (uint32_t i = 0; i < d->n; i++)
        if (d->members[i].key[0] == key[0] && str_eq(d->members[i].key, key))
            return &d->members[i].value;
    return NULL;
}
