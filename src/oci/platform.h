// SPDX-License-Identifier: Apache-2.0
/*
 * oci/platform.h: platforms ("linux/arm/v7") in docker's normal form, and which image of several is the best for one.
 *
 * Normal form: lower case; x86_64 is amd64, aarch64 is arm64, i386 is 386, armhf is arm/v7, armel is arm/v6; arm without a
 * variant is v7; arm64/v8 and amd64/v1 are written without one.
 */
#pragma once

#include "base/error.h"

struct platform {
    char os[32], architecture[32];
    char variant[16]; /* "": none */
};

/* "os/arch[/variant]", "arch" (then linux) or "os" (then this host's architecture). -EINVAL with a sentence. */
int platform_parse(const char *s, struct platform *ret, struct error *err) _warn_unused_;
/* What runs here: "linux", the kernel's machine, and for amd64 the level of the CPU (v2, v3) as variant. */
void platform_host(struct platform *ret);
/* "os/arch[/variant]"; a buffer of 84 bytes is enough. */
void platform_format(const struct platform *p, char *buf, size_t size);
/*
 * How well an image of the given platform fits want: 0 is exactly it, larger is worse, negative is not at all. arm and amd64
 * run images of lower variants, never of higher ones. Members may be NULL or in any spelling.
 */
int platform_rank(const struct platform *want, const char *os, const char *architecture, const char *variant);
