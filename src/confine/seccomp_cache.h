// SPDX-License-Identifier: Apache-2.0
/*
 * confine/seccomp_cache.h: bounds of the cache behind seccomp_cached(), for its tests.
 *
 * Failure mode: none of its own; what is wrong with the cache costs a compilation, never the filter. A file that is damaged, of another
 * version or somebody else's is not used (the last is logged), a directory that others may write to gets no file, and a write that
 * fails is logged and forgotten. Of a profile whose key is over 256 KiB nothing is kept: it is compiled each time.
 */
#pragma once

#include "confine/seccomp.h"

#define SECCOMP_CACHE_FILES 128
