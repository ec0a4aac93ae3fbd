// SPDX-License-Identifier: Apache-2.0
/*
 * scan/version.h: which of two versions is the newer, by the rules of the ecosystem that they come from.
 *
 * A version that its own ecosystem's tool would refuse has no place in the order: comparing it is -EINVAL, and who asked has
 * found something unknown, never "older" or "newer". So has a version longer than VERSION_MAX. Nothing is allocated; the time is
 * linear in the length (Maven, RubyGems, PEP 440: a small multiple). Text is compared as bytes, never by locale.
 */
#pragma once

#include "base/util.h"

#define VERSION_MAX 1024 /* bytes, without the NUL */

enum version_scheme {
    VERSION_DPKG, /* deb-version(7) */
    VERSION_APK,  /* apk-tools 3: a component with a leading zero is compared as text */
    VERSION_APK2, /* apk-tools 2: leading zeros count downwards, the rest is a number */
    VERSION_RPM,  /* [epoch:]version[-release]; rpm-version(7), a missing epoch is 0 */
    VERSION_SEMVER, /* semver.org 2.0.0, with an optional "v", and with one or two numbers too: npm, crates, hex */
    VERSION_GO,        /* go.dev/ref/mod#versions, and the toolchain's own "go1.21rc2" */
    VERSION_PEP440,    /* packaging.python.org/specifications/version-specifiers */
    VERSION_MAVEN,     /* maven.apache.org/pom.html#version-order-specification */
    VERSION_GEM,       /* RubyGems' Gem::Version */
    VERSION_NUGET,     /* SemVer 2 with a fourth number, in any case */
    VERSION_PACKAGIST, /* what Composer makes of PHP's version_compare() */
    VERSION_SCHEMES
};

/* "dpkg", "apk", "apk2", "rpm", "semver", "go", "pep440", "maven", "gem", "nuget", "packagist"; NULL for another number. */
const char *version_scheme_name(enum version_scheme scheme);
/* The scheme of that name, or -EINVAL. */
int version_scheme_find(const char *name);

/* *ret: -1 when a is older than b, 0 when they are the same, 1 when a is newer. -EINVAL: see above; *ret is untouched then. */
int version_compare(enum version_scheme scheme, const char *a, const char *b, int *ret) _warn_unused_;
/* Does the scheme know this as a version? */
bool version_valid(enum version_scheme scheme, const char *v);

/*
 * rpm as one side from a source package's file name has it: an epoch that only one of the two states is left out, since the
 * name of a source package never carries one.
 */
int version_compare_rpm_source(const char *a, const char *b, int *ret) _warn_unused_;
