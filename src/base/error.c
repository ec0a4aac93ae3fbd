// SPDX-License-Identifier: Apache-2.0
/* The message is built in place in the flat buffer; what does not fit is cut, visibly, never in the middle of the buffer's end. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/libc.h"

static int as_code(int code)
{
    return code < 0 ? code : -EIO;
}

/* Marks a message of would-be length n (from vsnprintf) that was cut, at a character boundary of UTF-8. */
static void mark_cut(struct error *err, size_t n)
{
    if (n < sizeof(err->msg))
        return;
    size_t end = sizeof(err->msg) - sizeof("...");
    while (end > 0 && ((unsigned char) err->msg[end] & 0xc0) == 0x80)
        end--;
    memcpy(err->msg + end, "...", sizeof("..."));
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
    code = as_code(code);
    if (err == NULL)
        return code;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    mark_cut(err, n < 0 ? 0 : (size_t) n);
    err->code = code;
    return code;
}

int error_errno(struct error *err, int code, const char *fmt, ...)
{
    code = as_code(code);
    if (err == NULL)
        return code;
    char msg[sizeof(err->msg)];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    const char *why = strerrordesc_np(-code);
    /* The reason is worth more than the tail of a long name. */
    const int room = sizeof(msg) - 128;
    if (n > room)
        memcpy(msg + room, "...", sizeof("..."));
    if (why != NULL)
        return error_set(err, code, "%s: %s", n < 0 ? "?" : msg, why);
    return error_set(err, code, "%s: error %d", n < 0 ? "?" : msg, -code);
}

int error_context(struct error *err, int code, const char *fmt, ...)
{
    if (err == NULL)
        return as_code(code);
    char context[sizeof(err->msg)];
    struct error old = *err;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    return error_set(err, old.code != 0 ? old.code : code, "%s%s%s", n < 0 ? "?" : context,
                     old.msg[0] == '\0' ? "" : ": ", old.msg);
}

void error_clear(struct error *err)
{
    if (err == NULL)
        return;
    err->code = 0;
    err->msg[0] = '\0';
}
