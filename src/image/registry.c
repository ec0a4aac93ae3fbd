// SPDX-License-Identifier: Apache-2.0
/*
 * How: a repository is a list of locations, its mirrors and then the registry itself; a document is asked for at one after the
 * other, and the location that had it is where the blobs are asked for first. All documents come into memory, with a cap, and are
 * believed for their digest only.
 *
 * Threat: a registry or mirror that sends another document than was asked for (digest), one that is two things at once
 * (Content-Type and mediaType disagree, CVE-2021-41190), or never ends (caps; pages of a list are counted).
 */
#include <errno.h>
#include <strings.h>

#include "base/log.h"
#include "image/registry_internal.h"
#include "image/sha256.h"

#define DOCUMENT_MAX ((size_t) 4 * 1024 * 1024)
#define PAGES_MAX 2000
#define NAMES_MAX 200000
#define ACCEPT "Accept: "

static const char *const manifest_headers[] = {
    ACCEPT MEDIA_INDEX ", " MEDIA_DOCKER_LIST ", " MEDIA_MANIFEST ", " MEDIA_DOCKER_MANIFEST
                       ", application/vnd.oci.artifact.manifest.v1+json",
    NULL,
};

unsigned registry_patience = 5;

void registry_set_patience(unsigned attempts)
{
    registry_patience = attempts;
}

/* --- the client --- */

int registry_open(const struct registry_options *o, struct registry **ret, struct error *err)
{
    struct registry *r = xcalloc(1, sizeof(*r));
    int e = registry_hosts_load(&o->hosts, &r->hosts, err);
    if (e < 0) {
        free(r);
        return e;
    }
    pthread_mutex_init(&r->lock, NULL);
    r->arena = arena_new();
    r->http = http_shared_new(registry_hosts_origin, r->hosts);
    r->authfile = o->authfile != NULL ? xstrdup(o->authfile) : NULL;
    if (o->login != NULL) {
        r->has_login = true;
        r->login.username = o->login->username != NULL ? xstrdup(o->login->username) : NULL;
        r->login.password = o->login->password != NULL ? xstrdup(o->login->password) : NULL;
        r->login.identity_token = o->login->identity_token != NULL ? xstrdup(o->login->identity_token) : NULL;
    }
    *ret = r;
    return 0;
}

void registry_close(struct registry *r)
{
    if (r == NULL)
        return;
    for (struct endpoint *e = r->endpoints; e != NULL; e = e->next)
        endpoint_clear(e);
    while (r->idle != NULL) {
        struct registry_conn *c = r->idle;
        r->idle = c->next;
        http_free(c->http);
        free(c);
    }
    http_shared_free(r->http);
    registry_hosts_free(r->hosts);
    credential_clear(&r->login);
    free(r->authfile);
    arena_free(r->arena);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

struct http_shared *registry_http(struct registry *r)
{
    return r->http;
}

struct registry_conn *registry_conn_new(struct registry *r)
{
    pthread_mutex_lock(&r->lock);
    struct registry_conn *c = r->idle;
    if (c != NULL)
        r->idle = c->next;
    pthread_mutex_unlock(&r->lock);
    if (c != NULL)
        return c;
    c = xcalloc(1, sizeof(*c));
    c->registry = r;
    c->http = http_new(r->http);
    return c;
}

void registry_conn_free(struct registry_conn *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->registry->lock);
    c->next = c->registry->idle;
    c->registry->idle = c;
    pthread_mutex_unlock(&c->registry->lock);
}

/* --- endpoints and repositories --- */

/* TLS where it is spoken, else plain. Only for hosts that may be spoken to in plain. */
static int probe(struct registry_conn *c, const char *host, bool *plain, struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    _cleanup_free_ char *url = xasprintf("https://%s/v2/", host);
    struct http_request rq = { .method = "GET", .url = url, .stay = true };
    int r = http_once(c->http, &rq, &answer, err);
    *plain = r == -EPROTO || r == -ECONNRESET;
    return *plain ? 0 : r;
}

