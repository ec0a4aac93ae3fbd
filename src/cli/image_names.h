// SPDX-License-Identifier: Apache-2.0
/* cli/image_names.h: image names as people write them. */
#pragma once

#include <stddef.h>

/* "docker.io/library/redis:7" → "redis:7"; what is no reference is given as it is. buf: 700 bytes are enough. */
void shown_reference(const char *full, char *buf, size_t size);
