// SPDX-License-Identifier: Apache-2.0
/* cli/image_names.h: image names as people write them. */
#pragma once

#include <stddef.h>

/* "docker.io/library/redis:7" → "redis:7"; what is no reference is given as it is. buf: 700 bytes are enough. */
void shown_reference(const char *full, char *buf, size_t size);
/* Name and tag apart; "<none>" where there is none, as in docker. full may be NULL. */
struct shown_name {
    char repository[520], tag[140];
};
void shown_name_of(const char *full, struct shown_name *out);
