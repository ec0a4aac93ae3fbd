// SPDX-License-Identifier: Apache-2.0
/*
 * How: a request goes out with what is known (nothing, Basic, or a token for its scope). A 401 names the scheme; then a
 * password or a token is got, under the endpoint's lock so that several threads get one, and the request is made once more. A
 * token is kept until a little before it ends. A thread whose token was refused while another got a new one takes that.
 *
 * Threat: credentials in wrong hands. A challenge counts only when the registry itself sent it and not whom it redirected to; the
 * realm must be https, or the registry and the realm are both ones to which this host's owner lets passwords go in the clear;
 * what goes to the realm goes to its origin only. Nothing secret is in a message.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "image/registry_internal.h"

#define CLIENT_ID "oakum"
#define EARLY_MS 10000

static void wipe(char *s)
{
    if (s != NULL)
        explicit_bzero(s, strlen(s));
    free(s);
}

static void drop_tokens(struct endpoint *e)
{
    while (e->tokens != NULL) {
        struct token *t = e->tokens;
        e->tokens = t->next;
        wipe(t->authorization);
        free(t->scope);
        free(t);
    }
}

void endpoint_clear(struct endpoint *e)
{
    drop_tokens(e);
    credential_clear(&e->credential);
    wipe(TAKE_PTR(e->refresh));
    pthread_mutex_destroy(&e->lock);
}

/* --- credentials --- */

static int look_up(struct registry_conn *c, struct endpoint *e, const char *scope, struct error *err)
{
    struct registry *r = c->registry;
    char path[300] = "";
    if (e->looked_up)
        return 0;
    const char *rest = scope != NULL ? str_after(scope, "repository:") : NULL;
    if (rest != NULL && str_format(path, sizeof(path), "%.*s", (int) strcspn(rest, ":"), rest) < 0)
        path[0] = '\0';
    int found = 0;
    if (r->has_login) {
        const struct credential *l = &r->login;
        e->credential.username = l->username != NULL ? xstrdup(l->username) : NULL;
        e->credential.password = l->password != NULL ? xstrdup(l->password) : NULL;
        e->credential.identity_token = l->identity_token != NULL ? xstrdup(l->identity_token) : NULL;
    } else {
        found = credentials_find(r->authfile, e->domain, path, &e->credential, err);
    }
    e->looked_up = found >= 0;
    return MIN_OF(found, 0);
}

static bool has_credential(const struct endpoint *e)
{
    return e->credential.identity_token != NULL ||
           (e->credential.username != NULL && e->credential.password != NULL);
}

static char *basic(const struct credential *c)
{
    char *pair = xasprintf("%s:%s", c->username, c->password);
    char *encoded = base64_encode(pair, strlen(pair));
    char *ret = xasprintf("Basic %s", encoded);
    wipe(pair);
    wipe(encoded);
    return ret;
}

static int refuse_plain(const char *whom, struct error *err)
{
    return error_set(
        err, -EACCES,
        "the login would go to %s in plain http, so it is not sent (\"plain_http\": true for that host in "
        "registries.json allows it)",
        whom);
}

/* --- tokens --- */

static const struct token *find_token(const struct endpoint *e, const char *scope)
{
    for (const struct token *t = e->tokens; t != NULL; t = t->next) {
        if (str_eq(t->scope, scope) && t->until_ms > clock_monotonic_ms())
            return t;
    }
    return NULL;
}

static void keep_token(struct endpoint *e, const char *scope, const struct registry_token *got)
{
    for (struct token **at = &e->tokens; *at != NULL; at = &(*at)->next) {
        struct token *t = *at;
        if (!str_eq(t->scope, scope))
            continue;
        *at = t->next;
        wipe(t->authorization);
        free(t->scope);
        free(t);
        break;
    }
    struct token *t = xcalloc(1, sizeof(*t));
    t->scope = xstrdup(scope);
    t->authorization = xasprintf("Bearer %s", got->token);
    t->until_ms = clock_monotonic_ms() + got->expires_in * 1000 - EARLY_MS;
    t->next = e->tokens;
    e->tokens = t;
    if (got->refresh != NULL) {
        wipe(e->refresh);
        e->refresh = xstrdup(got->refresh);
    }
}

