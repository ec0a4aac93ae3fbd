// SPDX-License-Identifier: Apache-2.0
/* Versions, three lines: in each scheme an order is one (a < b as b > a, a < b < c gives a < c). The first line is a CVSS vector too. */
#include "fuzz.h"

#include "base/util.h"
#include "scan/cvss.h"
#include "scan/version.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    return 0;
}

static void order(enum version_scheme scheme, const char *const v[3])
{
    int ab, bc, ac, back;
    for (int i = 0; i < 3; i++)
        if (!version_valid(scheme, v[i]))
            return;
    for (int i = 0; i < 3; i++)
        MUST(version_compare(scheme, v[i], v[i], &ab) == 0 && ab == 0);
    MUST(version_compare(scheme, v[0], v[1], &ab) == 0 && version_compare(scheme, v[1], v[0], &back) == 0 &&
         ab == -back);
    MUST(version_compare(scheme, v[1], v[2], &bc) == 0 && version_compare(scheme, v[0], v[2], &ac) == 0);
    MUST(ab >= -1 && ab <= 1);
    /* PHP's and Maven's own rules go in circles where a word of one stands against a number that the other lacks. */
    if (scheme == VERSION_PACKAGIST || scheme == VERSION_MAVEN)
        return;
    if (ab == bc)
        MUST(ac == ab);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = xstrndup((const char *) data, size);
    const char *v[3] = { "1", "1", "1" };
    char *rest = text, *line;
    for (int i = 0; i < 3 && (line = strsep(&rest, "\n")) != NULL; i++)
        v[i] = line;
    for (int s = 0; s < VERSION_SCHEMES; s++)
        order((enum version_scheme) s, v);
    int tenths;
    if (cvss_score(v[0], &tenths, NULL) == 0)
        MUST(tenths >= 0 && tenths <= 100);
    return 0;
}
