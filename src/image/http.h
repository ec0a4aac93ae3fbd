// SPDX-License-Identifier: Apache-2.0
/*
 * image/http.h: HTTP for the registry client, over libcurl (HTTP/2 where the server has it). oakum-image only.
 *
 * A struct http is one thread's connections: it keeps them open between requests and is used by one thread at a time. What
 * threads may share (names looked up, TLS sessions, which TLS files a host wants) is in struct http_shared.
 *
 * What it guarantees, whatever the server says:
 *   - Authorization goes to the origin (scheme, host, port) that it was given for and to no other, and after a redirect only
 *     if that leads to the same origin. A redirect from https to http is refused, so is a URL with a user name in it.
 *   - http:// is spoken only with hosts for which the origin function allows it.
 *   - An answer in memory ends at max_body, headers at 256 KiB; no content encoding is asked for, so nothing inflates.
 *   - A server that sends nothing for stall_s seconds is given up; the time that a sink needs does not count.
 *   - Nothing of a header or URL's query is ever logged.
 *
 * Errors: -ETIMEDOUT, -ECONNREFUSED, -ECONNRESET, -EHOSTUNREACH (name not found), -EKEYREJECTED (TLS), -EFBIG, -EPROTO, -ECANCELED,
 * or what a sink returned. Which of them may be tried again: http_may_retry().
 */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"

struct http_origin {
    const char *ca_file;    /* trusted in addition to the system's; NULL */
    const char *cert, *key; /* client certificate, PEM; NULL */
    bool plain_allowed;     /* http:// may be spoken at all */
    bool skip_verify;       /* any certificate will do */
};

struct http_shared;
/* origin is asked for each new URL; host is "name[:port]" as in the URL. What it returns must live as long as arg does. */
struct http_shared *http_shared_new(void (*origin)(void *arg, const char *host, struct http_origin *ret),
                                    void *arg) __attribute__((returns_nonnull));
void http_shared_free(struct http_shared *s);
/* Ends what is under way, in all threads, with -ECANCELED. Safe in any thread. */
void http_cancel(struct http_shared *s);
bool http_cancelled(const struct http_shared *s);
/* When all threads have ended: new requests are made again. */
void http_resume(struct http_shared *s);

struct http;
struct http *http_new(struct http_shared *s) __attribute__((returns_nonnull));
void http_free(struct http *h);

struct http_response {
    long status;
    struct strbuf body;    /* of an answer that no sink took */
    struct strbuf headers; /* "name: value\n" each, names in lower case, of the last answer */
    struct strbuf url;     /* of the last answer */
    int64_t retry_after;   /* seconds, -1: not said */
};
#define HTTP_RESPONSE_INIT                                                                 \
    {                                                                                      \
        .body = STRBUF_INIT, .headers = STRBUF_INIT, .url = STRBUF_INIT, .retry_after = -1 \
    }
void http_response_clear(struct http_response *r);
#define _cleanup_response_ __attribute__((cleanup(http_response_clear)))
/* The first header of the name (lower case), NULL when there is none. value lives in the arena. */
const char *http_header(const struct http_response *r, const char *name, struct arena *a);
/* The n-th of several. */
const char *http_header_at(const struct http_response *r, const char *name, size_t n, struct arena *a);

struct http_request {
    const char *method; /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" */
    const char *url;
    const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
    const char *authorization;  /* "Bearer …"; NULL. For the origin of auth_url only */
    const char *auth_url;       /* NULL: that of url */
    /* What is sent: memory, or size bytes of a file. */
    const void *body;
    size_t body_len;
    bool body_from_fd;
    int body_fd;
    int64_t body_offset, body_size;
    _Atomic int64_t *sent; /* counts; may be NULL */
    /* What comes. */
    size_t max_body; /* 0: 4 MiB */
    /* Takes the body of a 2xx answer as it comes. Non-zero ends the transfer: a negative errno, with a message in err. */
    int (*sink)(void *arg, const struct http_response *r, const void *data, size_t len, struct error *err);
    void *arg;
    bool stay; /* do not follow redirects: their status is the answer */
};

/* Once; redirects are followed. 0 when there is an answer, of whatever status. */
int http_once(struct http *h, const struct http_request *rq, struct http_response *ret, struct error *err)
    _warn_unused_;
/*
 * As http_once(), and what may pass (no connection, 5xx, 429 with a bearable Retry-After) is tried again, at most 5 times. For
 * requests that may be made twice and have no sink.
 */
int http_perform(struct http *h, const struct http_request *rq, struct http_response *ret, struct error *err)
    _warn_unused_;

/* May the same request succeed later? code: what http_once() returned; with 0 the response's status decides. */
bool http_may_retry(int code, const struct http_response *r);
/*
 * Waits before attempt number n (1, 2, …): exponentially with some chance in it, or as long as Retry-After says. -ECANCELED, or
 * -EBUSY when the server wants more patience than a person has (2 minutes).
 */
int http_wait(struct http *h, unsigned n, const struct http_response *r, struct error *err) _warn_unused_;

/* "https://host:port", lower case, ports made explicit; "" when it is no http(s) URL. For comparing. */
void http_origin_text(const char *url, char *buf, size_t size);
/* Bytes that were taken in by all threads: bodies, thrown away or not. */
int64_t http_received(const struct http_shared *s);

/* For tests: seconds after which a silent server is given up (30), and unit of the backoff in ms (500). */
void http_set_times(long stall_s, long backoff_ms);