/* scope=a&scope=b of "a b". */
static void add_scopes(struct strbuf *out, const char *scope, char first)
{
    _cleanup_free_ char *copy = xstrdup(scope);
    for (char *rest = copy, *one; (one = strsep(&rest, " ")) != NULL;) {
        if (*one == '\0')
            continue;
        strbuf_addc(out, first);
        strbuf_adds(out, "scope=");
        url_escape(out, one);
        first = '&';
    }
}

static void token_url(const struct endpoint *e, const char *scope, bool offline, struct strbuf *url)
{
    strbuf_adds(url, e->challenge.realm);
    char separator = strchr(e->challenge.realm, '?') != NULL ? '&' : '?';
    if (e->challenge.service != NULL) {
        strbuf_addc(url, separator);
        strbuf_adds(url, "service=");
        url_escape(url, e->challenge.service);
        separator = '&';
    }
    size_t before = url->len;
    add_scopes(url, scope, separator);
    if (url->len > before)
        separator = '&';
    if (has_credential(e)) {
        strbuf_addf(url, "%caccount=", separator);
        url_escape(url, e->credential.username);
        separator = '&';
    }
    if (offline)
        strbuf_addf(url, "%coffline_token=true&client_id=" CLIENT_ID, separator);
}

static int refused(const struct http_response *r, const struct endpoint *e, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *text = registry_error_text(r->body.buf, r->body.len, a);
    if (r->status == 401 || r->status == 403)
        return error_set(err, -EACCES, "%s: %s%s%s", e->domain,
                         has_credential(e) ? "the login is refused; \"oakum login\" makes a new one"
                                           : "it wants a login (\"oakum login\")",
                         text != NULL ? ": " : "", text != NULL ? text : "");
    return status_error(r, "a token", err);
}

/* OAuth2's refresh grant (docker's distribution/spec/auth/oauth). */
static int refresh(struct registry_conn *c, const struct endpoint *e, const char *scope,
                   struct http_response *ret, struct error *err)
{
    static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
    struct strbuf body = STRBUF_INIT;
    strbuf_adds(&body, "grant_type=refresh_token&client_id=" CLIENT_ID "&service=");
    url_escape(&body, e->challenge.service != NULL ? e->challenge.service : "");
    if (scope[0] != '\0') {
        strbuf_adds(&body, "&scope=");
        url_escape(&body, scope);
    }
    strbuf_adds(&body, "&refresh_token=");
    url_escape(&body, e->credential.identity_token);
    struct http_request rq = { .method = "POST",
                               .url = e->challenge.realm,
                               .headers = headers,
                               .body = body.buf,
                               .body_len = body.len,
                               .stay = true };
    int r = http_perform(c->http, &rq, ret, err);
    explicit_bzero(body.buf, body.len);
    strbuf_free(&body);
    return r;
}

static int fetch_token(struct registry_conn *c, struct endpoint *e, const char *scope, struct error *err)
{
    _cleanup_response_ struct http_response answer = HTTP_RESPONSE_INIT;
    _cleanup_strbuf_ struct strbuf url = STRBUF_INIT;
    _cleanup_arena_ struct arena *a = arena_new();
    struct registry_token got;
    bool login = has_credential(e);
    int r;
    if (e->challenge.realm == NULL)
        return error_set(err, -EINVAL, "%s does not say where to get a token", e->domain);
    if (str_after(e->challenge.realm, "https://") == NULL &&
        !registry_hosts_may_log_in(c->registry->hosts, e->challenge.realm))
        return login
                   ? refuse_plain("the token server", err)
                   : error_set(err, -EACCES,
                               "%s names a token server in plain http, which nobody has allowed", e->domain);
    if (e->credential.identity_token != NULL) {
        r = refresh(c, e, scope, &answer, err);
    } else {
        char *authorization = login ? basic(&e->credential) : NULL;
        token_url(e, scope, c->registry->has_login, &url);
        struct http_request rq = { .method = "GET", .url = url.buf, .authorization = authorization };
        r = http_perform(c->http, &rq, &answer, err);
        wipe(authorization);
    }
    if (r < 0)
        return error_context(err, r, "the token server of %s", e->domain);
    if (answer.status != 200)
        return refused(&answer, e, err);
    r = registry_token_parse(answer.body.buf, answer.body.len, a, &got, err);
    if (answer.body.len > 0)
        explicit_bzero(answer.body.buf, answer.body.len);
    if (r < 0)
        return error_context(err, r, "%s", e->domain);
    keep_token(e, scope, &got);
    explicit_bzero((char *) got.token, strlen(got.token));
    return 0;
}

/* --- requests --- */

