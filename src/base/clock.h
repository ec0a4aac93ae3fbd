// SPDX-License-Identifier: Apache-2.0
/* base/clock.h: wall-clock time as text. All times are UTC, seconds and nanoseconds since 1970. */
#pragma once

#include <time.h>

#include "base/util.h"

#define CLOCK_TEXT_MAX 48

/* RFC 3339 with nanoseconds, "2026-01-02T03:04:05.000000006Z". buf holds CLOCK_TEXT_MAX bytes. */
void clock_format(const struct timespec *t, char *buf);
void clock_now_text(char *buf);
/* Reads what clock_format() writes, and RFC 3339 in general (fraction optional, offsets). 0 or -EINVAL. */
int clock_parse(const char *s, struct timespec *ret) _warn_unused_;
/* "5 seconds", "2 minutes", "About an hour", "3 days": how long ago, in docker's words. */
void clock_ago(int64_t seconds, char *buf, size_t size);
/* SOURCE_DATE_EPOCH when it is set and valid, else the current time. */
void clock_source_date(struct timespec *ret);
/* Milliseconds of the monotonic clock, for timeouts. */
int64_t clock_monotonic_ms(void);
