// SPDX-License-Identifier: Apache-2.0
/*
 * How: one easy handle of libcurl, used again and again, so that its connections are. libcurl follows no redirect: each
 * hop is a transfer of its own whose headers are made anew, and Authorization is among them only where the hop's origin is the
 * one that it belongs to. Blocking and one thread a handle, because a layer's bytes go on to a pipe that may block; libcurl's
 * own low-speed timer would take that for a slow server, so stalls are told by the progress callback from when bytes
 * last came.
 *
 * Threat: a registry that is hostile, or somebody between: credentials drawn to another host or to plain http, endless
 * bodies and headers, silence. And servers that are merely busy.
 */
#include "image/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "image/http_proxy.h"

#define REDIRECTS_MAX 10
#define HEADERS_MAX ((size_t) 256 * 1024)
#define BODY_MAX ((size_t) 4 * 1024 * 1024)
#define CONNECT_S 20L
#define ATTEMPTS 5
#define WAIT_MAX_S 120
#define TOLD_MS 5000 /* a pause that a person should know of */
#define BUFFER (128L * 1024)

static long stall_ms = 30000, backoff_ms = 500;

void http_set_times(long stall_s, long backoff)
{
    stall_ms = stall_s * 1000;
    backoff_ms = backoff;
}

struct http_shared {
    void (*origin)(void *arg, const char *host, struct http_origin *ret);
    void *arg;
    CURLSH *share;
    pthread_mutex_t locks[CURL_LOCK_DATA_LAST];
    _Atomic bool cancelled;
    _Atomic int64_t received;
};

struct http {
    struct http_shared *shared;
    CURL *easy;
    /* of the transfer under way */
    const struct http_request *rq;
    struct http_response *answer;
    size_t max_body;
    int64_t last_ms, body_at;
    uint64_t last_up;
    int code; /* why a callback ended it */
    struct http_proxy proxy;
    struct error err;
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("libcurl does not start\n", stderr);
        exit(125);
    }
}

static void share_lock(CURL *easy _unused_, curl_lock_data data, curl_lock_access access _unused_, void *arg)
{
    struct http_shared *s = arg;
    pthread_mutex_lock(&s->locks[data]);
}

static void share_unlock(CURL *easy _unused_, curl_lock_data data, void *arg)
{
    struct http_shared *s = arg;
    pthread_mutex_unlock(&s->locks[data]);
}

