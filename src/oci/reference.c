// SPDX-License-Identifier: Apache-2.0
/*
 * References by hand, in the order in which docker decides: a first component with a dot, a colon or a
 * capital, or "localhost", is a domain, anything else belongs to the path on docker.io; then each part is
 * held against its own grammar. Every part is copied into a field that is larger than the grammar allows it
 * to be.
 *
 * Grammar (distribution/reference): domain = host [":" digits]; host = components of letters, digits and
 * inner dashes with dots between, or an IPv6 address in brackets; path = components of [a-z0-9]+ joined by
 * one of "." "_" "__" or any number of "-", with slashes between; tag = [A-Za-z0-9_][A-Za-z0-9_.-]{0,127};
 * digest as in oci/digest.h. The domain and path together end at 255 bytes. One thing is stricter than
 * docker: a first component that must be a domain and is none ("under_score.com/x") is refused.
 */
#include "oci/reference.h"

#include <errno.h>

#include "oci/digest.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define LIBRARY "library/"
#define DEFAULT_TAG "latest"
#define NAME_MAX_LEN 255
#define TAG_MAX_LEN 128
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* A piece of the text. */
struct slice {
    const char *s;
    size_t n;
};

static size_t span(struct slice p, const char *set)
{
    size_t i = 0;
    while (i < p.n && strchr(set, p.s[i]) != NULL)
        i++;
    return i;
}

static struct slice from(struct slice p, size_t i)
{
    return (struct slice){ p.s + i, p.n - i };
}

static size_t find(struct slice p, char c)
{
    const char *at = p.n > 0 ? memchr(p.s, c, p.n) : NULL;
    return at != NULL ? (size_t) (at - p.s) : p.n;
}

static bool is(struct slice p, const char *s)
{
    return p.n == strlen(s) && memcmp(p.s, s, p.n) == 0;
}

static bool has_any(struct slice p, const char *set)
{
    for (size_t i = 0; i < p.n; i++)
        if (strchr(set, p.s[i]) != NULL)
            return true;
    return false;
}

static bool host_valid(struct slice host)
{
    for (;;) {
        size_t n = find(host, '.');
        struct slice part = { host.s, n };
        if (n == 0 || span(part, LOWER UPPER DIGITS "-") != n || part.s[0] == '-' || part.s[n - 1] == '-')
            return false;
        if (n == host.n)
            return true;
        host = from(host, n + 1);
    }
}

static bool domain_valid(struct slice domain)
{
    size_t n;
    if (domain.n > 0 && domain.s[0] == '[') {
        n = 1 + span(from(domain, 1), "abcdefABCDEF" DIGITS ":");
        if (n < 2 || n == domain.n || domain.s[n++] != ']')
            return false;
    } else {
        n = find(domain, ':');
        if (!host_valid((struct slice){ domain.s, n }))
            return false;
    }
    struct slice port = from(domain, n);
    return port.n == 0 || (port.s[0] == ':' && port.n > 1 && span(from(port, 1), DIGITS) == port.n - 1);
}

/* One component of the path: runs of letters and digits with exactly one separator between. */
static bool component_valid(struct slice c)
{
    for (;;) {
        size_t n = span(c, LOWER DIGITS);
        if (n == 0)
            return false;
        c = from(c, n);
        if (c.n == 0)
            return true;
        if (c.s[0] == '-')
            n = span(c, "-");
        else if (c.s[0] == '_')
            n = c.n > 1 && c.s[1] == '_' ? 2 : 1;
        else
            n = c.s[0] == '.';
        if (n == 0)
            return false;
        c = from(c, n);
    }
}

static bool path_valid(struct slice path)
{
    for (;;) {
        size_t n = find(path, '/');
        if (!component_valid((struct slice){ path.s, n }))
            return false;
        if (n == path.n)
            return true;
        path = from(path, n + 1);
    }
}

static bool tag_valid(struct slice tag)
{
    return tag.n >= 1 && tag.n <= TAG_MAX_LEN && tag.s[0] != '.' && tag.s[0] != '-' &&
           span(tag, LOWER UPPER DIGITS "_.-") == tag.n;
}

static void put(char *to, size_t size, struct slice p)
{
    size_t n = MIN_OF(p.n, size - 1);
    memcpy(to, p.s, n);
    to[n] = '\0';
}

/* Splits off the domain; without one it stays as it was. */
static void split_domain(struct slice all, struct slice *domain, struct slice *rest)
{
    size_t slash = find(all, '/');
    struct slice first = { all.s, slash };
    *rest = all;
    if (slash == all.n || !(is(first, "localhost") || has_any(first, ".:" UPPER)))
        return;
    *domain = is(first, LEGACY_DOMAIN) ? (struct slice){ DEFAULT_DOMAIN, strlen(DEFAULT_DOMAIN) } : first;
    *rest = from(all, slash + 1);
}

