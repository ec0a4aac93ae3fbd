// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one pass, a number or a range at a time. Threat: a list that is read in part pins a process to other CPUs than
 * somebody wrote down, so anything that is not a list is an error.
 */
#include "confine/range_list.h"

#include <errno.h>

/* The digits at *s; -ERANGE beyond max. */
static int read_number(const char **s, size_t max, size_t *ret)
{
    size_t n = 0;
    *s += strspn(*s, " ");
    if (**s < '0' || **s > '9')
        return -EINVAL;
    for (; **s >= '0' && **s <= '9'; (*s)++) {
        n = n * 10 + (size_t) (**s - '0');
        if (n > max)
            return -ERANGE;
    }
    *s += strspn(*s, " ");
    *ret = n;
    return 0;
}

int range_list_parse(const char *text, unsigned long *bits, size_t n_bits)
{
    memset(bits, 0, n_bits / 8);
    for (;;) {
        size_t first, last;
        int r = read_number(&text, n_bits - 1, &first);
        if (r < 0)
            return r;
        last = first;
        if (*text == '-') {
            text++;
            r = read_number(&text, n_bits - 1, &last);
            if (r < 0)
                return r;
        }
        if (last < first)
            return -EINVAL;
        for (size_t i = first; i <= last; i++)
            bits[i / RANGE_LIST_BITS] |= 1UL << (i % RANGE_LIST_BITS);
        if (*text == '\0')
            return 0;
        if (*text++ != ',')
            return -EINVAL;
    }
}
