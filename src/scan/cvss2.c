// SPDX-License-Identifier: Apache-2.0
/* CVSS 2.0: first.org/cvss/v2/guide, section 3.2 (equations). Each group of metrics is there as a whole or not at all. */
#include <errno.h>
#include <math.h>

#include "scan/cvss_internal.h"

enum { AV, AC, AU, C, I, A, E, RL, RC, CDP, TD, CR, IR, AR, METRICS };

// clang-format off
static const struct cvss_metric metrics[METRICS] = {
    [AV] = { "AV", "L A N", "395 646 1000", false },
    [AC] = { "AC", "H M L", "350 610 710", false },
    [AU] = { "Au", "M S N", "450 560 704", false },
    [C] = { "C", "N P C", "0 275 660", false },
    [I] = { "I", "N P C", "0 275 660", false },
    [A] = { "A", "N P C", "0 275 660", false },
    [E] = { "E", "U POC F H ND", "850 900 950 1000 1000", true },
    [RL] = { "RL", "OF TF W U ND", "870 900 950 1000 1000", true },
    [RC] = { "RC", "UC UR C ND", "900 950 1000 1000", true },
    [CDP] = { "CDP", "N L LM MH H ND", "0 100 300 400 500 0", true },
    [TD] = { "TD", "N L M H ND", "0 250 750 1000 1000", true },
    [CR] = { "CR", "L M H ND", "500 1000 1510 1000", true },
    [IR] = { "IR", "L M H ND", "500 1000 1510 1000", true },
    [AR] = { "AR", "L M H ND", "500 1000 1510 1000", true },
};
// clang-format on

static double weight(const struct cvss_values *v, size_t i)
{
    return cvss_weight(metrics, v, i);
}

static double round1(double x)
{
    return round(x * 10) / 10;
}

/* Are those from first to last all named, or none? */
static bool whole(const struct cvss_values *v, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++)
        if (v->named[i] != v->named[last])
            return false;
    return true;
}

static double base_score(const struct cvss_values *v, double impact)
{
    double exploitability = 20 * weight(v, AV) * weight(v, AC) * weight(v, AU);
    return round1((0.6 * impact + 0.4 * exploitability - 1.5) * (impact == 0 ? 0 : 1.176));
}

static double temporal_score(const struct cvss_values *v, double base)
{
    return v->named[E] ? round1(base * weight(v, E) * weight(v, RL) * weight(v, RC)) : base;
}

int cvss2_score(const char *rest, int *ret)
{
    struct cvss_values v;
    if (cvss_parse(rest, metrics, METRICS, true, &v) < 0 || !whole(&v, E, RC) || !whole(&v, CDP, AR))
        return -EINVAL;
    double c = weight(&v, C), i = weight(&v, I), a = weight(&v, A);
    double score = temporal_score(&v, base_score(&v, 10.41 * (1 - (1 - c) * (1 - i) * (1 - a))));
    if (v.named[CDP]) {
        double left = (1 - c * weight(&v, CR)) * (1 - i * weight(&v, IR)) * (1 - a * weight(&v, AR));
        double adjusted = temporal_score(&v, base_score(&v, fmin(10, 10.41 * (1 - left))));
        score = round1((adjusted + (10 - adjusted) * weight(&v, CDP)) * weight(&v, TD));
    }
    *ret = (int) lround(fmin(10, fmax(0, score)) * 10);
    return 0;
}