int endpoint_get(struct registry_conn *c, const char *host, struct endpoint **ret, struct error *err)
{
    struct registry *r = c->registry;
    const char *where = str_eq(host, "docker.io") ? "registry-1.docker.io" : host;
    bool plain = false;
    pthread_mutex_lock(&r->lock);
    struct endpoint *e = r->endpoints;
    while (e != NULL && !str_eq(e->domain, host))
        e = e->next;
    pthread_mutex_unlock(&r->lock);
    if (e != NULL) {
        *ret = e;
        return 0;
    }
    enum registry_transport transport = registry_hosts_transport(r->hosts, host);
    int code = transport == TRANSPORT_TLS_THEN_PLAIN ? probe(c, where, &plain, err) : 0;
    if (code < 0)
        return code;
    plain = plain || transport == TRANSPORT_PLAIN;
    pthread_mutex_lock(&r->lock);
    e = arena_alloc(r->arena, sizeof(*e));
    e->base = arena_printf(r->arena, "%s://%s", plain ? "http" : "https", where);
    e->domain = arena_strdup(r->arena, host);
    pthread_mutex_init(&e->lock, NULL);
    e->next = r->endpoints;
    r->endpoints = e;
    pthread_mutex_unlock(&r->lock);
    *ret = e;
    return 0;
}

static void add_location(struct registry_repo *repo, struct arena *a, struct endpoint *e, const char *path,
                         bool mirror)
{
    repo->locations = arena_grow(a, repo->locations, repo->n, repo->n + 1, sizeof(*repo->locations));
    repo->locations[repo->n++] = (struct location){ e, path, mirror };
}

static void add_mirrors(struct registry_conn *c, struct registry_repo *repo,
                        const struct registry_entry *entry)
{
    struct arena *a = c->registry->arena;
    for (size_t i = 0; i < entry->mirrors.n; i++) {
        const char *mirror = entry->mirrors.v[i];
        struct error why = { 0 };
        struct endpoint *e;
        size_t n = strcspn(mirror, "/");
        _cleanup_free_ char *host = xstrndup(mirror, n);
        if (endpoint_get(c, host, &e, &why) < 0) {
            log_warn("the mirror %s is left out: %s", mirror, why.msg);
            continue;
        }
        pthread_mutex_lock(&c->registry->lock);
        add_location(repo, a, e,
                     mirror[n] == '\0' ? repo->path : arena_printf(a, "%s/%s", mirror + n + 1, repo->path),
                     true);
        pthread_mutex_unlock(&c->registry->lock);
    }
}

int registry_repo_open(struct registry_conn *c, const char *domain, const char *path, bool push,
                       struct registry_repo **ret, struct error *err)
{
    const struct registry_entry *entry = registry_hosts_find(c->registry->hosts, domain, path);
    struct endpoint *e = NULL;
    if (entry != NULL && entry->blocked)
        return error_set(err, -EPERM, "%s/%s is blocked by this host's registries.json", domain, path);
    struct arena *a = c->registry->arena;
    pthread_mutex_lock(&c->registry->lock);
    struct registry_repo *repo = arena_alloc(a, sizeof(*repo));
    *repo = (struct registry_repo){ .registry = c->registry,
                                    .domain = arena_strdup(a, domain),
                                    .path = arena_strdup(a, path),
                                    .push = push };
    pthread_mutex_unlock(&c->registry->lock);
    if (entry != NULL && !push)
        add_mirrors(c, repo, entry);
    int r = endpoint_get(c, domain, &e, err);
    if (r < 0 && repo->n == 0)
        return r;
    pthread_mutex_lock(&c->registry->lock);
    if (r == 0)
        add_location(repo, a, e, repo->path, false);
    pthread_mutex_unlock(&c->registry->lock);
    *ret = repo;
    return 0;
}

const char *location_scope(const struct registry_repo *repo, const struct location *l, struct arena *a)
{
    return arena_printf(a, "repository:%s:%s", l->path, repo->push ? "pull,push" : "pull");
}

char *location_url(const struct location *l, const char *rest)
{
    return xasprintf("%s/v2/%s/%s", l->endpoint->base, l->path, rest);
}

