// SPDX-License-Identifier: Apache-2.0
/*
 * image/credentials_helper.h: the programs docker-credential-NAME (docker/docker-credential-helpers' protocol: a verb as argument,
 * the server or a JSON object on standard input, JSON or an error sentence on standard output). Part of image/credentials.h.
 */
#pragma once

#include "image/credentials.h"

/* 1, or 0 when the helper has none. */
int credential_helper_get(const char *name, const char *server, struct credential *ret, struct error *err)
    _warn_unused_;
int credential_helper_store(const char *name, const char *server, const struct credential *c,
                            struct error *err) _warn_unused_;
/* 1: erased, 0: there was none. */
int credential_helper_erase(const char *name, const char *server, struct error *err) _warn_unused_;
