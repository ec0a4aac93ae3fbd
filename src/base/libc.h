// SPDX-License-Identifier: Apache-2.0
/*
 * base/libc.h: what glibc declares and musl does not, so that both compile the same sources. oakum-runtime and oakum-init are linked
 * with musl where the build finds it (option `musl`); the unit tests, `oakum` and everything under a sanitizer with glibc. Defined
 * in base/musl.c, with glibc's meaning.
 */
#pragma once

#include <errno.h>
#include <string.h>

#ifndef __GLIBC__
const char *strerrorname_np(int code); /* "ENOENT"; NULL for a number that has no name */
const char *strerrordesc_np(int code); /* "No such file or directory"; NULL likewise */
#endif
