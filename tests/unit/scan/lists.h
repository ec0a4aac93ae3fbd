// SPDX-License-Identifier: Apache-2.0
/* lists.h: files of test data, line by line. */
#pragma once

#include <fcntl.h>
#include <stdio.h>

#include "base/util.h"

/* NULL, with the reason on standard error, when the file is not there. */
static inline FILE *list_open(const char *name)
{
    char path[4096];
    if (str_format(path, sizeof(path), "%s/%s", SCAN_TEST_DATA, name) < 0)
        return NULL;
    FILE *f = fopen(path, "re");
    if (f == NULL)
        fprintf(stderr, "skipped: there is no %s: %m\n", path);
    return f;
}

/* The next line that is neither empty nor a comment, without its end; NULL at the end. */
static inline char *list_line(FILE *f, char *buf, size_t size)
{
    while (fgets(buf, (int) size, f) != NULL) {
        buf[strcspn(buf, "\n")] = '\0';
        if (buf[0] != '\0' && buf[0] != '#' && strncmp(buf, "//", 2) != 0)
            return buf;
    }
    return NULL;
}
