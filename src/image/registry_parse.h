// SPDX-License-Identifier: Apache-2.0
/*
 * image/registry_parse.h: the small texts that registries send: challenges (RFC 9110 11.6.1), Link (RFC 8288), Content-Range and
 * Range (RFC 9110 14), lists of tags, the error body of the distribution specification, tokens. Pure: bytes in, values out.
 */
#pragma once

#include "oci/spec.h"

enum auth_scheme { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct auth_challenge {
    enum auth_scheme scheme;
    const char *realm, *service, *scope, *error; /* in the arena; NULL: not given */
};
/* One WWW-Authenticate header, which may hold several challenges: Bearer wins over Basic. -EINVAL for what is malformed. */
int auth_challenge_parse(const char *header, struct arena *a, struct auth_challenge *ret) _warn_unused_;

/* The target of rel="next" in a Link header; NULL when there is none. */
const char *link_next(const char *header, struct arena *a);

/* "bytes 10-99/100"; *ret_total is -1 for "*". -EINVAL. */
int content_range_parse(const char *header, int64_t *ret_from, int64_t *ret_to, int64_t *ret_total)
    _warn_unused_;
/* "0-99" (also "bytes=0-99") as an upload's status says it: *ret_next is 100. "0-0" may mean nothing or one byte: 0. */
int upload_range_parse(const char *header, int64_t *ret_next) _warn_unused_;

/* {"errors":[{"code":…,"message":…}]}: one line in the arena, NULL when it is nothing of the kind. Not neutralised. */
const char *registry_error_text(const char *body, size_t len, struct arena *a);

struct registry_token {
    const char *token, *refresh;
    int64_t expires_in; /* seconds, at least 60 */
};
int registry_token_parse(const char *body, size_t len, struct arena *a, struct registry_token *ret,
                         struct error *err) _warn_unused_;

/* {"name":…,"tags":[…]} or, key "repositories", the catalogue. Strings that are no tag or name are an error. Appends. */
int registry_list_parse(const char *body, size_t len, const char *key, struct arena *a,
                        struct oci_strings *ret, struct error *err) _warn_unused_;

/* For URLs: everything but unreserved characters as %XX. */
void url_escape(struct strbuf *out, const char *s);

/* base64 with padding (RFC 4648 4). The decoder wants nothing but it; *ret is NUL-terminated, freed by the caller. */
char *base64_encode(const void *data, size_t len) __attribute__((returns_nonnull));
int base64_decode(const char *text, char **ret, size_t *ret_len) _warn_unused_;
