// SPDX-License-Identifier: Apache-2.0
/*
 * How, fetching: one attempt is one GET from where the receiver stands. 206 must begin exactly there; a 200 in its place
 * (a server that ignores Range, or whose If-Range says the thing has changed) is gone through and what is there already thrown
 * away; 416 starts again from nothing. An attempt that brought bytes does not count as a failed one. At the end the
 * receiver compares the digest; if it is wrong, what was put together from several answers or an earlier run may be at fault, so it
 * is fetched once more in one piece before the registry is blamed.
 *
 * How, sending: HEAD, then POST (with a mount when there is a chance), then one PUT, or PATCHes of chunks with a PUT at the end.
 * After a broken PATCH the upload's status says where to go on.
 *
 * Threat: more bytes than the descriptor says (cap), other bytes (digest), an upload's Location on another host (http.h sends no
 * credentials there).
 */
#include <errno.h>

#include "base/log.h"
#include "base/parse.h"
#include "image/registry_internal.h"
#include "image/sha256.h"

#define ATTEMPTS_MAX 200
#define CHUNK ((int64_t) 64 * 1024 * 1024)
#define PROGRESS ((int64_t) 64 * 1024)

/* --- fetching --- */

struct fetch {
    struct registry_sink *sink;
    int64_t size;
    bool checked;  /* the head of this answer */
    int64_t skip;  /* bytes of this answer that are there already */
    bool too_much; /* the registry sends more than there may be */
    bool several;  /* what is there is from more than one answer */
};

static int look_at_head(struct fetch *f, const struct http_response *r, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int64_t from, to, total;
    f->checked = true;
    f->skip = 0;
    if (r->status == 206) {
        const char *range = http_header(r, "content-range", a);
        if (range == NULL || content_range_parse(range, &from, &to, &total) < 0 || from != f->sink->have ||
            (total >= 0 && total != f->size))
            return error_set(err, -EPROTO, "the registry sent another part than was asked for");
    } else {
        f->skip = f->sink->have;
    }
    const char *etag = http_header(r, "etag", a);
    if (etag != NULL && etag[0] == '"' && strlen(etag) < sizeof(f->sink->etag) &&
        !str_eq(etag, f->sink->etag)) {
        memcpy(f->sink->etag, etag, strlen(etag) + 1);
        if (f->sink->validator != NULL)
            f->sink->validator(f->sink->arg, etag);
    }
    return 0;
}

static int take(void *arg, const struct http_response *r, const void *data, size_t len, struct error *err)
{
    struct fetch *f = arg;
    int e = f->checked ? 0 : look_at_head(f, r, err);
    if (e < 0)
        return e;
    size_t skip = (size_t) MIN_OF(f->skip, (int64_t) len);
    f->skip -= (int64_t) skip;
    len -= skip;
    if ((int64_t) len > f->size - f->sink->have) {
        f->too_much = true;
        return error_set(err, -EINVAL, "the registry sends more than the %lld bytes that it should have",
                         (long long) f->size);
    }
    if (len == 0)
        return 0;
    e = f->sink->data(f->sink->arg, (const char *) data + skip, len, err);
    if (e == 0)
        f->sink->have += (int64_t) len;
    return e;
}

/* One attempt: 0 whatever came, or an error that stands. *again: it may be tried again, why is in err. */
static int attempt(struct registry_conn *c, const struct registry_repo *repo, const struct location *l,
                   const char *digest, struct fetch *f, struct http_response *answer, bool *again,
                   struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_free_ char *rest = xasprintf("blobs/%s", digest);
    _cleanup_free_ char *url = location_url(l, rest);
    const char *headers[3] = { NULL };
    size_t n = 0;
    f->checked = false;
    f->several = f->several || f->sink->have > 0;
    if (f->sink->have > 0) {
        headers[n++] = arena_printf(a, "Range: bytes=%lld-", (long long) f->sink->have);
        if (f->sink->etag[0] != '\0')
            headers[n++] = arena_printf(a, "If-Range: %s", f->sink->etag);
    }
    struct http_request rq = { .method = "GET", .url = url, .headers = headers, .sink = take, .arg = f };
    int r = registry_request(c, l->endpoint, location_scope(repo, l, a), &rq, false, answer, err);
    *again = http_may_retry(r, answer);
    if (f->too_much || r == -EACCES)
        *again = false;
    if (r == -EPROTO && f->checked) { /* a part that was not asked for: all of it, then */
        int e = f->sink->restart(f->sink->arg, err);
        f->sink->have = 0;
        *again = e == 0;
        return e < 0 ? e : r;
    }
    if (r < 0)
        return r;
    if (answer->status == 416 && f->sink->have > 0) {
        r = f->sink->restart(f->sink->arg, err);
        f->sink->have = 0;
        f->sink->etag[0] = '\0';
        *again = r == 0;
        return r < 0 ? r : error_set(err, -EPROTO, "the registry does not have that much of it");
    }
    if (answer->status != 200 && answer->status != 206)
        return status_error(answer, "the blob", err);
    if (f->sink->have < f->size) {
        *again = true;
        return error_set(err, -ECONNRESET, "the answer ended before the blob did");
    }
    return 0;
}

