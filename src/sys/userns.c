// SPDX-License-Identifier: Apache-2.0
/* How it works: a line is "FIRST OUTSIDE COUNT" in decimal; the kernel takes at most 340 of them. */
#include "sys/userns.h"

#include "base/parse.h"
#include "sys/file.h"

#define MAP_MAX 65536
#define EXTENTS_MAX 340

int userns_extents(const char *map, struct userns_extent *ret, size_t max)
{
    _cleanup_free_ char *text = NULL;
    char path[40], *save = NULL;
    size_t n = 0;
    int r = str_format(path, sizeof(path), "/proc/self/%s", map);
    if (r >= 0)
        r = file_read(AT_FDCWD, path, MAP_MAX, &text, NULL, NULL);
    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &save); line && n < max; line = strtok_r(NULL, "\n", &save)) {
        char *words = NULL, *first = strtok_r(line, " ", &words);
        char *outside = first ? strtok_r(NULL, " ", &words) : NULL;
        char *count = outside ? strtok_r(NULL, " ", &words) : NULL;
        if (count && parse_u32(first, &ret[n].first) == 0 && parse_u32(count, &ret[n].count) == 0)
            n++;
    }
    return (int) n;
}

static uint64_t from_zero(const char *map)
{
    struct userns_extent v[EXTENTS_MAX];
    int n = userns_extents(map, v, EXTENTS_MAX);
    uint64_t end = 0;
    for (bool more = true; more;) { /* in no order */
        more = false;
        for (int i = 0; i < n; i++)
            if (v[i].first <= end && (uint64_t) v[i].first + v[i].count > end) {
                end = (uint64_t) v[i].first + v[i].count;
                more = true;
            }
    }
    return end;
}

uint32_t userns_ids(void)
{
    return (uint32_t) MIN_OF(MIN_OF(from_zero("uid_map"), from_zero("gid_map")), (uint64_t) UINT32_MAX);
}