static int set_digest(const char *s, struct slice digest, struct reference *r, struct error *err)
{
    if (digest.n >= sizeof(r->digest))
        return error_set(err, -EINVAL, "invalid reference format: the digest of \"%.300s\" is too long", s);
    put(r->digest, sizeof(r->digest), digest);
    if (!digest_valid(r->digest))
        return error_set(
            err, -EINVAL,
            "invalid reference format: \"%s\" is not a digest (sha256: and 64 lower-case hexadecimal digits)",
            r->digest);
    return 0;
}

static int set_name(const char *s, struct slice domain, struct slice path, struct reference *r,
                    struct error *err)
{
    const char *library = is(domain, DEFAULT_DOMAIN) && find(path, '/') == path.n ? LIBRARY : "";
    if (has_any(path, UPPER))
        return error_set(err, -EINVAL, "invalid reference format: repository name (%s%.*s) must be lowercase",
                         library, (int) MIN_OF(path.n, (size_t) 300), path.s);
    if (!domain_valid(domain))
        return error_set(err, -EINVAL, "invalid reference format: \"%.*s\" in \"%.300s\" is not a registry",
                         (int) MIN_OF(domain.n, (size_t) 300), domain.s, s);
    if (path.n == 0)
        return error_set(err, -EINVAL, "invalid reference format: \"%.300s\" has no repository name", s);
    if (!path_valid(path))
        return error_set(err, -EINVAL, "invalid reference format: \"%.*s\" is not a repository name",
                         (int) MIN_OF(path.n, (size_t) 300), path.s);
    if (domain.n + 1 + strlen(library) + path.n > NAME_MAX_LEN)
        return error_set(err, -EINVAL,
                         "invalid reference format: repository name must not be more than %d characters",
                         NAME_MAX_LEN);
    put(r->domain, sizeof(r->domain), domain);
    put(r->path, sizeof(r->path), (struct slice){ library, strlen(library) });
    put(r->path + strlen(library), sizeof(r->path) - strlen(library), path);
    return 0;
}

int reference_parse(const char *s, struct reference *ret, struct error *err)
{
    struct reference r = { 0 };
    struct slice all = { s, strlen(s) }, domain = { DEFAULT_DOMAIN, strlen(DEFAULT_DOMAIN) }, rest;
    if (all.n == 0)
        return error_set(err, -EINVAL, "invalid reference format: the image name is empty");
    if (hex64_valid(s))
        return error_set(err, -EINVAL,
                         "invalid repository name (%s), cannot specify 64-byte hexadecimal strings", s);
    split_domain(all, &domain, &rest);
    size_t at = find(rest, '@');
    size_t colon = find((struct slice){ rest.s, at }, ':');
    int e = set_name(s, domain, (struct slice){ rest.s, colon }, &r, err);
    if (e < 0)
        return e;
    if (colon < at) {
        struct slice tag = { rest.s + colon + 1, at - colon - 1 };
        if (!tag_valid(tag))
            return error_set(err, -EINVAL, "invalid reference format: \"%.*s\" is not a tag",
                             (int) MIN_OF(tag.n, (size_t) 300), tag.s);
        put(r.tag, sizeof(r.tag), tag);
    }
    if (at < rest.n) {
        e = set_digest(s, from(rest, at + 1), &r, err);
        if (e < 0)
            return e;
    } else if (r.tag[0] == '\0') {
        put(r.tag, sizeof(r.tag), (struct slice){ DEFAULT_TAG, strlen(DEFAULT_TAG) });
    }
    *ret = r;
    return 0;
}

static void join(char *buf, size_t size, const char *const *parts)
{
    size_t at = 0;
    for (; *parts != NULL; parts++)
        for (const char *p = *parts; *p != '\0' && at + 1 < size; p++)
            buf[at++] = *p;
    if (size > 0)
        buf[at] = '\0';
}

void reference_format(const struct reference *r, char *buf, size_t size)
{
    join(buf, size,
         (const char *const[]){ r->domain, "/", r->path, r->tag[0] != '\0' ? ":" : "", r->tag,
                                r->digest[0] != '\0' ? "@" : "", r->digest, NULL });
}

void reference_familiar_name(const struct reference *r, char *buf, size_t size)
{
    if (!str_eq(r->domain, DEFAULT_DOMAIN)) {
        join(buf, size, (const char *const[]){ r->domain, "/", r->path, NULL });
        return;
    }
    const char *rest = str_after(r->path, LIBRARY);
    join(buf, size,
         (const char *const[]){ rest != NULL && strchr(rest, '/') == NULL ? rest : r->path, NULL });
}