struct http_shared *http_shared_new(void (*origin)(void *arg, const char *host, struct http_origin *ret),
                                    void *arg)
{
    pthread_once(&global_once, global_init);
    struct http_shared *s = xcalloc(1, sizeof(*s));
    s->origin = origin;
    s->arg = arg;
    for (size_t i = 0; i < ARRAY_LEN(s->locks); i++)
        pthread_mutex_init(&s->locks[i], NULL);
    s->share = curl_share_init();
    if (s->share == NULL)
        exit(125); /* memory */
    curl_share_setopt(s->share, CURLSHOPT_LOCKFUNC, share_lock);
    curl_share_setopt(s->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
    curl_share_setopt(s->share, CURLSHOPT_USERDATA, s);
    curl_share_setopt(s->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(s->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return s;
}

void http_shared_free(struct http_shared *s)
{
    if (s == NULL)
        return;
    curl_share_cleanup(s->share);
    for (size_t i = 0; i < ARRAY_LEN(s->locks); i++)
        pthread_mutex_destroy(&s->locks[i]);
    free(s);
}

void http_cancel(struct http_shared *s)
{
    atomic_store(&s->cancelled, true);
}

void http_resume(struct http_shared *s)
{
    atomic_store(&s->cancelled, false);
}

bool http_cancelled(const struct http_shared *s)
{
    return atomic_load(&s->cancelled);
}

int64_t http_received(const struct http_shared *s)
{
    return atomic_load(&s->received);
}

struct http *http_new(struct http_shared *s)
{
    struct http *h = xcalloc(1, sizeof(*h));
    h->shared = s;
    h->easy = curl_easy_init();
    if (h->easy == NULL)
        exit(125); /* memory */
    return h;
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    curl_easy_cleanup(h->easy);
    free(h);
}

void http_response_clear(struct http_response *r)
{
    strbuf_free(&r->body);
    strbuf_free(&r->headers);
    strbuf_free(&r->url);
    *r = (struct http_response) HTTP_RESPONSE_INIT;
}

const char *http_header_at(const struct http_response *r, const char *name, size_t n, struct arena *a)
{
    size_t len = strlen(name);
    for (const char *line = r->headers.buf; *line != '\0';) {
        size_t end = strcspn(line, "\n");
        if (end > len && strncmp(line, name, len) == 0 && line[len] == ':' && n-- == 0) {
            const char *value = line + len + 1;
            return arena_strndup(a, value, end - len - 1);
        }
        line += end + (line[end] == '\n');
    }
    return NULL;
}

const char *http_header(const struct http_response *r, const char *name, struct arena *a)
{
    return http_header_at(r, name, 0, a);
}

/* --- URLs --- */

/* Part of a URL, to be freed with curl_free(); NULL when it has none. */
static char *url_part(CURLU *u, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(u, part, &text, flags) == CURLUE_OK ? text : NULL;
}

void http_origin_text(const char *url, char *buf, size_t size)
{
    CURLU *u = curl_url();
    buf[0] = '\0';
    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *scheme = url_part(u, CURLUPART_SCHEME, 0), *host = url_part(u, CURLUPART_HOST, 0);
        char *port = url_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        bool web = scheme != NULL && (str_eq(scheme, "https") || str_eq(scheme, "http"));
        if (!web || host == NULL || port == NULL ||
            str_format(buf, size, "%s://%s:%s", scheme, host, port) < 0)
            buf[0] = '\0';
        for (char *p = buf; *p != '\0'; p++)
            *p = (char) tolower((unsigned char) *p);
        curl_free(scheme);
        curl_free(host);
        curl_free(port);
    }
    curl_url_cleanup(u);
}

/* What may be asked of a URL: its origin into text, and the host's settings. */
static int look_at(struct http *h, const char *url, char *origin, size_t size, struct http_origin *ret,
                   struct error *err)
{
    char host[300];
    http_origin_text(url, origin, size);
    const char *authority = strstr(url, "://");
    if (origin[0] == '\0' || authority == NULL)
        return error_set(err, -EPROTO, "the server names an address that is no http or https URL");
    authority += 3;
    size_t n = strcspn(authority, "/?#");
    if (memchr(authority, '@', n) != NULL)
        return error_set(err, -EPROTO, "a URL with a user name in it is refused");
    if (str_format(host, sizeof(host), "%.*s", (int) n, authority) < 0)
        return error_set(err, -EPROTO, "a host name is too long");
    *ret = (struct http_origin){ 0 };
    h->shared->origin(h->shared->arg, host, ret);
    if (str_after(origin, "http://") != NULL && !ret->plain_allowed)
        return error_set(err, -EPROTO,
                         "%s would have to be spoken to in plain http, which nobody has allowed", host);
    return 0;
}

/* --- callbacks --- */

static size_t end_with(struct http *h, int code)
{
    h->code = code;
    return 0;
}

/* A new answer begins (interim ones and proxies' send a status line too). */
static void answer_begins(struct http *h)
{
    strbuf_reset(&h->answer->headers);
    strbuf_reset(&h->answer->body);
}

static size_t on_header(char *data, size_t one, size_t n, void *arg)
{
    struct http *h = arg;
    size_t len = one * n;
    h->last_ms = clock_monotonic_ms();
    if (len > 5 && strncmp(data, "HTTP/", 5) == 0) {
        answer_begins(h);
        return len;
    }
    if (h->answer->headers.len + len > HEADERS_MAX) {
        error_set(&h->err, -EFBIG, "the server's headers are longer than %zu KiB", HEADERS_MAX / 1024);
        return end_with(h, -EFBIG);
    }
    const char *colon = memchr(data, ':', len);
    if (colon == NULL || memchr(data, '\0', len) != NULL)
        return len;
    for (const char *p = data; p < colon; p++)
        strbuf_addc(&h->answer->headers, (char) tolower((unsigned char) *p));
    const char *value = colon + 1, *end = data + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    strbuf_addc(&h->answer->headers, ':');
    strbuf_add(&h->answer->headers, value, (size_t) (end - value));
    strbuf_addc(&h->answer->headers, '\n');
    return len;
}

static size_t on_body(char *data, size_t one, size_t n, void *arg)
{
    struct http *h = arg;
    size_t len = one * n;
    atomic_fetch_add(&h->shared->received, (int64_t) len);
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &h->answer->status);
    if (h->rq->sink != NULL && h->answer->status >= 200 && h->answer->status < 300) {
        int r = h->rq->sink(h->rq->arg, h->answer, data, len, &h->err);
        h->last_ms = clock_monotonic_ms(); /* the sink's own time does not count */
        return r == 0 ? len : end_with(h, r);
    }
    h->last_ms = clock_monotonic_ms();
    if (h->answer->body.len + len > h->max_body) {
        error_set(&h->err, -EFBIG, "the server's answer is larger than %zu KiB", h->max_body / 1024);
        return end_with(h, -EFBIG);
    }
    strbuf_add(&h->answer->body, data, len);
    return len;
}

static size_t on_send(char *to, size_t one, size_t n, void *arg)
{
    struct http *h = arg;
    const struct http_request *rq = h->rq;
    size_t want = one * n;
    int64_t total = rq->body_from_fd ? rq->body_size : (int64_t) rq->body_len;
    want = (size_t) MIN_OF((int64_t) want, total - h->body_at);
    if (rq->body_from_fd) {
        ssize_t got;
        do
            got = pread(rq->body_fd, to, want, rq->body_offset + h->body_at);
        while (got < 0 && errno == EINTR);
        if (got < 0 || (got == 0 && want > 0)) {
            h->code = error_errno(&h->err, got < 0 ? -errno : -EIO, "cannot read what is to be sent");
            return CURL_READFUNC_ABORT;
        }
        want = (size_t) got;
    } else {
        memcpy(to, (const char *) rq->body + h->body_at, want);
    }
    h->body_at += (int64_t) want;
    if (rq->sent != NULL)
        atomic_fetch_add(rq->sent, (int64_t) want);
    return want;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct http *h = arg;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    if (h->rq->sent != NULL)
        atomic_fetch_sub(h->rq->sent, h->body_at - offset);
    h->body_at = offset;
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *arg, curl_off_t total_down _unused_, curl_off_t down _unused_,
                       curl_off_t total_up _unused_, curl_off_t up)
{
    struct http *h = arg;
    int64_t now = clock_monotonic_ms();
    if (http_cancelled(h->shared)) {
        h->code = error_set(&h->err, -ECANCELED, "interrupted");
        return 1;
    }
    if ((uint64_t) up != h->last_up) {
        h->last_up = (uint64_t) up;
        h->last_ms = now;
    }
    if (now - h->last_ms <= stall_ms)
        return 0;
    h->code = error_set(&h->err, -ETIMEDOUT, "the server has said nothing for %ld seconds", stall_ms / 1000);
    return 1;
}

/* --- one hop --- */

static const struct {
    CURLcode curl;
    int code;
    const char *text;
} failures[] = {
    { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH, "there is no host of that name, or no name server answers" },
    { CURLE_COULDNT_CONNECT, -ECONNREFUSED, "no connection: nobody listens there, or a firewall is between" },
    { CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT, "no answer in time" },
    { CURLE_SSL_CONNECT_ERROR, -EPROTO, "the server does not speak TLS" },
    { CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED,
      "the server's certificate is not trusted (its authority's ca.crt belongs into certs.d/HOST)" },
    { CURLE_SSL_CACERT_BADFILE, -EKEYREJECTED, "the authority's certificate in certs.d cannot be read" },
    { CURLE_SSL_CERTPROBLEM, -EKEYREJECTED, "the client certificate in certs.d cannot be used" },
    { CURLE_PARTIAL_FILE, -ECONNRESET, "the connection ended before the answer did" },
    { CURLE_GOT_NOTHING, -ECONNRESET, "the server hung up without an answer" },
    { CURLE_RECV_ERROR, -ECONNRESET, "the connection broke" },
    { CURLE_SEND_ERROR, -ECONNRESET, "the connection broke" },
    { CURLE_HTTP2, -ECONNRESET, "the HTTP/2 connection broke" },
    { CURLE_HTTP2_STREAM, -ECONNRESET, "the HTTP/2 connection broke" },
};

static int proxy_refuses(const struct http_proxy *p, long status, const char *origin, struct error *err)
{
    if (status == 407)
        return error_set(
            err, -EACCES,
            "%s: the proxy %s wants a login: NAME:PASSWORD@ before its name in $%s ($NO_PROXY names hosts "
            "that are reached without it)",
            origin, p->shown, p->variable);
    return error_set(
        err, -EACCES,
        "%s: the proxy %s of $%s answers %ld and lets nothing through ($NO_PROXY names hosts that are reached "
        "without it)",
        origin, p->shown, p->variable, status);
}

/* 0: it was not the proxy. */
static int proxy_failure(struct http *h, CURLcode code, const char *origin, struct error *err)
{
    long status = 0;
    if (h->proxy.url == NULL)
        return 0;
    if (curl_easy_getinfo(h->easy, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK && status >= 300)
        return proxy_refuses(&h->proxy, status, origin, err);
    if (code == CURLE_COULDNT_RESOLVE_PROXY)
        return error_set(err, -EHOSTUNREACH,
                         "%s: there is no host of the name of the proxy %s, which $%s names", origin,
                         h->proxy.shown, h->proxy.variable);
    if (code == CURLE_COULDNT_CONNECT)
        return error_set(
            err, -ECONNREFUSED,
            "%s: no connection to the proxy %s, which $%s names ($NO_PROXY names hosts that are reached "
            "without it)",
            origin, h->proxy.shown, h->proxy.variable);
    if (code == CURLE_PROXY || code == CURLE_UNSUPPORTED_PROTOCOL)
        return error_set(err, -EPROTO, "%s: the proxy %s, which $%s names: %s", origin, h->proxy.shown,
                         h->proxy.variable, curl_easy_strerror(code));
    return 0;
}

static int failure(struct http *h, CURLcode code, const char *url, struct error *err)
{
    char origin[340];
    int ret = -EPROTO;
    const char *text = curl_easy_strerror(code);
    http_origin_text(url, origin, sizeof(origin));
    if (h->code != 0) {
        if (err != NULL)
            *err = h->err;
        return h->code;
    }
    int by_proxy = proxy_failure(h, code, origin, err);
    if (by_proxy < 0)
        return by_proxy;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        if (failures[i].curl == code) {
            ret = failures[i].code;
            text = failures[i].text;
        }
    }
    return error_set(err, ret, "%s: %s", origin, text);
}

static void set_method(struct http *h)
{
    const struct http_request *rq = h->rq;
    bool sends = rq->body_from_fd || rq->body != NULL;
    int64_t size = rq->body_from_fd ? rq->body_size : (int64_t) rq->body_len;
    if (str_eq(rq->method, "HEAD")) {
        curl_easy_setopt(h->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (sends && !str_eq(rq->method, "GET")) {
        /* A PUT with another name where it has to be: libcurl reads the body by callback in both. */
        curl_easy_setopt(h->easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(h->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) size);
    } else if (str_eq(rq->method, "POST") || str_eq(rq->method, "PUT") || str_eq(rq->method, "PATCH")) {
        curl_easy_setopt(h->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) 0);
        curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, "");
    }
    curl_easy_setopt(h->easy, CURLOPT_CUSTOMREQUEST, rq->method);
}

static void set_options(struct http *h, const char *url, const struct http_origin *o)
{
    CURL *e = h->easy;
    curl_easy_reset(e); /* connections stay */
    curl_easy_setopt(e, CURLOPT_SHARE, h->shared->share);
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROXY, h->proxy.url != NULL ? h->proxy.url : "");
    curl_easy_setopt(e, CURLOPT_NOPROXY, ""); /* that is decided */
    curl_easy_setopt(e, CURLOPT_HEADEROPT,
                     (long) CURLHEADER_SEPARATE); /* a proxy gets no login of a registry */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, o->plain_allowed ? "http,https" : "https");
    curl_easy_setopt(e, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, BUFFER);
    curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "oakum/" OAKUM_VERSION);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(e, CURLOPT_READDATA, h);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(e, CURLOPT_SEEKDATA, h);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, h);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    if (o->skip_verify) {
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (o->ca_file != NULL)
        curl_easy_setopt(e, CURLOPT_CAINFO, o->ca_file);
    if (o->cert != NULL)
        curl_easy_setopt(e, CURLOPT_SSLCERT, o->cert);
    if (o->key != NULL)
        curl_easy_setopt(e, CURLOPT_SSLKEY, o->key);
    set_method(h);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *text)
{
    struct curl_slist *more = curl_slist_append(list, text);
    if (more == NULL)
        exit(125); /* memory */
    return more;
}

