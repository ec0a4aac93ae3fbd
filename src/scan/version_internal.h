// SPDX-License-Identifier: Apache-2.0
/* scan/version_internal.h: what the schemes share. Each compare function has two texts of at most VERSION_MAX bytes. */
#pragma once

#include "scan/version.h"

struct span {
    const char *s;
    size_t n;
};

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static inline int sign_of(int n)
{
    return (n > 0) - (n < 0);
}

/* Numbers of any length, written in digits; leading zeros and an empty text count nothing. */
int version_cmp_number(struct span a, struct span b);
/* Bytes, the shorter first when one begins the other. */
int version_cmp_bytes(struct span a, struct span b);
int version_cmp_nocase(struct span a, struct span b);
bool version_span_is(struct span a, const char *text); /* text in lower case; a in any */
bool version_span_numeric(struct span a);
bool version_span_zero(struct span a); /* nothing but zeros, or empty */

/* The digits (letters) that *p begins with, which is moved behind them. */
struct span version_take_digits(const char **p);
struct span version_take_alpha(const char **p);

int version_cmp_dpkg(const char *a, const char *b, int *ret);
int version_cmp_apk(const char *a, const char *b, int *ret);
int version_cmp_apk2(const char *a, const char *b, int *ret);
int version_cmp_rpm(const char *a, const char *b, int *ret);
int version_cmp_semver(const char *a, const char *b, int *ret);
int version_cmp_go(const char *a, const char *b, int *ret);
int version_cmp_nuget(const char *a, const char *b, int *ret);
int version_cmp_pep440(const char *a, const char *b, int *ret);
int version_cmp_maven(const char *a, const char *b, int *ret);
int version_cmp_gem(const char *a, const char *b, int *ret);
int version_cmp_packagist(const char *a, const char *b, int *ret);
