// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: lines "NAME-OR-UID:FIRST:COUNT". The name comes from /etc/passwd; users who are not in it (LDAP) from $USER: a wrong
 * one gives a map that newuidmap refuses.
 */
#include "confine/subids.h"

#include "base/parse.h"
#include "sys/file.h"

#define FILE_MAX (1024 * 1024)
#define RANGES_MAX 32

/* Splits line at colons; how many parts there were. */
static size_t split(char *line, char **parts, size_t max)
{
    size_t n = 0;
    char *next = line;
    while (next && n < max) {
        parts[n++] = next;
        next = strchr(next, ':');
        if (next)
            *next++ = '\0';
    }
    return n;
}

static const char *own_name(struct arena *a, uint32_t uid)
{
    _cleanup_free_ char *text = NULL;
    char *save = NULL;
    if (file_read(AT_FDCWD, "/etc/passwd", FILE_MAX, &text, NULL, NULL) < 0)
        return getenv("USER");
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *parts[4];
        uint32_t id;
        if (split(line, parts, 4) == 4 && parse_u32(parts[2], &id) == 0 && id == uid)
            return arena_strdup(a, parts[0]);
    }
    return getenv("USER");
}

static void read_one(const char *file, const char *name, uint32_t uid, struct arena *a,
                     struct subid_list *ret)
{
    _cleanup_free_ char *text = NULL;
    char *save = NULL;
    ret->v = arena_array(a, RANGES_MAX, sizeof(*ret->v));
    if (file_read(AT_FDCWD, file, FILE_MAX, &text, NULL, NULL) < 0)
        return;
    for (char *line = strtok_r(text, "\n", &save); line && ret->n < RANGES_MAX;
         line = strtok_r(NULL, "\n", &save)) {
        char *parts[4];
        uint32_t id, first, count;
        if (split(line, parts, 4) != 3 || parse_u32(parts[1], &first) < 0 ||
            parse_u32(parts[2], &count) < 0 || count == 0)
            continue;
        if ((name && str_eq(parts[0], name)) || (parse_u32(parts[0], &id) == 0 && id == uid)) {
            ret->v[ret->n].first = first;
            ret->v[ret->n++].count = count;
        }
    }
}

void subids_read(struct arena *a, struct subids *ret)
{
    uint32_t uid = geteuid();
    const char *name = own_name(a, uid);
    *ret = (struct subids){ 0 };
    read_one("/etc/subuid", name, uid, a, &ret->uids);
    read_one("/etc/subgid", name, uid, a, &ret->gids);
}
