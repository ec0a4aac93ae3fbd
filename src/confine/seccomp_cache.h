// SPDX-License-Identifier: Apache-2.0
/* confine/seccomp_cache.h: bounds of the cache behind seccomp_cached(), for its tests. */
#pragma once

#include "confine/seccomp.h"

#define SECCOMP_CACHE_FILES 128
