// SPDX-License-Identifier: Apache-2.0
/* SHA-256 as hex text. A digest becomes a file name in the store, so the text is made in this one place only. */
#include "image/sha256.h"

void sha256_init(struct sha256 *s)
{
    SHA256_Init(&s->ctx);
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    SHA256_Update(&s->ctx, data, len);
}

void sha256_hex(struct sha256 *s, char out[static SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char md[SHA256_DIGEST_LENGTH];

    SHA256_Final(md, &s->ctx);
    for (size_t i = 0; i < sizeof(md); i++) {
        out[2 * i] = digits[md[i] >> 4];
        out[2 * i + 1] = digits[md[i] & 15];
    }
    out[SHA256_HEX - 1] = '\0';
}

void sha256_of(const void *data, size_t len, char out[static SHA256_HEX])
{
    struct sha256 s;

    sha256_init(&s);
    sha256_add(&s, data, len);
    sha256_hex(&s, out);
}
