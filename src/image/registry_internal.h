// SPDX-License-Identifier: Apache-2.0
/* image/registry_internal.h: what the files of the registry client share. */
#pragma once

#include <pthread.h>

#include "image/registry.h"
#include "image/registry_parse.h"

struct token {
    struct token *next;
    char *scope, *authorization; /* "Bearer …" */
    int64_t until_ms;            /* clock_monotonic_ms() */
};

/* One place: a registry or a mirror. Lives as long as the registry. */
struct endpoint {
    struct endpoint *next;
    const char *base;   /* "https://host:port" */
    const char *domain; /* as in references: what credentials are looked up by */
    pthread_mutex_t lock;
    /* what its last challenge said */
    struct auth_challenge challenge;
    bool challenged, looked_up;
    struct credential credential;
    struct token *tokens;
    char *refresh; /* a refresh token that came with an access token */
};

struct registry {
    struct arena *arena; /* under lock */
    pthread_mutex_t lock;
    struct registry_hosts *hosts;
    struct http_shared *http;
    char *authfile;
    struct credential login;
    bool has_login;
    struct endpoint *endpoints;
    struct registry_conn *idle; /* under lock: connections that are open, for the next who needs some */
};

struct registry_conn {
    struct registry *registry;
    struct http *http;
    struct registry_conn *next; /* of the idle ones */
};

/* Where a repository is. */
struct location {
    struct endpoint *endpoint;
    const char *path;
    bool mirror;
};
struct registry_repo {
    struct registry *registry;
    const char *domain, *path;
    const char *scope; /* "repository:PATH:pull,push" of the registry itself */
    bool push;
    struct location *locations; /* in the order in which they are asked */
    size_t n;
    _Atomic size_t at; /* the one that answered */
};

/* --- auth --- */

void endpoint_clear(struct endpoint *e);
/*
 * rq with the authorization that e wants for scope (NULL: none), once more after a challenge. retry: through http_perform().
 * 0 when there is an answer; -EACCES when it stays at 401.
 */
int registry_request(struct registry_conn *c, struct endpoint *e, const char *scope, struct http_request *rq,
                     bool retry, struct http_response *ret, struct error *err) _warn_unused_;

/* --- helpers --- */

int endpoint_get(struct registry_conn *c, const char *host, struct endpoint **ret, struct error *err)
    _warn_unused_;
/* A sentence for a status that is no success, and its code. what: "the manifest of x". */
int status_error(const struct http_response *r, const char *what, struct error *err);
/* scope of a repository at one of its locations. */
const char *location_scope(const struct registry_repo *repo, const struct location *l, struct arena *a);
char *location_url(const struct location *l, const char *rest) __attribute__((returns_nonnull));
extern unsigned registry_patience;