/* The bytes, or an error when it was tried often enough. */
static int fetch_bytes(struct registry_conn *c, const struct registry_repo *repo, const struct location *l,
                       const char *digest, struct fetch *f, struct error *err)
{
    unsigned failed = 0;
    for (unsigned n = 1; f->sink->have < f->size || f->size == 0; n++) {
        _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
        struct error why = { 0 };
        int64_t before = f->sink->have;
        bool again = false;
        int r = attempt(c, repo, l, digest, f, &answer, &again, &why);
        if (r == 0)
            return 0;
        failed = f->sink->have - before >= PROGRESS ? 1 : failed + 1;
        if (!again || failed >= registry_patience || n >= ATTEMPTS_MAX) {
            if (err != NULL)
                *err = why;
            return r;
        }
        log_info("%.19s: %s; going on at byte %lld", digest, why.msg, (long long) f->sink->have);
        int waited = http_wait(c->http, failed, answer.status != 0 ? &answer : NULL, err);
        if (waited == -EBUSY) {
            if (err != NULL)
                *err = why;
            return r;
        }
        if (waited < 0)
            return waited;
    }
    return 0;
}

static int fetch_at(struct registry_conn *c, const struct registry_repo *repo, const struct location *l,
                    const char *digest, int64_t size, struct registry_sink *sink, struct error *err)
{
    struct fetch f = { .sink = sink, .size = size, .several = sink->have > 0 };
    for (;;) {
        int r = fetch_bytes(c, repo, l, digest, &f, err);
        if (r == 0)
            r = sink->check(sink->arg, err);
        bool wrong = r == -EBADMSG || f.too_much;
        if (r == 0 || !wrong || !f.several)
            return r == -EBADMSG ? -EINVAL : r;
        log_info("%.19s: %s; fetching it again as a whole", digest, err != NULL ? err->msg : "wrong digest");
        error_clear(err);
        f = (struct fetch){ .sink = sink, .size = size };
        r = sink->restart(sink->arg, err);
        if (r < 0)
            return r;
        sink->have = 0;
        sink->etag[0] = '\0';
    }
}

int registry_blob_get(struct registry_conn *c, struct registry_repo *repo, const char *digest, int64_t size,
                      struct registry_sink *sink, struct error *err)
{
    int r = -ENOENT;
    if (sink->have > size)
        return error_set(err, -EINVAL, "there is more of the blob than there should be");
    for (size_t i = atomic_load(&repo->at); i < repo->n; i++) {
        struct error why = { 0 };
        r = fetch_at(c, repo, &repo->locations[i], digest, size, sink, &why);
        if (r == 0)
            return 0;
        if (err != NULL)
            *err = why;
        if (r == -ECANCELED)
            break;
        if (i + 1 < repo->n) {
            log_info("the mirror %s: %s", repo->locations[i].endpoint->domain, why.msg);
            if (r == -EINVAL) { /* a wrong digest: nothing of the mirror's is kept */
                if (sink->restart(sink->arg, err) < 0)
                    break;
                sink->have = 0;
                sink->etag[0] = '\0';
            }
        }
    }
    return error_context(err, r, "%.19s", digest);
}

/* --- a small one --- */

struct in_memory {
    struct strbuf text;
    const char *digest;
};

static int memory_data(void *arg, const void *bytes, size_t len, struct error *err _unused_)
{
    struct in_memory *m = arg;
    strbuf_add(&m->text, bytes, len);
    return 0;
}

static int memory_restart(void *arg, struct error *err _unused_)
{
    struct in_memory *m = arg;
    strbuf_reset(&m->text);
    return 0;
}

static int memory_check(void *arg, struct error *err)
{
    struct in_memory *m = arg;
    char hex[SHA256_HEX];
    sha256_of(m->text.buf, m->text.len, hex);
    return str_eq(hex, digest_hex(m->digest))
               ? 0
               : error_set(err, -EBADMSG, "what the registry sent has another digest, sha256:%s", hex);
}