static struct curl_slist *make_headers(const struct http_request *rq, bool with_authorization)
{
    /* "Expect:" alone takes 100-continue away, for which many servers make one wait a second. */
    struct curl_slist *list = add_header(NULL, "Expect:");
    for (const char *const *p = rq->headers; p != NULL && *p != NULL; p++)
        list = add_header(list, *p);
    if (with_authorization) {
        _cleanup_free_ char *text = xasprintf("Authorization: %s", rq->authorization);
        list = add_header(list, text);
        explicit_bzero(text, strlen(text));
    }
    return list;
}

static int hop(struct http *h, const char *url, const char *auth_origin, struct error *err)
{
    struct http_origin settings = { 0 };
    char origin[340];
    curl_off_t retry_after = 0;
    int r = look_at(h, url, origin, sizeof(origin), &settings, err);
    if (r < 0)
        return r;
    answer_begins(h);
    h->answer->status = 0;
    h->body_at = 0;
    h->last_up = 0;
    h->code = 0;
    h->err = (struct error){ 0 };
    h->last_ms = clock_monotonic_ms();
    http_proxy_find(origin, &h->proxy);
    set_options(h, url, &settings);
    bool trusted = h->rq->authorization != NULL && str_eq(origin, auth_origin);
    struct curl_slist *headers = make_headers(h->rq, trusted);
    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, headers);
    log_debug("%s %s%.*s", h->rq->method, origin, (int) strcspn(strstr(url, "://") + 3, "?"),
              strstr(url, "://") + 3);
    CURLcode code = curl_easy_perform(h->easy);
    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        return failure(h, code, url, err);
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &h->answer->status);
    if (h->answer->status == 407 && h->proxy.url != NULL)
        return proxy_refuses(&h->proxy, 407, origin, err);
    h->answer->retry_after = -1;
    if (curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0)
        h->answer->retry_after = retry_after;
    return 0;
}

