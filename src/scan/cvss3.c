// SPDX-License-Identifier: Apache-2.0
/*
 * CVSS 3.0 and 3.1: first.org/cvss/v3.0/specification-document and v3.1, section 7 (equations). They differ in how they round up (3.1,
 * appendix A: to five decimals first) and in the modified impact with a changed scope.
 */
#include <errno.h>
#include <math.h>

#include "scan/cvss_internal.h"

enum { AV, AC, PR, UI, S, C, I, A, E, RL, RC, CR, IR, AR, MAV, MAC, MPR, MUI, MS, MC, MI, MA, METRICS };

// clang-format off
static const struct cvss_metric metrics[METRICS] = {
    [AV] = { "AV", "N A L P", "850 620 550 200", false },
    [AC] = { "AC", "L H", "770 440", false },
    [PR] = { "PR", "N L H", "850 620 270", false },
    [UI] = { "UI", "N R", "850 620", false },
    [S] = { "S", "U C", NULL, false },
    [C] = { "C", "H L N", "560 220 0", false },
    [I] = { "I", "H L N", "560 220 0", false },
    [A] = { "A", "H L N", "560 220 0", false },
    [E] = { "E", "H F P U X", "1000 970 940 910 1000", true },
    [RL] = { "RL", "U W T O X", "1000 970 960 950 1000", true },
    [RC] = { "RC", "C R U X", "1000 960 920 1000", true },
    [CR] = { "CR", "H M L X", "1500 1000 500 1000", true },
    [IR] = { "IR", "H M L X", "1500 1000 500 1000", true },
    [AR] = { "AR", "H M L X", "1500 1000 500 1000", true },
    [MAV] = { "MAV", "N A L P X", "850 620 550 200 0", true },
    [MAC] = { "MAC", "L H X", "770 440 0", true },
    [MPR] = { "MPR", "N L H X", "850 620 270 0", true },
    [MUI] = { "MUI", "N R X", "850 620 0", true },
    [MS] = { "MS", "U C X", NULL, true },
    [MC] = { "MC", "H L N X", "560 220 0 0", true },
    [MI] = { "MI", "H L N X", "560 220 0 0", true },
    [MA] = { "MA", "H L N X", "560 220 0 0", true },
};
// clang-format on

#define SCOPE_CHANGED 1

static double round_up(double x, bool v31)
{
    if (!v31) /* 5.0 * 0.92 is 4.6: what lies behind the ninth decimal is the arithmetic's */
        return ceil(x * 10 - 1e-9) / 10;
    long n = lround(x * 100000);
    long tenths = (n + 9999) / 10000;
    return (double) tenths / 10;
}

/* The modified metric where it is given, else the base metric. */
static size_t effective(const struct cvss_values *v, size_t base, size_t modified, bool environmental)
{
    return environmental && v->given[modified] ? modified : base;
}

static double weight(const struct cvss_values *v, size_t i)
{
    return cvss_weight(metrics, v, i);
}

static double privileges(const struct cvss_values *v, size_t pr, bool changed)
{
    static const double when_changed[] = { 0.85, 0.68, 0.5 };
    return changed ? when_changed[v->value[pr]] : weight(v, pr);
}

static double exploitability(const struct cvss_values *v, bool env, bool changed)
{
    return 8.22 * weight(v, effective(v, AV, MAV, env)) * weight(v, effective(v, AC, MAC, env)) *
           privileges(v, effective(v, PR, MPR, env), changed) * weight(v, effective(v, UI, MUI, env));
}

static double impact(const struct cvss_values *v, bool env, bool changed, bool v31)
{
    double left = 1;
    for (size_t i = 0; i < 3; i++)
        left *= 1 - weight(v, effective(v, C + i, MC + i, env)) * (env ? weight(v, CR + i) : 1);
    double iss = env ? fmin(1 - left, 0.915) : 1 - left;
    if (!changed)
        return 6.42 * iss;
    bool new_form = env && v31;
    return 7.52 * (iss - 0.029) - 3.25 * pow(new_form ? iss * 0.9731 - 0.02 : iss - 0.02, new_form ? 13 : 15);
}

static double score(const struct cvss_values *v, bool env, bool v31)
{
    bool changed = v->value[effective(v, S, MS, env)] == SCOPE_CHANGED;
    double i = impact(v, env, changed, v31);
    return i <= 0 ? 0 : round_up(fmin((changed ? 1.08 : 1) * (i + exploitability(v, env, changed)), 10), v31);
}

int cvss3_score(const char *rest, bool v31, int *ret)
{
    struct cvss_values v;
    if (cvss_parse(rest, metrics, METRICS, false, &v) < 0)
        return -EINVAL;
    bool env = false;
    for (size_t i = CR; i < METRICS; i++)
        env = env || v.given[i];
    double s = round_up(score(&v, env, v31) * weight(&v, E) * weight(&v, RL) * weight(&v, RC), v31);
    *ret = (int) lround(s * 10);
    return 0;
}
