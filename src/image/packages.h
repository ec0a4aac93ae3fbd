// SPDX-License-Identifier: Apache-2.0
/*
 * image/packages.h: which packages the file system of an image says it has: dpkg's status (Debian, and status.d of images without dpkg)
 * and apk's database (Alpine). What is there is text of the image's maker.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

struct package {
    const char *name; /* dpkg: with ":ARCHITECTURE" */
    const char *version;
};

/* By name, each once. rootfd: of the file system. No database is no package. -EFBIG: one of more than 64 MiB. All in the arena. */
int packages_read(int rootfd, struct arena *a, struct package **ret, size_t *ret_n, struct error *err)
    _warn_unused_;
/* From a database's text, for tests; adds to *v. */
struct packages {
    struct package *v;
    size_t n, cap;
};
enum package_kind { PACKAGES_DPKG, PACKAGES_APK };
void packages_parse(const char *text, enum package_kind kind, struct arena *a, struct packages *v);
