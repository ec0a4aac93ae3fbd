// SPDX-License-Identifier: Apache-2.0
/*
 * oci/digest.h: content digests, image-spec descriptor.md grammar, restricted to the registered algorithms
 * sha256 (64 lower-case hex digits) and sha512 (128). Anything else is refused: a digest becomes a file name.
 */
#pragma once

#include "base/error.h"

#define DIGEST_MAX (7 + 128 + 1)

bool digest_valid(const char *s);
/* The hex part of a valid digest. */
const char *digest_hex(const char *s);
/* 64 lower-case hex digits? (ids, DiffID directory names) */
bool hex64_valid(const char *s);
