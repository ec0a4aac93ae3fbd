// SPDX-License-Identifier: Apache-2.0
/*
 * image/apt_sources.h: where this host gets its Debian packages from: /etc/apt/sources.list and sources.list.d, in the
 * one-line and in the deb822 form (sources.list(5)). Part of image/base.h.
 */
#pragma once

#include "base/arena.h"
#include "oci/spec.h"

/*
 * Adds the entries of binary packages for suite (itself, SUITE-updates, SUITE-security, …) to ret, each in one-line form
 * with its options. Keys that stand in an entry are written to workfd, a directory whose path is work. Others' suites, and
 * cdrom:, are left out.
 */
int apt_sources_read(struct arena *a, const char *suite, int workfd, const char *work,
                     struct oci_strings *ret, struct error *err) _warn_unused_;
/* One file's text; for tests. deb822: the file's name ends in .sources. */
int apt_sources_parse(struct arena *a, const char *text, bool deb822, const char *suite, int workfd,
                      const char *work, struct oci_strings *ret, struct error *err) _warn_unused_;
