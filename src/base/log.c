// SPDX-License-Identifier: Apache-2.0
/*
 * One write(2) a line, so that lines of several processes that share a file opened O_APPEND do not mix. Messages carry names
 * from images and containers: they are neutralised before they are quoted, whatever the format.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/table.h"

static struct {
    int fd;
    enum log_format format;
    enum log_level max;
    const char *program;
} log_state = { .fd = STDERR_FILENO, .format = LOG_FORMAT_TEXT, .max = LOG_LEVEL_WARN, .program = "oakum" };

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

void log_setup(int fd, enum log_format format, enum log_level max, const char *program)
{
    log_state.fd = fd;
    log_state.format = format;
    log_state.max = max;
    log_state.program = program;
}

void log_move(int fd)
{
    log_state.fd = fd;
}

bool log_enabled(enum log_level level)
{
    return log_state.fd >= 0 && level <= log_state.max;
}

/* text is neutralised: only the quote and the backslash are left to escape. */
static void add_json_string(struct strbuf *line, const char *text)
{
    strbuf_addc(line, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            strbuf_addc(line, '\\');
        strbuf_addc(line, *text);
    }
    strbuf_addc(line, '"');
}

static void format_line(struct strbuf *line, enum log_level level, const char *text)
{
    /* syslog(3)'s numbers: error, warning, info, debug; the facility is "daemon". */
    static const int priorities[] = { 3, 4, 6, 7 };
    char now[CLOCK_TEXT_MAX];
    switch (log_state.format) {
    case LOG_FORMAT_JSON:
        clock_now_text(now);
        strbuf_addf(line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
        add_json_string(line, text);
        strbuf_addf(line, ",\"time\":\"%s\"}\n", now);
        break;
    case LOG_FORMAT_LOGFMT:
        clock_now_text(now);
        strbuf_addf(line, "time=\"%s\" level=%s msg=", now, level_names[level]);
        add_json_string(line, text);
        strbuf_addc(line, '\n');
        break;
    case LOG_FORMAT_SYSLOG:
        strbuf_addf(line, "<%d>%s: %s", 3 << 3 | priorities[level], log_state.program, text);
        break;
    case LOG_FORMAT_JOURNAL: /* text has no line feed: it is neutralised */
        strbuf_addf(line, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n", priorities[level],
                    log_state.program, text);
        break;
    default: strbuf_addf(line, "%s: %s: %s\n", log_state.program, level_names[level], text);
    }
}

static void write_line(const struct strbuf *line)
{
    for (size_t done = 0; done < line->len;) {
        ssize_t n = write(log_state.fd, line->buf + done, line->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* a log that cannot be written is no reason to fail */
        done += (size_t) n;
    }
}

void log_msg(enum log_level level, const char *fmt, ...)
{
    if (!log_enabled(level))
        return;
    int saved = errno;
    _cleanup_free_ char *raw = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&raw, fmt, ap);
    va_end(ap);
    if (n < 0) {
        raw = NULL;
        return;
    }
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;
    text_neutralise(&text, raw);
    format_line(&line, level, text.buf);
    write_line(&line);
    errno = saved;
}
