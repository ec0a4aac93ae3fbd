// SPDX-License-Identifier: Apache-2.0
/*
 * oci/reference.h: image references in docker's grammar and normal form ("nginx" is docker.io/library/nginx:latest).
 * A reference is domain/path[:tag][@digest]; total length of the name is at most 255 bytes.
 */
#pragma once

#include "base/error.h"

struct reference {
    char domain[256]; /* "docker.io", "localhost:5000", "[::1]:5000" */
    char path[256];   /* "library/nginx" */
    char tag[129];    /* "" when there is only a digest */
    char digest[136]; /* "" when there is none */
};

/*
 * Parses and normalises; without tag and digest the tag is "latest". -EINVAL with a sentence that says what
 * is wrong ("must be lower case", …).
 */
int reference_parse(const char *s, struct reference *ret, struct error *err) _warn_unused_;
/* Full text "docker.io/library/nginx:1.25@sha256:…"; buf of 640 bytes is enough for every reference. */
void reference_format(const struct reference *r, char *buf, size_t size);
/* As docker shows it: docker.io and library/ left out, without tag and digest ("nginx", "localhost:5000/x"). */
void reference_familiar_name(const struct reference *r, char *buf, size_t size);
