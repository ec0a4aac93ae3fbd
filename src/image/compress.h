// SPDX-License-Identifier: Apache-2.0
/* image/compress.h: a layer as gzip, for registries. oakum-image only. */
#pragma once

#include "image/sha256.h"
#include "oci/image.h"

/*
 * in: the blob of layer d, from its beginning (pread); out: an empty file. ret_hex and ret_size: of what was written. The same layer gives
 * the same bytes with the same zlib. -EINVAL: in does not have d's digest.
 */
int compress_layer(int in, const struct image_descriptor *d, int out, char ret_hex[static SHA256_HEX],
                   int64_t *ret_size, struct error *err) _warn_unused_;
