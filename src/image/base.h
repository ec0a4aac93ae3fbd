// SPDX-License-Identifier: Apache-2.0
/*
 * image/base.h: a minimal image from Debian packages (`oakum base`).
 *
 * mmdebstrap makes the root file system: Debian's essential packages, those asked for and what they depend on, without
 * recommendations, documentation, manual pages and translations, from this host's own apt sources. What the installation
 * itself left behind (logs, caches, lists, backups, machine id, host name, resolver, apt's sources) is removed, so the image
 * is a function of its packages: made again from the same versions it has the same id. The package database stays whole,
 * scanners read it. Times that the installation made become the newest time in the packages, which is also the image's
 * date. CMD, USER, EXPOSE, WORKDIR and STOPSIGNAL come from a table of well-known packages.
 *
 * Runs packages' installation scripts as root in a chroot (mmdebstrap --mode=root): the packages are trusted as apt trusts
 * them, by signature.
 */
#pragma once

#include "image/store.h"

struct base_options {
    const char *suite; /* NULL: this host's VERSION_CODENAME */
    const char *
        mirror; /* a URI; NULL: the entries for the suite, its updates and security in this host's apt sources */
    int log_fd; /* gets mmdebstrap's output; -1: kept for the error message only */
};

/*
 * -EPERM for anyone but root, -ENOENT without mmdebstrap or without a source for the suite, -EINVAL for a package name that
 * cannot be one, -EIO when mmdebstrap fails (its last error line is in the message). name as in store_import(). o may be NULL.
 */
int image_base_build(struct store *s, const char *const *packages, size_t n, const char *name,
                     const struct base_options *o, char id[static 65], struct error *err) _warn_unused_;
