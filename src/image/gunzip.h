// SPDX-License-Identifier: Apache-2.0
/*
 * gzip (RFC 1952), decoded piece by piece: by ISA-L where the build has it, which is two to three times as fast as zlib, else by
 * zlib. Only the unpacking worker links this.
 */
#pragma once

#include "base/util.h"

struct gunzip;

/* NULL when there is no memory for it. */
struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip *g);

/*
 * Decodes from in[0..*len) to out[0..*room). On return *len bytes were used and *room bytes made. *ret_end: a member has just
 * ended, its checksum and length were right; the next call begins another one. With nothing used, nothing made and no end,
 * more input is needed. -EINVAL with *ret_why (never freed): the data is damaged.
 */
int gunzip_some(struct gunzip *g, const uint8_t *in, size_t *len, uint8_t *out, size_t *room, bool *ret_end,
                const char **ret_why);
