// SPDX-License-Identifier: Apache-2.0
/*
 * Civil dates are computed here, not by gmtime_r and timegm: those load the time zone file first, which a start-up must not pay
 * for and which is not there after the root has changed. The calendar is the proleptic Gregorian one; the arithmetic counts
 * years from March, so that the leap day is a year's last.
 */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

#include "base/parse.h"

#define SECONDS_A_DAY 86400
#define DAYS_400_YEARS 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

struct civil {
    int64_t year;
    int month, day;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of(struct civil c)
{
    int64_t y = c.month <= 2 ? c.year - 1 : c.year;
    int64_t era = floor_div(y, 400);
    int64_t year = y - era * 400;
    int64_t day = (153 * ((c.month + 9) % 12) + 2) / 5 + c.day - 1;
    return era * DAYS_400_YEARS + year * 365 + year / 4 - year / 100 + day - DAYS_TO_1970;
}

static struct civil civil_of(int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = floor_div(days, DAYS_400_YEARS);
    int64_t doe = days - era * DAYS_400_YEARS;
    int64_t year = (doe - doe / 1460 + doe / 36524 - doe / (DAYS_400_YEARS - 1)) / 365;
    int64_t doy = doe - (365 * year + year / 4 - year / 100);
    int64_t m = (5 * doy + 2) / 153;
    struct civil c = { .day = (int) (doy - (153 * m + 2) / 5 + 1), .month = (int) (m < 10 ? m + 3 : m - 9) };
    c.year = year + era * 400 + (c.month <= 2);
    return c;
}

void clock_format(const struct timespec *t, char *buf)
{
    int64_t days = floor_div(t->tv_sec, SECONDS_A_DAY);
    unsigned s = (unsigned) (t->tv_sec - days * SECONDS_A_DAY) % SECONDS_A_DAY;
    struct civil c = civil_of(days);
    /* The remainders change nothing; they let the compiler see that it fits. */
    snprintf(buf, CLOCK_TEXT_MAX, "%04lld-%02u-%02uT%02u:%02u:%02u.%09uZ", (long long) c.year, c.month % 100U,
             c.day % 100U, s / 3600U, s / 60U % 60U, s % 60U, (unsigned) t->tv_nsec % 1000000000U);
}

void clock_now_text(char *buf)
{
    struct timespec now = { 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    clock_format(&now, buf);
}

/* Reads exactly n digits and moves on; -1 when they are not there. */
static int digits(const char **s, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return -1;
        value = value * 10 + (**s - '0');
    }
    return value;
}

static bool skip(const char **s, const char *any_of)
{
    if (**s == '\0' || strchr(any_of, **s) == NULL)
        return false;
    (*s)++;
    return true;
}

static int month_length(int64_t year, int month)
{
    static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return length[month - 1] + (month == 2 && leap);
}

/* ".123" in nanoseconds; digits after the ninth are below what timespec can say. -1 when no digit follows the dot. */
static long fraction(const char **s)
{
    long ns = 0;
    if (!skip(s, "."))
        return 0;
    if (**s < '0' || **s > '9')
        return -1;
    for (long unit = 100000000; **s >= '0' && **s <= '9'; unit /= 10, (*s)++)
        ns += (**s - '0') * unit;
    return ns;
}

/* "Z" or "+hh:mm": 0 and the offset in seconds. */
static int zone(const char **s, int *ret)
{
    if (skip(s, "Zz")) {
        *ret = 0;
        return 0;
    }
    int sign = **s == '-' ? -1 : 1;
    if (!skip(s, "+-"))
        return -EINVAL;
    int h = digits(s, 2);
    if (h < 0 || h > 23 || !skip(s, ":"))
        return -EINVAL;
    int m = digits(s, 2);
    if (m < 0 || m > 59)
        return -EINVAL;
    *ret = sign * (h * 3600 + m * 60);
    return 0;
}

int clock_parse(const char *s, struct timespec *ret)
{
    struct civil c;
    int offset, hms[3];
    c.year = digits(&s, 4);
    if (c.year < 0 || !skip(&s, "-"))
        return -EINVAL;
    c.month = digits(&s, 2);
    if (c.month < 1 || c.month > 12 || !skip(&s, "-"))
        return -EINVAL;
    c.day = digits(&s, 2);
    if (c.day < 1 || c.day > month_length(c.year, c.month))
        return -EINVAL;
    for (int i = 0; i < 3; i++)
        if (!skip(&s, i == 0 ? "Tt " : ":") || (hms[i] = digits(&s, 2)) < 0)
            return -EINVAL;
    if (hms[0] > 23 || hms[1] > 59 ||
        hms[2] > 60) /* 60: a leap second, which 1970-seconds fold into the next */
        return -EINVAL;
    long ns = fraction(&s);
    if (ns < 0 || zone(&s, &offset) < 0 || *s != '\0')
        return -EINVAL;
    ret->tv_sec = days_of(c) * SECONDS_A_DAY + hms[0] * 3600 + hms[1] * 60 + hms[2] - offset;
    ret->tv_nsec = ns;
    return 0;
}

void clock_ago(int64_t seconds, char *buf, size_t size)
{
    int64_t hours = seconds / 3600 + (seconds % 3600 >= 1800);
    if (seconds < 1)
        snprintf(buf, size, "Less than a second");
    else if (seconds == 1)
        snprintf(buf, size, "1 second");
    else if (seconds < 60)
        snprintf(buf, size, "%d seconds", (int) seconds);
    else if (seconds < 120)
        snprintf(buf, size, "About a minute");
    else if (seconds < 3600)
        snprintf(buf, size, "%d minutes", (int) (seconds / 60));
    else if (hours == 1)
        snprintf(buf, size, "About an hour");
    else if (hours < 48)
        snprintf(buf, size, "%d hours", (int) hours);
    else if (hours < 24 * 7 * 2)
        snprintf(buf, size, "%d days", (int) (hours / 24));
    else if (hours < 24 * 30 * 2)
        snprintf(buf, size, "%d weeks", (int) (hours / 24 / 7));
    else if (hours < 24 * 365 * 2)
        snprintf(buf, size, "%d months", (int) (hours / 24 / 30));
    else
        snprintf(buf, size, "%lld years", (long long) (seconds / 3600 / 24 / 365));
}

void clock_source_date(struct timespec *ret)
{
    const char *s = getenv("SOURCE_DATE_EPOCH");
    int64_t seconds;
    if (s != NULL && parse_i64(s, &seconds) == 0 && seconds >= 0)
        *ret = (struct timespec){ .tv_sec = seconds };
    else
        clock_gettime(CLOCK_REALTIME, ret);
}

int64_t clock_monotonic_ms(void)
{
    struct timespec t = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
