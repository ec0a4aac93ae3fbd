// SPDX-License-Identifier: Apache-2.0
/*
 * base/strbuf.h: a growing byte string. buf is always NUL-terminated after the first append (len does not count the NUL),
 * and "" before it. Zero-initialise with STRBUF_INIT.
 */
#pragma once

#include "base/util.h"

struct strbuf {
    char *buf;
    size_t len, cap;
};

extern char strbuf_empty[1];
#define STRBUF_INIT         \
    {                       \
        .buf = strbuf_empty \
    }

void strbuf_free(struct strbuf *sb);
void strbuf_reset(struct strbuf *sb); /* length 0, memory kept */
void strbuf_add(struct strbuf *sb, const void *data, size_t n);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) _printf_(2, 3);
/* The string, owned by the caller (free()); the buffer is empty afterwards. */
char *strbuf_steal(struct strbuf *sb) __attribute__((returns_nonnull));

#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_free)))
