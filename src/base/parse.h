// SPDX-License-Identifier: Apache-2.0
/*
 * base/parse.h: strict text to number. The whole string must be the number: no white space, no sign where none is said, no
 * silent cut-off. Returns 0, -EINVAL (not of the form) or -ERANGE (of the form, does not fit).
 */
#pragma once

#include "base/util.h"

int parse_u64(const char *s, uint64_t *ret) _warn_unused_; /* decimal digits only */
int parse_u32(const char *s, uint32_t *ret) _warn_unused_;
int parse_i64(const char *s, int64_t *ret) _warn_unused_; /* one leading '-' allowed */
int parse_i32(const char *s, int32_t *ret) _warn_unused_;
int parse_octal(const char *s, uint32_t max, uint32_t *ret) _warn_unused_;
/* "true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False": as Go's strconv.ParseBool, which docker uses. */
int parse_bool(const char *s, bool *ret) _warn_unused_;
/*
 * A size as docker's units.RAMInBytes reads it: digits with an optional fraction (".5" and "5." too), one optional space, optional unit
 * b k kb kib m mb mib g gb gib t tb tib p pb pib in any case, powers of 1024. Bytes. Negative is -EINVAL.
 */
int parse_size(const char *s, int64_t *ret) _warn_unused_;
/* A Go duration ("1h30m", "10s", "500ms", "1.5s", "0") in nanoseconds. No sign: a negative one is -EINVAL. */
int parse_duration(const char *s, int64_t *ret_ns) _warn_unused_;
/* A decimal with up to 9 fraction digits ("1.5") in units of 1e-9, as --cpus takes it. */
int parse_nano(const char *s, int64_t *ret) _warn_unused_;

/* Is there a byte below a space, or DEL? */
bool text_has_control(const char *s);

/* The entry of names nearest to s by edit distance when it is near enough to be worth proposing, else NULL. */
const char *nearest_name(const char *s, const char *const *names, size_t n);