/* --- redirects --- */

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where the answer points to, freed with free(). */
static int next_url(const char *url, const char *location, char **ret, struct error *err)
{
    CURLU *u = curl_url();
    char *text = NULL, *found = NULL;
    bool ok = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_set(u, CURLUPART_URL, location, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK;
    if (ok)
        found = xstrdup(text);
    curl_free(text);
    curl_url_cleanup(u);
    if (found == NULL)
        return error_set(err, -EPROTO, "the server redirects to what is no URL");
    if (str_after(url, "https://") != NULL && str_after(found, "https://") == NULL) {
        free(found);
        return error_set(err, -EPROTO, "the server redirects from https to something else: refused");
    }
    *ret = found;
    return 0;
}

static int follow(struct http *h, const char *first, const char *auth_origin, struct error *err)
{
    _cleanup_free_ char *url = xstrdup(first);
    bool safe = str_eq(h->rq->method, "GET") || str_eq(h->rq->method, "HEAD");
    int r = 0;
    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        char *next = NULL;
        r = hop(h, url, auth_origin, err);
        const char *location = r == 0 ? http_header(h->answer, "location", a) : NULL;
        if (r < 0 || h->rq->stay || !is_redirect(h->answer->status) || location == NULL)
            break;
        /* Only 307 and 308 keep the method; nobody's upload becomes a GET. */
        if (!safe && h->answer->status != 307 && h->answer->status != 308)
            break;
        r = next_url(url, location, &next, err);
        if (r < 0 || next == NULL)
            return r;
        free(url);
        url = next;
        if (i == REDIRECTS_MAX)
            return error_set(err, -EPROTO, "the server redirects more than %d times", REDIRECTS_MAX);
    }
    strbuf_reset(&h->answer->url);
    strbuf_adds(&h->answer->url, url);
    return r;
}