int registry_blob_read(struct registry_conn *c, struct registry_repo *repo, const char *digest, int64_t size,
                       struct arena *a, const char **ret, struct error *err)
{
    struct in_memory m = { .text = STRBUF_INIT, .digest = digest };
    struct registry_sink sink = {
        .data = memory_data, .restart = memory_restart, .check = memory_check, .arg = &m
    };
    if (size > 4L * 1024 * 1024)
        return error_set(err, -EFBIG, "%.19s: it is %lld bytes, more than a document may be", digest,
                         (long long) size);
    if (str_after(digest, "sha256:") == NULL)
        return error_set(err, -EINVAL, "%.19s: digests of this kind are not kept in the store", digest);
    int r = registry_blob_get(c, repo, digest, size, &sink, err);
    if (r == 0)
        *ret = arena_strndup(a, m.text.buf, m.text.len);
    strbuf_free(&m.text);
    return r;
}

/* --- sending --- */

int registry_blob_exists(struct registry_conn *c, struct registry_repo *repo, const char *digest,
                         struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    _cleanup_arena_ struct arena *a = arena_new();
    const struct location *l = &repo->locations[repo->n - 1];
    _cleanup_free_ char *rest = xasprintf("blobs/%s", digest);
    _cleanup_free_ char *url = location_url(l, rest);
    struct http_request rq = { .method = "HEAD", .url = url };
    int r = registry_request(c, l->endpoint, location_scope(repo, l, a), &rq, true, &answer, err);
    if (r < 0)
        return r;
    if (answer.status == 404)
        return 0;
    return answer.status == 200 ? 1 : status_error(&answer, "asking for the blob", err);
}

struct upload {
    struct registry_conn *c;
    const struct location *l;
    const struct registry_upload *u;
    struct arena *a;
    const char *scope;
    const char *url; /* where the next request goes */
    int64_t at, chunk;
};

/* Location: relative or not, with parameters that belong to it. */
static int take_location(struct upload *up, const struct http_response *answer, struct error *err)
{
    const char *location = http_header(answer, "location", up->a);
    if (location == NULL)
        return error_set(err, -EPROTO, "the registry does not say where to upload to");
    if (location[0] == '/' && location[1] != '/') {
        const char *scheme_end = strstr(answer->url.buf, "://");
        size_t n = scheme_end == NULL
                       ? 0
                       : (size_t) (scheme_end - answer->url.buf) + 3 + strcspn(scheme_end + 3, "/?#");
        up->url = arena_printf(up->a, "%.*s%s", (int) n, answer->url.buf, location);
    } else if (strstr(location, "://") != NULL) {
        if (str_after(up->l->endpoint->base, "https://") != NULL && str_after(location, "https://") == NULL)
            return error_set(err, -EPROTO, "the registry wants the upload in plain http: refused");
        up->url = location;
    } else {
        return error_set(err, -EPROTO, "the registry's upload location is no URL");
    }
    return 0;
}

static int begin_upload(struct upload *up, bool *mounted, struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    struct strbuf rest = STRBUF_INIT;
    const struct registry_upload *u = up->u;
    const char *scope = up->scope;
    strbuf_adds(&rest, "blobs/uploads/");
    if (u->mount_from != NULL) {
        strbuf_addf(&rest, "?mount=%s&from=", u->digest);
        url_escape(&rest, u->mount_from);
        scope = arena_printf(up->a, "%s repository:%s:pull", up->scope, u->mount_from);
    }
    _cleanup_free_ char *url = location_url(up->l, rest.buf);
    strbuf_free(&rest);
    struct http_request rq = { .method = "POST", .url = url };
    int r = registry_request(up->c, up->l->endpoint, scope, &rq, true, &answer, err);
    if (r < 0)
        return r;
    *mounted = answer.status == 201;
    if (*mounted)
        return 0;
    if (answer.status != 202)
        return status_error(&answer, "beginning an upload", err);
    const char *least = http_header(&answer, "oci-chunk-min-length", up->a);
    int64_t n;
    up->chunk = u->chunk > 0 ? u->chunk : CHUNK;
    if (least != NULL && parse_i64(least, &n) == 0 && n > up->chunk)
        up->chunk = n;
    up->at = 0;
    return take_location(up, &answer, err);
}

static const char *with_digest(const struct upload *up)
{
    struct strbuf url = STRBUF_INIT;
    strbuf_addf(&url, "%s%cdigest=", up->url, strchr(up->url, '?') != NULL ? '&' : '?');
    url_escape(&url, up->u->digest);
    const char *ret = arena_strdup(up->a, url.buf);
    strbuf_free(&url);
    return ret;
}

