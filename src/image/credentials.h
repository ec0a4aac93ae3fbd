// SPDX-License-Identifier: Apache-2.0
/*
 * image/credentials.h: user names and passwords for registries, kept where docker and podman keep them.
 *
 * Read, the first that has one counts: the file of --authfile or $REGISTRY_AUTH_FILE alone; else $DOCKER_CONFIG/config.json (or
 * ~/.docker/config.json), then containers' auth.json below $XDG_RUNTIME_DIR/containers (/run/containers/UID) and ~/.config/containers.
 * In each file: "credHelpers" for the registry, "credsStore", then "auths". A key of auths is a host, an old docker URL
 * ("https://index.docker.io/v1/"), or host/path, the longest of which counts.
 *
 * Helpers are programs docker-credential-NAME on $PATH that speak JSON on their standard streams; they get a minute.
 *
 * Written (login, logout): --authfile, $REGISTRY_AUTH_FILE, or docker's config.json; what else is in the file stays; 0600, replaced
 * whole, under a lock of the directory.
 *
 * Secrets live in malloc()ed strings that credential_clear() wipes. They are in no message of any error.
 */
#pragma once

#include "base/error.h"

struct credential {
    char *username, *password;
    char *identity_token; /* an OAuth2 refresh token that stands for both */
};
void credential_clear(struct credential *c);
#define _cleanup_credential_ __attribute__((cleanup(credential_clear)))

/* 1 and *ret, or 0 when there is none. domain as in a reference ("docker.io"); path may be "". authfile NULL: as above. */
int credentials_find(const char *authfile, const char *domain, const char *path, struct credential *ret,
                     struct error *err) _warn_unused_;
/* *ret_where (freed by the caller) says where it went: a path, or the helper's name. */
int credentials_store(const char *authfile, const char *domain, const struct credential *c, char **ret_where,
                      struct error *err) _warn_unused_;
/* 1: there was one and it is gone; 0: there was none. domain NULL: all of them (of files, not of helpers). */
int credentials_erase(const char *authfile, const char *domain, struct error *err) _warn_unused_;

/* The search in one file's text, without helpers; for tests and fuzzing. */
int credentials_search(const char *text, size_t len, const char *name, const char *domain, const char *path,
                       struct credential *ret, struct error *err) _warn_unused_;
