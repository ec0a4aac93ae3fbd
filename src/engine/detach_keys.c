// SPDX-License-Identifier: Apache-2.0
/* engine/detach_keys.c: the keys that leave a container. */
#include <errno.h>

#include "engine/attach.h"

/* 0 to 255, or -1. */
static int key_parse(const char *word, size_t n)
{
    static const char others[] = "[\\]^_"; /* 27 to 31 */
    if (n == 1)
        return (unsigned char) word[0];
    if (n == 3 && strncmp(word, "DEL", 3) == 0)
        return 127;
    if (n != 6 || strncmp(word, "ctrl-", 5) != 0)
        return -1;
    char c = word[5];
    const char *other = strchr(others, c);
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 1;
    return c == '@' ? 0 : other != NULL ? 27 + (int) (other - others) : -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct error *err)
{
    struct detach_keys k = { 0 };
    const char *p = text[0] != '\0' ? text : DETACH_KEYS_DEFAULT;
    for (;;) {
        size_t n = strcspn(p, ",");
        int key = key_parse(p, n);
        if (key < 0)
            return error_set(
                err, -EINVAL,
                "\"%.*s\" in \"%s\" is no key; keys are single characters, ctrl-a to ctrl-z, ctrl-@ "
                "ctrl-[ ctrl-\\ ctrl-] ctrl-^ ctrl-_ and DEL, with commas between them",
                (int) n, p, text);
        if (k.n == sizeof(k.v))
            return error_set(err, -EINVAL, "\"%s\" has more than %zu keys", text, sizeof(k.v));
        k.v[k.n++] = (unsigned char) key;
        if (p[n] == '\0')
            break;
        p += n + 1;
    }
    *ret = k;
    return 0;
}

/* How much of the keys the last bytes of keys[0..matched) and then c are the beginning of. */
static size_t longest(const struct detach_keys *k, unsigned char c)
{
    for (size_t len = k->matched + 1; len > 0; len--)
        if (memcmp(k->v, k->v + k->matched + 1 - len, len - 1) == 0 && k->v[len - 1] == c)
            return len;
    return 0;
}

bool detach_keys_filter(struct detach_keys *k, const void *in, size_t n, void *out, size_t *ret_n)
{
    const unsigned char *from = in;
    unsigned char *to = out;
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        size_t now = longest(k, from[i]), held = k->matched + 1 - now;
        /* What is no part of it any more: the first of the bytes that were kept back, and then this one. */
        for (size_t j = 0; j < held; j++)
            to[(*ret_n)++] = j < k->matched ? k->v[j] : from[i];
        k->matched = now;
        if (now == k->n)
            return true;
    }
    return false;
}