/* The last request: what is left of the body, and the digest. */
static int finish_upload(struct upload *up, struct http_response *answer, struct error *err)
{
    static const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
    const struct registry_upload *u = up->u;
    struct http_request rq = {
        .method = "PUT",
        .url = with_digest(up),
        .headers = headers,
        .body_from_fd = u->size > up->at,
        .body_fd = u->fd,
        .body_offset = up->at,
        .body_size = u->size - up->at,
        .sent = u->sent,
    };
    int r = registry_request(up->c, up->l->endpoint, up->scope, &rq, false, answer, err);
    if (r < 0)
        return r;
    return answer->status == 201 || answer->status == 204 ? 0 : status_error(answer, "an upload", err);
}

static int send_chunk(struct upload *up, struct http_response *answer, struct error *err)
{
    const struct registry_upload *u = up->u;
    int64_t n = MIN_OF(up->chunk, u->size - up->at);
    const char *const headers[] = { "Content-Type: application/octet-stream",
                                    arena_printf(up->a, "Content-Range: %lld-%lld", (long long) up->at,
                                                 (long long) (up->at + n - 1)),
                                    NULL };
    struct http_request rq = { .method = "PATCH",
                               .url = up->url,
                               .headers = headers,
                               .body_from_fd = true,
                               .body_fd = u->fd,
                               .body_offset = up->at,
                               .body_size = n,
                               .sent = u->sent };
    int r = registry_request(up->c, up->l->endpoint, up->scope, &rq, false, answer, err);
    if (r < 0)
        return r;
    if (answer->status != 202 && answer->status != 204)
        return status_error(answer, "a chunk of an upload", err);
    int64_t next = up->at + n;
    const char *range = http_header(answer, "range", up->a);
    if (range != NULL && upload_range_parse(range, &next) == 0 && (next < up->at || next > up->at + n))
        return error_set(err, -EPROTO, "the registry counts the upload's bytes otherwise");
    up->at = next;
    return take_location(up, answer, err);
}

/* Where the registry stands. -ENOENT: it has forgotten the upload. */
static int ask_status(struct upload *up, struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    struct http_request rq = { .method = "GET", .url = up->url };
    int64_t next = 0;
    int r = registry_request(up->c, up->l->endpoint, up->scope, &rq, true, &answer, err);
    if (r < 0)
        return r;
    const char *range = http_header(&answer, "range", up->a);
    if (answer.status != 204 || range == NULL || upload_range_parse(range, &next) < 0 || next > up->u->size)
        return error_set(err, -ENOENT, "the registry does not know the upload any more");
    if (up->u->sent != NULL)
        atomic_store(up->u->sent, next);
    up->at = next;
    if (http_header(&answer, "location", up->a) != NULL)
        return take_location(up, &answer, err);
    return 0;
}

static int send_all(struct upload *up, bool *mounted, struct error *err)
{
    unsigned failed = 0;
    int r = begin_upload(up, mounted, err);
    while (r == 0 && !*mounted) {
        _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
        struct error why = { 0 };
        bool last = up->u->size - up->at <= up->chunk && (up->at == 0 || up->at == up->u->size);
        r = last ? finish_upload(up, &answer, &why) : send_chunk(up, &answer, &why);
        if (r == 0 && last)
            return 0;
        if (r == 0) {
            failed = 0;
            continue;
        }
        bool again = answer.status == 0 ? http_may_retry(r, &answer)
                                        : http_may_retry(0, &answer) || answer.status == 416;
        if (r == -EACCES || !again || ++failed >= registry_patience) {
            if (err != NULL)
                *err = why;
            return r;
        }
        log_info("%.19s: %s; sending goes on", up->u->digest, why.msg);
        r = http_wait(up->c->http, failed, answer.status != 0 ? &answer : NULL, err);
        if (r == 0 && (last || ask_status(up, err) < 0)) {
            if (up->u->sent != NULL)
                atomic_store(up->u->sent, 0);
            error_clear(err);
            r = begin_upload(up, mounted, err);
        }
    }
    return r;
}

int registry_blob_put(struct registry_conn *c, struct registry_repo *repo, const struct registry_upload *u,
                      struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct location *l = &repo->locations[repo->n - 1];
    struct upload up = { .c = c, .l = l, .u = u, .a = a, .scope = location_scope(repo, l, a), .url = "" };
    bool mounted = false;
    int r = send_all(&up, &mounted, err);
    return r < 0 ? error_context(err, r, "%.19s", u->digest) : mounted;
}
