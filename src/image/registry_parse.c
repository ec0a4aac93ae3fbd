// SPDX-License-Identifier: Apache-2.0
/*
 * How: hand-written readers over NUL-terminated text that copy what they keep into an arena. All of it comes from a server that
 * may be hostile: what is not of the grammar is refused, never guessed, and no value is used for anything before the caller
 * has checked what it points to (a realm is a URL that credentials would go to).
 */
#include "image/registry_parse.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/json.h"
#include "base/parse.h"

#define ITEM_MAX 300

/* --- challenges --- */

static bool token_char(char c)
{
    return isalnum((unsigned char) c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t");
}

static const char *read_token(const char *p, struct arena *a, const char **ret)
{
    size_t n = 0;
    while (token_char(p[n]))
        n++;
    *ret = arena_strndup(a, p, n);
    return n > 0 ? p + n : NULL;
}

/* A quoted string or a token (some servers leave the quotes out around URLs, so up to the comma). */
static const char *read_value(const char *p, struct arena *a, const char **ret)
{
    if (*p != '"') {
        size_t n = strcspn(p, ", \t\"");
        *ret = arena_strndup(a, p, n);
        return n > 0 ? p + n : NULL;
    }
    char *out = arena_alloc(a, strlen(p) + 1);
    size_t n = 0;
    for (p++; *p != '"'; p++) {
        if (*p == '\\')
            p++;
        if (*p == '\0' || (iscntrl((unsigned char) *p) && *p != '\t'))
            return NULL;
        out[n++] = *p;
    }
    *ret = out;
    return p + 1;
}

static void keep(struct auth_challenge *c, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **to;
    } table[] = {
        { "realm", &c->realm }, { "service", &c->service }, { "scope", &c->scope }, { "error", &c->error }
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcasecmp(key, table[i].key) == 0 && *table[i].to == NULL)
            *table[i].to = value;
    }
}

/* Parameters up to the next scheme or the end; NULL: malformed. */
static const char *read_parameters(const char *p, struct arena *a, struct auth_challenge *c)
{
    for (;;) {
        const char *key, *value;
        p += strspn(p, " \t,");
        if (*p == '\0')
            return p;
        const char *after = read_token(p, a, &key);
        if (after == NULL)
            return NULL;
        const char *equals = skip_space(after);
        if (*equals != '=')
            return p; /* a scheme */
        after = read_value(skip_space(equals + 1), a, &value);
        if (after == NULL)
            return NULL;
        keep(c, key, value);
        p = after;
    }
}

int auth_challenge_parse(const char *header, struct arena *a, struct auth_challenge *ret)
{
    struct auth_challenge best = { 0 };
    const char *p = header;
    for (;;) {
        struct auth_challenge c = { 0 };
        const char *scheme;
        p += strspn(p, " \t,");
        if (*p == '\0')
            break;
        p = read_token(p, a, &scheme);
        if (p == NULL || (*p != '\0' && *p != ' ' && *p != '\t' && *p != ','))
            return -EINVAL;
        p = read_parameters(p, a, &c);
        if (p == NULL)
            return -EINVAL;
        c.scheme = strcasecmp(scheme, "bearer") == 0  ? AUTH_BEARER
                   : strcasecmp(scheme, "basic") == 0 ? AUTH_BASIC
                                                      : AUTH_NONE;
        if (c.scheme == AUTH_BEARER && c.realm == NULL)
            return -EINVAL;
        if (c.scheme > best.scheme)
            best = c;
    }
    *ret = best;
    return 0;
}

/* --- Link, ranges --- */

static bool is_next(const char *parameters, size_t n)
{
    for (const char *p = parameters; p + 4 < parameters + n; p++) {
        if (strncasecmp(p, "rel=", 4) != 0 || (p > parameters && strchr("; \t", p[-1]) == NULL))
            continue;
        const char *value = p + 4 + (p[4] == '"');
        size_t len = strcspn(value, "\" ;,");
        return len == 4 && strncasecmp(value, "next", 4) == 0;
    }
    return false;
}

const char *link_next(const char *header, struct arena *a)
{
    const char *p = header;
    for (;;) {
        p += strspn(p, " \t,");
        if (*p != '<')
            return NULL;
        size_t n = strcspn(p + 1, ">");
        const char *url = p + 1;
        p += 1 + n;
        if (*p != '>')
            return NULL;
        /* A comma ends it, but not one inside quotes. */
        const char *end = p + 1;
        for (bool quoted = false; *end != '\0' && (quoted || *end != ','); end++)
            quoted ^= *end == '"';
        if (is_next(p + 1, (size_t) (end - p - 1)))
            return arena_strndup(a, url, n);
        p = end;
    }
}

/* Digits up to one of ends. */
static const char *read_number(const char *p, int64_t *ret)
{
    char digits[24];
    size_t n = strspn(p, "0123456789");
    if (n == 0 || n >= sizeof(digits))
        return NULL;
    memcpy(digits, p, n);
    digits[n] = '\0';
    return parse_i64(digits, ret) == 0 ? p + n : NULL;
}

int content_range_parse(const char *header, int64_t *ret_from, int64_t *ret_to, int64_t *ret_total)
{
    int64_t from, to, total = -1;
    if (strncasecmp(header, "bytes", 5) != 0)
        return -EINVAL;
    const char *p = read_number(skip_space(header + 5), &from);
    if (p == NULL || *p != '-')
        return -EINVAL;
    p = read_number(p + 1, &to);
    if (p == NULL || *p != '/')
        return -EINVAL;
    p = str_eq(p + 1, "*") ? p + 2 : read_number(p + 1, &total);
    if (p == NULL || *p != '\0' || to < from || (total >= 0 && total <= to))
        return -EINVAL;
    *ret_from = from;
    *ret_to = to;
    *ret_total = total;
    return 0;
}