/* What to send without asking; NULL when nothing is known. Freed by wipe(). */
static char *known_authorization(const struct registry_hosts *hosts, struct endpoint *e, const char *scope)
{
    char *ret = NULL;
    pthread_mutex_lock(&e->lock);
    const struct token *t = find_token(e, scope);
    if (has_credential(e) && !registry_hosts_may_log_in(hosts, e->base))
        ret = NULL;
    else if (t != NULL)
        ret = xstrdup(t->authorization);
    else if (e->challenge.scheme == AUTH_BASIC && e->credential.username != NULL &&
             e->credential.password != NULL)
        ret = basic(&e->credential);
    pthread_mutex_unlock(&e->lock);
    return ret;
}

/* A redirect, or the place where an upload goes, may be somebody else's: what that asks for is nothing to us. */
static bool from_endpoint(const struct endpoint *e, const struct http_response *answer)
{
    char ours[340], theirs[340];
    http_origin_text(e->base, ours, sizeof(ours));
    http_origin_text(answer->url.buf, theirs, sizeof(theirs));
    return str_eq(ours, theirs);
}

static int take_challenge(struct registry_conn *c, struct endpoint *e, const struct http_response *answer,
                          struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct auth_challenge best = { 0 }, one;
    const char *header;
    for (size_t i = 0; i < 8 && (header = http_header_at(answer, "www-authenticate", i, a)) != NULL; i++) {
        if (auth_challenge_parse(header, a, &one) == 0 && one.scheme > best.scheme)
            best = one;
    }
    if (best.scheme == AUTH_NONE)
        return error_set(err, -EACCES, "%s wants a login of a kind that oakum does not know", e->domain);
    pthread_mutex_lock(&c->registry->lock);
    struct arena *keep = c->registry->arena;
    e->challenge.scheme = best.scheme;
    e->challenge.realm = best.realm != NULL ? arena_strdup(keep, best.realm) : NULL;
    e->challenge.service = best.service != NULL ? arena_strdup(keep, best.service) : NULL;
    e->challenge.scope = best.scope != NULL ? arena_strdup(keep, best.scope) : NULL;
    pthread_mutex_unlock(&c->registry->lock);
    return 0;
}

/* With e->lock. sent: what was refused, NULL when nothing was sent. */
static int answer_challenge(struct registry_conn *c, struct endpoint *e, const char *scope, const char *sent,
                            const struct http_response *answer, struct error *err)
{
    int r = take_challenge(c, e, answer, err);
    if (r == 0)
        r = look_up(c, e, scope, err);
    if (r < 0)
        return r;
    if (has_credential(e) && !registry_hosts_may_log_in(c->registry->hosts, e->base))
        return refuse_plain(e->domain, err);
    if (e->challenge.scheme == AUTH_BEARER) {
        const struct token *t = find_token(e, scope);
        if (t != NULL && (sent == NULL || !str_eq(t->authorization, sent)))
            return 0; /* another thread's */
        return fetch_token(c, e, scope, err);
    }
    if (e->credential.username == NULL || e->credential.password == NULL)
        return error_set(err, -EACCES, "%s wants a login (\"oakum login %s\")", e->domain, e->domain);
    return sent != NULL ? error_set(err, -EACCES, "%s: the login is refused", e->domain) : 0;
}

int registry_request(struct registry_conn *c, struct endpoint *e, const char *scope, struct http_request *rq,
                     bool retry, struct http_response *ret, struct error *err)
{
    const char *wanted = scope != NULL ? scope : "";
    for (int attempt = 0;; attempt++) {
        char *authorization = known_authorization(c->registry->hosts, e, wanted);
        rq->authorization = authorization;
        rq->auth_url = e->base;
        int r = retry ? http_perform(c->http, rq, ret, err) : http_once(c->http, rq, ret, err);
        rq->authorization = NULL;
        bool challenged = r == 0 && ret->status == 401 && from_endpoint(e, ret);
        if (!challenged || attempt == 2) {
            wipe(authorization);
            return challenged ? error_set(err, -EACCES, "%s refuses access%s", e->domain,
                                          has_credential(e) ? " with this login"
                                                            : " without a login (\"oakum login\")")
                              : r;
        }
        pthread_mutex_lock(&e->lock);
        r = answer_challenge(c, e, wanted, authorization, ret, err);
        pthread_mutex_unlock(&e->lock);
        wipe(authorization);
        if (r < 0)
            return r;
    }
}
