// SPDX-License-Identifier: Apache-2.0
/* Which version a vector is of, and taking it apart into indexes by a version's table of metrics. */
#include "scan/cvss.h"

#include <errno.h>

#include "scan/cvss_internal.h"

/* The index of the word s[0..n) in a list of words with one blank between them, or -1. */
static int word_index(const char *list, const char *s, size_t n)
{
    int i = 0;
    for (const char *p = list;; i++) {
        size_t len = strcspn(p, " ");
        if (len == n && memcmp(p, s, n) == 0)
            return i;
        if (p[len] == '\0')
            return -1;
        p += len + 1;
    }
}

static int word_count(const char *list)
{
    int n = 1;
    for (; *list != '\0'; list++)
        n += *list == ' ';
    return n;
}

static int find_metric(const struct cvss_metric *metrics, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(metrics[i].name) == len && memcmp(metrics[i].name, name, len) == 0)
            return (int) i;
    return -1;
}

int cvss_parse(const char *rest, const struct cvss_metric *metrics, size_t n, bool ordered,
               struct cvss_values *ret)
{
    int last = -1;
    *ret = (struct cvss_values){ 0 };
    for (size_t i = 0; i < n; i++)
        if (metrics[i].optional)
            ret->value[i] = word_count(metrics[i].values) - 1;
    for (const char *p = rest;;) {
        size_t len = strcspn(p, "/"), name = strcspn(p, ":/");
        if (name >= len)
            return -EINVAL;
        int i = find_metric(metrics, n, p, name);
        if (i < 0 || ret->named[i] || (ordered && i < last))
            return -EINVAL;
        int value = word_index(metrics[i].values, p + name + 1, len - name - 1);
        if (value < 0)
            return -EINVAL;
        last = i;
        ret->named[i] = true;
        ret->value[i] = value;
        ret->given[i] = !metrics[i].optional || value != word_count(metrics[i].values) - 1;
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    for (size_t i = 0; i < n; i++)
        if (!metrics[i].optional && !ret->named[i])
            return -EINVAL;
    return 0;
}

double cvss_weight(const struct cvss_metric *metrics, const struct cvss_values *v, size_t i)
{
    const char *p = metrics[i].weights;
    for (int skip = v->value[i]; skip > 0; skip--)
        p += strcspn(p, " ") + 1;
    double thousandths = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        thousandths = thousandths * 10 + (*p - '0');
    return thousandths / 1000;
}

int cvss_score(const char *vector, int *ret, int *ret_version)
{
    const char *rest;
    int r, version;
    if ((rest = str_after(vector, "CVSS:3.1/")) != NULL) {
        version = 31;
        r = cvss3_score(rest, true, ret);
    } else if ((rest = str_after(vector, "CVSS:3.0/")) != NULL) {
        version = 30;
        r = cvss3_score(rest, false, ret);
    } else if ((rest = str_after(vector, "CVSS:4.0/")) != NULL) {
        version = 40;
        r = cvss4_score(rest, ret);
    } else {
        version = 20;
        r = cvss2_score(vector, ret);
    }
    if (r == 0 && ret_version != NULL)
        *ret_version = version;
    return r;
}

enum cvss_severity cvss_severity(int version, int tenths)
{
    if (tenths <= 0)
        return CVSS_NONE;
    if (tenths < 40)
        return CVSS_LOW;
    if (tenths < 70)
        return CVSS_MEDIUM;
    return tenths < 90 || version == 20 ? CVSS_HIGH : CVSS_CRITICAL;
}