/* --- errors --- */

int status_error(const struct http_response *r, const char *what, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *text = registry_error_text(r->body.buf, r->body.len, a);
    const char *colon = text != NULL ? ": " : "";
    text = text != NULL ? text : "";
    switch (r->status) {
    case 401:
    case 403: return error_set(err, -EACCES, "%s: access is denied%s%s", what, colon, text);
    case 404: return error_set(err, -ENOENT, "%s: the registry does not have it%s%s", what, colon, text);
    case 429:
        if (r->retry_after >= 0)
            return error_set(
                err, -EBUSY,
                "%s: the registry has had too many requests from this address or login (429): it wants to be "
                "asked again in %lld s. A login has a limit of its own, a mirror in registries.json has none%s%s",
                what, (long long) r->retry_after, colon, text);
        return error_set(
            err, -EBUSY,
            "%s: the registry has had too many requests from this address or login (429). Wait, log in, or "
            "name a mirror in registries.json%s%s",
            what, colon, text);
    case 405:
    case 501:
        return error_set(err, -EOPNOTSUPP, "%s: the registry does not offer that%s%s", what, colon, text);
    default:
        return error_set(err, r->status >= 500 ? -EIO : -EPROTO, "%s: the registry answered %ld%s%s", what,
                         r->status, colon, text);
    }
}

/* --- ping --- */

