// SPDX-License-Identifier: Apache-2.0
/* engine/logs_parse.c: one line of docker's json-file, and docker's words for points in time. */
#include <errno.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/parse.h"
#include "engine/logs.h"

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Bytes decoded into to, which holds three for each four of text; -EINVAL. */
static ssize_t base64_decode(const char *text, char *to)
{
    size_t n = strlen(text), out = 0;
    if (n % 4 != 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i += 4) {
        int v[4], pad = 0;
        for (int k = 0; k < 4; k++) {
            v[k] = base64_value(text[i + (size_t) k]);
            if (text[i + (size_t) k] == '=' && i + 4 == n && k >= 2)
                v[k] = 0, pad++;
            else if (v[k] < 0 || pad > 0)
                return -EINVAL;
        }
        uint32_t word = (uint32_t) (v[0] << 18 | v[1] << 12 | v[2] << 6 | v[3]);
        for (int k = 0; k < 3 - pad; k++)
            to[out++] = (char) (word >> (16 - 8 * k));
    }
    return (ssize_t) out;
}

static const char *details_text(struct arena *a, json_t *doc)
{
    const char *key, *text = "";
    json_t *v;
    json_object_foreach(json_object_get(doc, "attrs"), key, v)
    {
        if (json_is_string(v))
            text = arena_printf(a, "%s%s%s=%s", text, text[0] != '\0' ? "," : "", key, json_string_value(v));
    }
    return text;
}

int logs_entry_parse(struct arena *a, const char *line, size_t len, struct log_entry *ret)
{
    _cleanup_json_ json_t *doc = json_loadb(line, len, JSON_ALLOW_NUL, NULL);
    const json_t *log = json_object_get(doc, "log");
    const char *time = json_string_value(json_object_get(doc, "time")),
               *stream = json_string_value(json_object_get(doc, "stream")),
               *raw = json_string_value(json_object_get(doc, "raw"));
    if (log == NULL || !json_is_string(log) || time == NULL || stream == NULL)
        return -EINVAL;
    size_t n = json_string_length(log);
    bool newline = n > 0 && json_string_value(log)[n - 1] == '\n';
    char *data = arena_alloc(a, MAX_OF(n, raw != NULL ? strlen(raw) : 0) + 2);
    ssize_t decoded = raw != NULL ? base64_decode(raw, data) : -1;
    if (decoded >= 0) {
        n = (size_t) decoded;
        if (newline)
            data[n++] = '\n';
    } else {
        memcpy(data, json_string_value(log), n);
    }
    *ret = (struct log_entry){ .data = data,
                               .len = n,
                               .is_stderr = str_eq(stream, "stderr"),
                               .time = arena_strdup(a, time),
                               .details = details_text(a, doc) };
    return 0;
}

static int parse_seconds(const char *text, struct timespec *ret)
{
    const char *dot = strchr(text, '.');
    _cleanup_free_ char *whole = xstrndup(text, dot != NULL ? (size_t) (dot - text) : strlen(text));
    char digits[10] = "000000000";
    uint64_t s, ns;
    size_t n = dot != NULL ? strlen(dot + 1) : 0;
    if (parse_u64(whole, &s) < 0 || n > 9)
        return -EINVAL;
    if (n > 0)
        memcpy(digits, dot + 1, n);
    if (parse_u64(digits, &ns) < 0)
        return -EINVAL;
    *ret = (struct timespec){ .tv_sec = (time_t) s, .tv_nsec = (long) ns };
    return 0;
}

/* "2006-01-02", "2006-01-02T15", "2006-01-02T15:04", "2006-01-02T15:04:05": of this host's time zone. */
static int parse_local(const char *text, struct timespec *ret)
{
    static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct tm tm = { .tm_isdst = -1 };
        const char *end = strptime(text, forms[i], &tm);
        if (end == NULL || *end != '\0')
            continue;
        *ret = (struct timespec){ .tv_sec = mktime(&tm) };
        return 0;
    }
    return -EINVAL;
}

int logs_time_parse(const char *text, struct timespec *ret)
{
    int64_t ago;
    if (parse_seconds(text, ret) == 0 || clock_parse(text, ret) == 0 || parse_local(text, ret) == 0)
        return 0;
    if (parse_duration(text, &ago) < 0 || clock_gettime(CLOCK_REALTIME, ret) < 0)
        return -EINVAL;
    ret->tv_sec -= (time_t) (ago / 1000000000);
    ret->tv_nsec -= (long) (ago % 1000000000);
    if (ret->tv_nsec < 0) {
        ret->tv_nsec += 1000000000;
        ret->tv_sec--;
    }
    return 0;
}