int upload_range_parse(const char *header, int64_t *ret_next)
{
    const char *p = str_after(header, "bytes=");
    int64_t from, to;
    p = read_number(p != NULL ? p : header, &from);
    if (p == NULL || *p != '-' || from != 0)
        return -EINVAL;
    p = read_number(p + 1, &to);
    if (p == NULL || *p != '\0' || to == INT64_MAX)
        return -EINVAL;
    *ret_next = to == 0 ? 0 : to + 1;
    return 0;
}

/* --- JSON --- */

const char *registry_error_text(const char *body, size_t len, struct arena *a)
{
    _cleanup_json_ json_t *doc = NULL;
    if (len == 0 || len > 64UL * 1024 || json_parse(body, len, "answer", &doc, NULL) < 0)
        return NULL;
    const json_t *list = json_object_get(doc, "errors");
    const json_t *first = json_is_array(list) ? json_array_get(list, 0) : list;
    const char *message = json_string_value(json_object_get(first, "message"));
    const char *code = json_string_value(json_object_get(first, "code"));
    if (str_empty(message))
        message = json_string_value(json_object_get(doc, "details")); /* token servers, docker's hub */
    if (str_empty(message))
        message = json_string_value(json_object_get(doc, "message"));
    if (str_empty(message))
        message = code;
    return str_empty(message) ? NULL : arena_printf(a, "%.300s", message);
}

static bool printable(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s <= ' ' || *s > '~')
            return false;
    }
    return true;
}

int registry_token_parse(const char *body, size_t len, struct arena *a, struct registry_token *ret,
                         struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    struct registry_token t = { .expires_in = 60 };
    const char *token = NULL, *refresh = NULL;
    int r = json_parse(body, len, "the token server's answer", &doc, err);
    if (r < 0)
        return r;
    if (!json_is_object(doc))
        return error_set(err, -EINVAL, "the token server's answer is no object");
    token = json_string_value(json_object_get(doc, "token"));
    if (str_empty(token))
        token = json_string_value(json_object_get(doc, "access_token"));
    refresh = json_string_value(json_object_get(doc, "refresh_token"));
    if (str_empty(token) || !printable(token) || (refresh != NULL && !printable(refresh)))
        return error_set(err, -EINVAL, "the token server's answer has no token in it");
    const json_t *expires = json_object_get(doc, "expires_in");
    if (json_is_integer(expires) && json_integer_value(expires) > 60)
        t.expires_in = MIN_OF((int64_t) json_integer_value(expires), (int64_t) 86400);
    t.token = arena_strdup(a, token);
    t.refresh = str_empty(refresh) ? NULL : arena_strdup(a, refresh);
    *ret = t;
    return 0;
}

static bool item_valid(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > ITEM_MAX)
        return false;
    for (; *s != '\0'; s++) {
        if (!isalnum((unsigned char) *s) && strchr("_.-/", *s) == NULL)
            return false;
    }
    return true;
}

int registry_list_parse(const char *body, size_t len, const char *key, struct arena *a,
                        struct oci_strings *ret, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    const json_t *item;
    size_t i;
    int r = json_parse(body, len, "the registry's list", &doc, err);
    if (r < 0)
        return r;
    const json_t *list = json_object_get(doc, key);
    if (list == NULL || (!json_is_array(list) && !json_is_null(list)))
        return error_set(err, -EINVAL, "the registry's list has no \"%s\"", key);
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item) || !item_valid(json_string_value(item)))
            return error_set(err, -EINVAL, "the registry's list has something in it that is no name");
        oci_strings_add(a, ret, arena_strdup(a, json_string_value(item)));
    }
    return 0;
}

/* --- encodings --- */

void url_escape(struct strbuf *out, const char *s)
{
    for (; *s != '\0'; s++) {
        if (isalnum((unsigned char) *s) || strchr("-._~", *s) != NULL)
            strbuf_addc(out, *s);
        else
            strbuf_addf(out, "%%%02X", (unsigned char) *s);
    }
}

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
    const unsigned char *in = data;
    char *out = xmalloc((len + 2) / 3 * 4 + 1), *p = out;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned v = (unsigned) in[i] << 16 | (left > 1 ? (unsigned) in[i + 1] << 8 : 0) |
                     (left > 2 ? in[i + 2] : 0);
        *p++ = digits64[v >> 18];
        *p++ = digits64[v >> 12 & 63];
        *p++ = left > 1 ? digits64[v >> 6 & 63] : '=';
        *p++ = left > 2 ? digits64[v & 63] : '=';
    }
    *p = '\0';
    return out;
}

int base64_decode(const char *text, char **ret, size_t *ret_len)
{
    size_t n = strlen(text), pad = 0, len = 0;
    if (n % 4 != 0)
        return -EINVAL;
    while (pad < 2 && pad < n && text[n - 1 - pad] == '=')
        pad++;
    _cleanup_free_ char *out = xmalloc(n / 4 * 3 + 1);
    for (size_t i = 0; i < n; i += 4) {
        unsigned v = 0;
        for (size_t k = 0; k < 4; k++) {
            const char *at = text[i + k] == '\0' ? NULL : strchr(digits64, text[i + k]);
            bool padding = text[i + k] == '=' && i + k >= n - pad;
            if (at == NULL && !padding)
                return -EINVAL;
            v = v << 6 | (padding ? 0 : (unsigned) (at - digits64));
        }
        out[len++] = (char) (v >> 16);
        out[len++] = (char) (v >> 8 & 255);
        out[len++] = (char) (v & 255);
    }
    len -= pad;
    out[len] = '\0';
    *ret = TAKE_PTR(out);
    *ret_len = len;
    return 0;
}
