// SPDX-License-Identifier: Apache-2.0
/*
 * image/sha256.h: SHA-256 over libcrypto's block functions.
 *
 * The old low-level calls are used on purpose: the EVP interface fetches its algorithms through providers, which reads
 * openssl.cnf and may load modules; a sandboxed worker must do neither, and `oakum`, which only hashes configs and
 * manifests, would pull in all of libcrypto (a few MB) where this is 12 KB. Nothing here can fail.
 */
#pragma once

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/util.h"

struct sha256 {
    SHA256_CTX ctx;
};

#define SHA256_HEX 65 /* 64 lower-case hex digits and a NUL */

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_hex(struct sha256 *s, char out[static SHA256_HEX]); /* ends the computation */
/* One buffer. */
void sha256_of(const void *data, size_t len, char out[static SHA256_HEX]);
