// SPDX-License-Identifier: Apache-2.0
/* image/export.h: a directory of a container's as a tar, by the sandboxed worker (image/pack.h says what is in it). */
#pragma once

#include "base/error.h"

/*
 * dir: of its root; out: a file or a pipe. ids_first: as in pack.h. Devices and sockets are left out, with a warning. When it fails, out
 * has a part of the archive.
 */
int export_directory(int dir, int out, uint32_t ids_first, struct error *err) _warn_unused_;