int registry_ping(struct registry_conn *c, const char *domain, char **ret_refresh, struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    struct endpoint *e = NULL;
    const struct registry_entry *entry = registry_hosts_find(c->registry->hosts, domain, "");
    if (entry != NULL && entry->blocked)
        return error_set(err, -EPERM, "%s is blocked by this host's registries.json", domain);
    int r = endpoint_get(c, domain, &e, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *url = xasprintf("%s/v2/", e->base);
    struct http_request rq = { .method = "GET", .url = url };
    r = registry_request(c, e, NULL, &rq, true, &answer, err);
    if (r < 0)
        return r;
    if (answer.status != 200)
        return status_error(&answer, domain, err);
    if (ret_refresh != NULL)
        *ret_refresh = e->refresh != NULL ? xstrdup(e->refresh) : NULL;
    return 0;
}

/* --- manifests --- */

static const char *plain_type(const char *header, struct arena *a)
{
    return header == NULL ? "" : arena_strndup(a, header, strcspn(header, "; \t"));
}

static bool same_type(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

static bool is_schema1(const char *type)
{
    return strncasecmp(type, "application/vnd.docker.distribution.manifest.v1", 47) == 0;
}

/* Types that say nothing of what a document is. */
static bool says_nothing(const char *type)
{
    static const char *const types[] = { "", "application/json", "application/octet-stream", "text/plain",
                                         "text/html" };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (same_type(type, types[i]))
            return true;
    }
    return false;
}

static int refuse_schema1(const char *what, struct error *err)
{
    return error_set(
        err, -EOPNOTSUPP,
        "%s: it is in docker's old schema 1, whose layers cannot be verified; it must be pushed again by a newer "
        "docker, podman or skopeo",
        what);
}

/* What the document is, by its own word and the server's, which must agree. */
static int judge_type(struct registry_manifest *m, const char *header, const char *what, struct arena *a,
                      struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    int r = json_parse(m->text, m->len, what, &doc, err);
    if (r < 0)
        return r;
    if (!json_is_object(doc))
        return error_set(err, -EINVAL, "%s: it is no object", what);
    const char *own = json_string_value(json_object_get(doc, "mediaType"));
    const char *artifact = json_string_value(json_object_get(doc, "artifactType"));
    m->artifact_type = str_empty(artifact) ? NULL : arena_strdup(a, artifact);
    if (is_schema1(header) || json_integer_value(json_object_get(doc, "schemaVersion")) == 1)
        return refuse_schema1(what, err);
    if (!str_empty(own) && !says_nothing(header) && !same_type(own, header))
        return error_set(err, -EINVAL, "%s: the registry calls it %.100s, it calls itself %.100s", what,
                         header, own);
    bool index = json_object_get(doc, "manifests") != NULL, manifest = json_object_get(doc, "layers") != NULL;
    if (index && manifest)
        return error_set(err, -EINVAL, "%s: it is both an index and a manifest", what);
    if (!str_empty(own))
        m->media_type = arena_strdup(a, own);
    else if (!says_nothing(header))
        m->media_type = header;
    else
        m->media_type = index ? MEDIA_INDEX : manifest ? MEDIA_MANIFEST : "";
    m->kind = media_type_kind(m->media_type, NULL);
    if ((m->kind == MEDIA_KIND_INDEX && manifest) || (m->kind == MEDIA_KIND_MANIFEST && index))
        return error_set(err, -EINVAL, "%s: it is not what its media type %.100s says", what, m->media_type);
    return 0;
}

static int check_digest(const char *reference, const struct http_response *answer,
                        struct registry_manifest *m, const char *what, struct arena *a, struct error *err)
{
    char hex[SHA256_HEX];
    sha256_of(m->text, m->len, hex);
    m->digest = arena_printf(a, "sha256:%s", hex);
    const char *claimed = http_header(answer, "docker-content-digest", a);
    if (str_after(reference, "sha512:") != NULL)
        return error_set(err, -EINVAL, "%s: digests of this kind are not kept in the store", what);
    if (strchr(reference, ':') != NULL && !str_eq(reference, m->digest))
        return error_set(err, -EINVAL, "%s: the registry sent something else, of digest %s", what, m->digest);
    if (claimed != NULL && str_after(claimed, "sha256:") != NULL && !str_eq(claimed, m->digest))
        return error_set(err, -EINVAL, "%s: the registry claims the digest %.80s and sent %s", what, claimed,
                         m->digest);
    return 0;
}

static int manifest_at(struct registry_conn *c, struct registry_repo *repo, const struct location *l,
                       const char *reference, bool head, struct arena *a, struct registry_manifest *ret,
                       struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    struct registry_manifest m = { 0 };
    const char *what = arena_printf(a, "%s/%s%s%s", l->endpoint->domain, l->path,
                                    strchr(reference, ':') != NULL ? "@" : ":", reference);
    _cleanup_free_ char *rest = xasprintf("manifests/%s", reference);
    _cleanup_free_ char *url = location_url(l, rest);
    struct http_request rq = {
        .method = head ? "HEAD" : "GET", .url = url, .headers = manifest_headers, .max_body = DOCUMENT_MAX
    };
    int r = registry_request(c, l->endpoint, location_scope(repo, l, a), &rq, true, &answer, err);
    if (r < 0)
        return error_context(err, r, "%s", what);
    if (answer.status != 200)
        return status_error(&answer, what, err);
    const char *type = plain_type(http_header(&answer, "content-type", a), a);
    if (head) {
        const char *digest = http_header(&answer, "docker-content-digest", a);
        m.digest = digest != NULL && digest_valid(digest) ? digest : NULL;
        m.media_type = type;
        m.kind = media_type_kind(type, NULL);
        *ret = m;
        return 0;
    }
    m.text = arena_strndup(a, answer.body.buf, answer.body.len);
    m.len = answer.body.len;
    r = check_digest(reference, &answer, &m, what, a, err);
    if (r == 0)
        r = judge_type(&m, type, what, a, err);
    if (r == 0)
        *ret = m;
    return r;
}

static int manifest_anywhere(struct registry_conn *c, struct registry_repo *repo, const char *reference,
                             bool head, struct arena *a, struct registry_manifest *ret, struct error *err)
{
    int r = -ENOENT;
    for (size_t i = atomic_load(&repo->at); i < repo->n; i++) {
        struct error why = { 0 };
        r = manifest_at(c, repo, &repo->locations[i], reference, head, a, ret, &why);
        if (r == 0) {
            atomic_store(&repo->at, i);
            return 0;
        }
        if (i + 1 < repo->n && r != -ECANCELED)
            log_info("the mirror %s: %s", repo->locations[i].endpoint->domain, why.msg);
        if (err != NULL)
            *err = why;
        if (r == -ECANCELED)
            break;
    }
    return r;
}

int registry_manifest_get(struct registry_conn *c, struct registry_repo *repo, const char *reference,
                          struct arena *a, struct registry_manifest *ret, struct error *err)
{
    return manifest_anywhere(c, repo, reference, false, a, ret, err);
}

int registry_manifest_head(struct registry_conn *c, struct registry_repo *repo, const char *reference,
                           struct arena *a, struct registry_manifest *ret, struct error *err)
{
    return manifest_anywhere(c, repo, reference, true, a, ret, err);
}

int registry_manifest_put(struct registry_conn *c, struct registry_repo *repo, const char *reference,
                          const char *media_type, const char *text, size_t len, struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    _cleanup_arena_ struct arena *a = arena_new();
    const struct location *l = &repo->locations[repo->n - 1];
    char hex[SHA256_HEX];
    const char *what = arena_printf(a, "%s/%s:%s", repo->domain, repo->path, reference);
    _cleanup_free_ char *rest = xasprintf("manifests/%s", reference);
    _cleanup_free_ char *url = location_url(l, rest);
    const char *const headers[] = { arena_printf(a, "Content-Type: %s", media_type), NULL };
    struct http_request rq = {
        .method = "PUT", .url = url, .headers = headers, .body = text, .body_len = len
    };
    int r = registry_request(c, l->endpoint, location_scope(repo, l, a), &rq, true, &answer, err);
    if (r < 0)
        return error_context(err, r, "%s", what);
    if (answer.status != 201 && answer.status != 200 && answer.status != 202)
        return status_error(&answer, what, err);
    sha256_of(text, len, hex);
    const char *claimed = http_header(&answer, "docker-content-digest", a);
    if (claimed != NULL && str_after(claimed, "sha256:") != NULL && !str_eq(claimed + 7, hex))
        return error_set(err, -EIO, "%s: the registry stored something else, of digest %.80s", what, claimed);
    return 0;
}

/* --- lists --- */

/* Where the next page is: the same registry, or nowhere. */
static int next_page(const struct endpoint *e, const struct http_response *answer, const char *page,
                     struct arena *a, const char **ret, struct error *err)
{
    char ours[340], theirs[340];
    const char *link = http_header(answer, "link", a);
    const char *next = link != NULL ? link_next(link, a) : NULL;
    *ret = NULL;
    if (next == NULL)
        return 0;
    if (next[0] == '/' && next[1] != '/')
        next = arena_printf(a, "%s%s", e->base, next);
    if (str_eq(next, page))
        return error_set(err, -EPROTO, "a page of the registry's list has itself for the next one");
    http_origin_text(e->base, ours, sizeof(ours));
    http_origin_text(next, theirs, sizeof(theirs));
    if (!str_eq(ours, theirs))
        return error_set(err, -EPROTO, "the registry's list goes on at another place, which is refused");
    *ret = next;
    return 0;
}

static int list(struct registry_conn *c, struct endpoint *e, const char *scope, const char *first,
                const char *key, const char *what, struct arena *a, struct oci_strings *ret,
                struct error *err)
{
    const char *url = first;
    for (int page = 0; url != NULL; page++) {
        _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
        struct http_request rq = { .method = "GET", .url = url };
        int r = registry_request(c, e, scope, &rq, true, &answer, err);
        if (r == 0 && answer.status != 200)
            return status_error(&answer, what, err);
        if (r == 0)
            r = registry_list_parse(answer.body.buf, answer.body.len, key, a, ret, err);
        if (r == 0)
            r = next_page(e, &answer, url, a, &url, err);
        if (r == 0 && (page > PAGES_MAX || ret->n > NAMES_MAX))
            r = error_set(err, -EFBIG, "the registry's list does not end");
        if (r < 0)
            return error_context(err, r, "%s", what);
    }
    return 0;
}

int registry_tags(struct registry_conn *c, struct registry_repo *repo, struct arena *a,
                  struct oci_strings *ret, struct error *err)
{
    const struct location *l = &repo->locations[repo->n - 1]; /* a mirror need not know them all */
    _cleanup_free_ char *url = location_url(l, "tags/list?n=1000");
    return list(c, l->endpoint, location_scope(repo, l, a), url, "tags",
                arena_printf(a, "the tags of %s/%s", repo->domain, repo->path), a, ret, err);
}

/* --- referrers --- */

/*
 * Some who list what they push (cosign 2) give the type of its empty config in place of the artifact's: such a one may be anything, and
 * whoever asked looks at the manifest.
 */
static bool may_be(const char *type, const char *wanted)
{
    return wanted == NULL || str_empty(type) || str_eq(type, wanted) ||
           str_eq(type, "application/vnd.oci.empty.v1+json");
}

static int take_referrers(const char *text, size_t len, const char *artifact_type, struct arena *a,
                          struct image_descriptors *ret, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL, *kept = json_array(), *index = json_object();
    const json_t *item;
    struct image_index parsed;
    size_t i;
    int r = json_parse(text, len, "the list of referrers", &doc, err);
    if (r < 0)
        return r;
    json_array_foreach(json_object_get(doc, "manifests"), i, item)
    {
        if (may_be(json_string_value(json_object_get(item, "artifactType")), artifact_type))
            json_array_append(kept, (json_t *) item);
    }
    json_object_set_new(index, "schemaVersion", json_integer(2));
    json_object_set(index, "manifests", kept);
    _cleanup_free_ char *again = json_text(index, 0);
    r = image_index_parse(again, strlen(again), a, &parsed, err);
    for (size_t k = 0; r == 0 && k < parsed.manifests.n; k++) {
        ret->v = arena_grow(a, ret->v, ret->n, ret->n + 1, sizeof(*ret->v));
        ret->v[ret->n++] = parsed.manifests.v[k];
    }
    return r;
}

static int referrers_by_tag(struct registry_conn *c, struct registry_repo *repo, const char *digest,
                            const char *artifact_type, struct arena *a, struct image_descriptors *ret,
                            struct error *err)
{
    struct registry_manifest m = { 0 };
    const char *tag = arena_printf(a, "%.*s-%s", (int) strcspn(digest, ":"), digest, digest_hex(digest));
    int r = registry_manifest_get(c, repo, tag, a, &m, err);
    if (r == -ENOENT) {
        error_clear(err);
        return 0;
    }
    if (r < 0)
        return r;
    if (m.kind != MEDIA_KIND_INDEX)
        return error_set(err, -EINVAL, "the tag %s, which lists referrers, is no index", tag);
    return take_referrers(m.text, m.len, artifact_type, a, ret, err);
}

int registry_referrers(struct registry_conn *c, struct registry_repo *repo, const char *digest,
                       const char *artifact_type, struct arena *a, struct image_descriptors *ret,
                       struct error *err)
{
    const struct location *l = &repo->locations[repo->n - 1];
    struct strbuf rest = STRBUF_INIT;
    struct image_descriptors found = { 0 };
    if (!digest_valid(digest))
        return error_set(err, -EINVAL, "\"%.100s\" is no digest", digest);
    strbuf_addf(&rest, "referrers/%s", digest);
    if (artifact_type != NULL) {
        strbuf_adds(&rest, "?artifactType=");
        url_escape(&rest, artifact_type);
    }
    _cleanup_free_ char *first = location_url(l, rest.buf);
    strbuf_free(&rest);
    const char *url = first;
    int r = 0;
    for (int page = 0; url != NULL && r == 0; page++) {
        _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
        struct http_request rq = { .method = "GET", .url = url };
        r = registry_request(c, l->endpoint, location_scope(repo, l, a), &rq, true, &answer, err);
        /* No such API: every client error means that, as the specification has it. */
        if (r == 0 && page == 0 && answer.status >= 400 && answer.status < 500 && answer.status != 429) {
            r = referrers_by_tag(c, repo, digest, artifact_type, a, &found, err);
            break;
        }
        if (r == 0 && answer.status != 200)
            return status_error(&answer, "the referrers", err);
        if (r == 0)
            r = take_referrers(answer.body.buf, answer.body.len, artifact_type, a, &found, err);
        if (r == 0)
            r = next_page(l->endpoint, &answer, url, a, &url, err);
        if (r == 0 && page > PAGES_MAX)
            r = error_set(err, -EFBIG, "the list of referrers does not end");
    }
    if (r == 0)
        *ret = found;
    return r;
}

/* --- search --- */

static const char *text_of(const json_t *obj, const char *key, struct arena *a)
{
    const char *s = json_string_value(json_object_get(obj, key));
    return s != NULL ? arena_strdup(a, s) : "";
}

static int take_results(const char *text, size_t len, struct arena *a, struct registry_found **ret,
                        size_t *ret_n, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    int r = json_parse(text, len, "the registry's results", &doc, err);
    const json_t *results = r == 0 ? json_object_get(doc, "results") : NULL, *item;
    size_t i;
    if (r == 0 && !json_is_array(results))
        r = error_set(err, -EINVAL, "the registry's results are no list");
    if (r < 0)
        return r;
    *ret = arena_array(a, json_array_size(results), sizeof(**ret));
    *ret_n = 0;
    json_array_foreach(results, i, item)
    {
        struct registry_found f = { .name = text_of(item, "name", a),
                                    .description = text_of(item, "description", a) };
        f.stars = json_integer_value(json_object_get(item, "star_count"));
        f.official = json_is_true(json_object_get(item, "is_official"));
        if (f.name[0] != '\0')
            (*ret)[(*ret_n)++] = f;
    }
    return 0;
}

static int search_catalogue(struct registry_conn *c, struct endpoint *e, const char *term, int64_t limit,
                            struct arena *a, struct registry_found **ret, size_t *ret_n, struct error *err)
{
    struct oci_strings names = { 0 };
    _cleanup_free_ char *url = xasprintf("%s/v2/_catalog?n=1000", e->base);
    int r = list(c, e, "registry:catalog:*", url, "repositories", "the catalogue", a, &names, err);
    if (r == -ENOENT || r == -EACCES || r == -EOPNOTSUPP || r == -EINVAL)
        return error_set(err, -EOPNOTSUPP, "%s offers neither a search nor a catalogue", e->domain);
    if (r < 0)
        return r;
    *ret = arena_array(a, names.n, sizeof(**ret));
    *ret_n = 0;
    for (size_t i = 0; i < names.n && (int64_t) *ret_n < limit; i++) {
        if (strcasestr(names.v[i], term) != NULL)
            (*ret)[(*ret_n)++] = (struct registry_found){ .name = names.v[i], .description = "" };
    }
    return 0;
}

int registry_search(struct registry_conn *c, const char *domain, const char *term, int64_t limit,
                    struct arena *a, struct registry_found **ret, size_t *ret_n, struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    struct strbuf url = STRBUF_INIT;
    struct endpoint *e = NULL;
    const struct registry_entry *entry = registry_hosts_find(c->registry->hosts, domain, "");
    if (entry != NULL && entry->blocked)
        return error_set(err, -EPERM, "%s is blocked by this host's registries.json", domain);
    int r = endpoint_get(c, domain, &e, err);
    if (r < 0)
        return r;
    strbuf_addf(&url,
                "%s/v1/search?n=%lld&q=", str_eq(domain, "docker.io") ? "https://index.docker.io" : e->base,
                (long long) limit);
    url_escape(&url, term);
    struct http_request rq = { .method = "GET", .url = url.buf };
    r = http_perform(c->http, &rq, &answer, err);
    strbuf_free(&url);
    if (r < 0)
        return error_context(err, r, "%s", domain);
    if (answer.status == 200)
        return take_results(answer.body.buf, answer.body.len, a, ret, ret_n, err);
    if (answer.status == 429)
        return status_error(&answer, domain, err);
    return search_catalogue(c, e, term, limit, a, ret, ret_n, err);
}