int http_once(struct http *h, const struct http_request *rq, struct http_response *ret, struct error *err)
{
    char auth_origin[340] = "";
    http_response_clear(ret);
    if (http_cancelled(h->shared))
        return error_set(err, -ECANCELED, "interrupted");
    if (rq->authorization != NULL)
        http_origin_text(rq->auth_url != NULL ? rq->auth_url : rq->url, auth_origin, sizeof(auth_origin));
    h->rq = rq;
    h->answer = ret;
    h->max_body = rq->max_body != 0 ? rq->max_body : BODY_MAX;
    int r = follow(h, rq->url, auth_origin, err);
    h->rq = NULL;
    h->answer = NULL;
    return r;
}

/* --- again --- */

bool http_may_retry(int code, const struct http_response *r)
{
    if (code != 0)
        return code == -ETIMEDOUT || code == -ECONNREFUSED || code == -ECONNRESET;
    return r->status == 408 || r->status == 425 || r->status == 429 || r->status == 500 || r->status == 502 ||
           r->status == 503 || r->status == 504;
}

static int64_t chance(int64_t below)
{
    char hex[17];
    uint64_t v = 0;
    random_hex(hex, 4);
    for (int i = 0; i < 8; i++)
        v = v * 16 + (uint64_t) (hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    return below > 0 ? (int64_t) (v % (uint64_t) below) : 0;
}

int http_wait(struct http *h, unsigned n, const struct http_response *r, struct error *err)
{
    int64_t ms = backoff_ms << MIN_OF(n - 1, 5U);
    ms += chance(ms / 2);
    if (r != NULL && r->retry_after > WAIT_MAX_S)
        return error_set(err, -EBUSY, "the server wants to be asked again in %lld seconds",
                         (long long) r->retry_after);
    if (r != NULL && r->retry_after >= 0)
        ms = MAX_OF(r->retry_after * 1000, ms);
    if (r != NULL && r->retry_after * 1000 >= TOLD_MS)
        log_warn("the server is busy and wants to be asked again in %lld seconds: waiting",
                 (long long) (ms + 999) / 1000);
    else
        log_info("trying again in %lld ms", (long long) ms);
    for (int64_t end = clock_monotonic_ms() + ms; clock_monotonic_ms() < end;) {
        struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
        if (http_cancelled(h->shared))
            return error_set(err, -ECANCELED, "interrupted");
        nanosleep(&pause, NULL);
    }
    return 0;
}

int http_perform(struct http *h, const struct http_request *rq, struct http_response *ret, struct error *err)
{
    for (unsigned n = 1;; n++) {
        struct error why = { 0 };
        int r = http_once(h, rq, ret, &why);
        if (!http_may_retry(r, ret) || n == ATTEMPTS) {
            if (r < 0 && err != NULL)
                *err = why;
            return r;
        }
        log_info("%s", r < 0 ? why.msg : "the server is busy");
        int waited = http_wait(h, n, r == 0 ? ret : NULL, err);
        if (waited == -EBUSY)
            return r; /* the caller explains the status */
        if (waited < 0)
            return waited;
    }
}
