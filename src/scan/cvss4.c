// SPDX-License-Identifier: Apache-2.0
/*
 * CVSS 4.0: first.org/cvss/v4.0/specification-document, section 8.
 *
 * Six equivalence sets (EQ1 to EQ6; 3 and 6 are looked at together) sort a vector into one of 270 MacroVectors, whose scores were
 * set by experts: the table below, as FIRST publishes it. Within a MacroVector the score falls with the distance from the worst
 * vector in it: for each set, the share of its depth that lies between is taken from the gap to the next lower MacroVector, and
 * the mean of these is subtracted.
 */
#include <errno.h>
#include <math.h>

#include "scan/cvss_internal.h"

enum {
    AV,
    AC,
    AT,
    PR,
    UI,
    VC,
    VI,
    VA,
    SC,
    SI,
    SA,
    E,
    CR,
    IR,
    AR,
    MAV,
    MAC,
    MAT,
    MPR,
    MUI,
    MVC,
    MVI,
    MVA,
    MSC,
    MSI,
    MSA,
    S,
    AU,
    R,
    V,
    RE,
    U,
    METRICS
};

/* Values from the worst on: an index is then the distance from the worst, in tenths. For those whose list begins one lower, see level(). */
// clang-format off
static const struct cvss_metric metrics[METRICS] = {
    [AV] = { "AV", "N A L P", NULL, false },   [AC] = { "AC", "L H", NULL, false },     [AT] = { "AT", "N P", NULL, false },
    [PR] = { "PR", "N L H", NULL, false },     [UI] = { "UI", "N P A", NULL, false },   [VC] = { "VC", "H L N", NULL, false },
    [VI] = { "VI", "H L N", NULL, false },     [VA] = { "VA", "H L N", NULL, false },   [SC] = { "SC", "H L N", NULL, false },
    [SI] = { "SI", "H L N", NULL, false },     [SA] = { "SA", "H L N", NULL, false },   [E] = { "E", "A P U X", NULL, true },
    [CR] = { "CR", "H M L X", NULL, true },    [IR] = { "IR", "H M L X", NULL, true },  [AR] = { "AR", "H M L X", NULL, true },
    [MAV] = { "MAV", "N A L P X", NULL, true }, [MAC] = { "MAC", "L H X", NULL, true }, [MAT] = { "MAT", "N P X", NULL, true },
    [MPR] = { "MPR", "N L H X", NULL, true },  [MUI] = { "MUI", "N P A X", NULL, true }, [MVC] = { "MVC", "H L N X", NULL, true },
    [MVI] = { "MVI", "H L N X", NULL, true },  [MVA] = { "MVA", "H L N X", NULL, true }, [MSC] = { "MSC", "H L N X", NULL, true },
    [MSI] = { "MSI", "S H L N X", NULL, true }, [MSA] = { "MSA", "S H L N X", NULL, true }, [S] = { "S", "N P X", NULL, true },
    [AU] = { "AU", "N Y X", NULL, true },      [R] = { "R", "A U I X", NULL, true },    [V] = { "V", "D C X", NULL, true },
    [RE] = { "RE", "L M H X", NULL, true },    [U] = { "U", "Clear Green Amber Red X", NULL, true },
};

/* Tenths, by EQ1 and EQ2, then EQ3 with EQ6 (00, 01, 10, 11, 21: 20 does not exist), EQ4, EQ5. */
static const uint8_t score_of[6][5][3][3] = {
    { /* EQ1 0, EQ2 0 */
      { { 100, 98, 95 }, { 100, 93, 91 }, { 93, 89, 81 } },
      { { 99, 95, 92 }, { 96, 87, 81 }, { 90, 80, 68 } },
      { { 98, 95, 90 }, { 93, 89, 81 }, { 88, 78, 69 } },
      { { 95, 92, 84 }, { 92, 81, 65 }, { 80, 70, 48 } },
      { { 92, 82, 72 }, { 79, 69, 50 }, { 69, 55, 27 } },
    },
    { /* EQ1 0, EQ2 1 */
      { { 99, 95, 92 }, { 95, 90, 84 }, { 92, 82, 72 } },
      { { 97, 92, 85 }, { 91, 83, 71 }, { 81, 71, 53 } },
      { { 95, 92, 85 }, { 92, 80, 70 }, { 84, 71, 50 } },
      { { 93, 85, 73 }, { 82, 72, 59 }, { 70, 52, 30 } },
      { { 86, 75, 52 }, { 71, 52, 29 }, { 63, 29, 17 } },
    },
    { /* EQ1 1, EQ2 0 */
      { { 98, 94, 91 }, { 94, 86, 77 }, { 87, 74, 63 } },
      { { 95, 87, 81 }, { 89, 74, 64 }, { 75, 63, 49 } },
      { { 94, 88, 76 }, { 86, 74, 59 }, { 72, 57, 52 } },
      { { 89, 77, 67 }, { 76, 58, 50 }, { 57, 52, 25 } },
      { { 83, 70, 54 }, { 65, 58, 26 }, { 53, 21, 13 } },
    },
    { /* EQ1 1, EQ2 1 */
      { { 95, 88, 76 }, { 90, 75, 61 }, { 77, 68, 52 } },
      { { 90, 76, 70 }, { 77, 62, 53 }, { 66, 59, 30 } },
      { { 89, 76, 62 }, { 74, 57, 47 }, { 61, 57, 24 } },
      { { 78, 67, 58 }, { 59, 57, 23 }, { 52, 29, 16 } },
      { { 71, 59, 30 }, { 58, 26, 15 }, { 23, 13, 6 } },
    },
    { /* EQ1 2, EQ2 0 */
      { { 93, 86, 75 }, { 86, 74, 56 }, { 70, 52, 40 } },
      { { 87, 72, 58 }, { 74, 61, 34 }, { 54, 40, 22 } },
      { { 85, 74, 62 }, { 72, 55, 46 }, { 53, 34, 19 } },
      { { 75, 55, 51 }, { 57, 41, 19 }, { 36, 19, 8 } },
      { { 64, 51, 20 }, { 47, 21, 11 }, { 24, 9, 4 } },
    },
    { /* EQ1 2, EQ2 1 */
      { { 88, 73, 60 }, { 73, 59, 41 }, { 54, 45, 20 } },
      { { 75, 53, 50 }, { 55, 40, 20 }, { 43, 22, 11 } },
      { { 75, 58, 40 }, { 61, 48, 20 }, { 46, 17, 8 } },
      { { 55, 45, 21 }, { 51, 18, 9 }, { 18, 7, 2 } },
      { { 53, 24, 14 }, { 24, 12, 5 }, { 10, 3, 1 } },
    },
};
// clang-format on

/* The worst vectors of a set's level: the levels of its metrics, in the order of parts[]. */
struct worst {
    int8_t level[6];
};
struct set {
    int metrics[6], n_metrics, n_levels;
    int depth[5]; /* per level: how far the least bad vector is from the worst, in tenths */
    struct worst worst[5][5];
    int n_worst[5];
};

// clang-format off
enum { SET1, SET2, SET36, SET4, SET5, SETS };
static const struct set sets[SETS] = {
    [SET1] = { { AV, PR, UI }, 3, 3, { 1, 4, 5 },
        { { { { 0, 0, 0 } } }, { { { 1, 0, 0 } }, { { 0, 1, 0 } }, { { 0, 0, 1 } } }, { { { 3, 0, 0 } }, { { 1, 1, 1 } } } }, { 1, 3, 2 } },
    [SET2] = { { AC, AT }, 2, 2, { 1, 2 },
        { { { { 0, 0 } } }, { { { 1, 0 } }, { { 0, 1 } } } }, { 1, 2 } },
    [SET36] = { { VC, VI, VA, CR, IR, AR }, 6, 5, { 7, 6, 8, 8, 10 },
        { { { { 0, 0, 0, 0, 0, 0 } } },
          { { { 0, 0, 1, 1, 1, 0 } }, { { 0, 0, 0, 1, 1, 1 } } },
          { { { 1, 0, 0, 0, 0, 0 } }, { { 0, 1, 0, 0, 0, 0 } } },
          { { { 1, 0, 1, 0, 1, 0 } }, { { 1, 0, 0, 0, 1, 1 } }, { { 0, 1, 0, 1, 0, 1 } }, { { 0, 1, 1, 1, 0, 0 } }, { { 1, 1, 0, 0, 0, 1 } } },
          { { { 1, 1, 1, 0, 0, 0 } } } }, { 1, 2, 2, 5, 1 } },
    [SET4] = { { SC, SI, SA }, 3, 3, { 6, 5, 4 },
        { { { { 1, 0, 0 } } }, { { { 1, 1, 1 } } }, { { { 2, 2, 2 } } } }, { 1, 1, 1 } },
    [SET5] = { { E }, 1, 3, { 1, 1, 1 },
        { { { { 0 } } }, { { { 1 } } }, { { { 2 } } } }, { 1, 1, 1 } },
};
// clang-format on

/* The distance of a metric's value from its worst, the modified one where it is given. */
static int level(const struct cvss_values *v, int metric)
{
    if (metric == E || (metric >= CR && metric <= AR))
        return v->given[metric] ? v->value[metric] : 0;
    int modified = metric + (MAV - AV);
    if (metric == SI || metric == SA) /* only the modified ones know "safety", which is worse than high */
        return v->given[modified] ? v->value[modified] : v->value[metric] + 1;
    int value = v->given[modified] ? v->value[modified] : v->value[metric];
    return metric == SC ? value + 1 : value;
}

static void macro_vector(const struct cvss_values *v, int eq[SETS])
{
    int av = level(v, AV), pr = level(v, PR), ui = level(v, UI);
    int vc = level(v, VC), vi = level(v, VI), va = level(v, VA);
    int si = level(v, SI), sa = level(v, SA);
    bool high = (level(v, CR) == 0 && vc == 0) || (level(v, IR) == 0 && vi == 0) ||
                (level(v, AR) == 0 && va == 0);
    int eq3 = vc == 0 && vi == 0 ? 0 : vc == 0 || vi == 0 || va == 0 ? 1 : 2;

    eq[SET1] = av == 0 && pr == 0 && ui == 0 ? 0 : av != 3 && (av == 0 || pr == 0 || ui == 0) ? 1 : 2;
    eq[SET2] = level(v, AC) == 0 && level(v, AT) == 0 ? 0 : 1;
    eq[SET36] = eq3 == 2 ? 4 : eq3 * 2 + (high ? 0 : 1);
    eq[SET4] = si == 0 || sa == 0 ? 0 : level(v, SC) == 1 || si == 1 || sa == 1 ? 1 : 2;
    eq[SET5] = level(v, E);
}

static int look_up(const int eq[SETS])
{
    return score_of[eq[SET1] * 2 + eq[SET2]][eq[SET36]][eq[SET4]][eq[SET5]];
}

/* The score of the MacroVector one lower in a set, or -1 where there is none. */
static int next_lower(const int eq[SETS], int set)
{
    int lower[SETS];
    memcpy(lower, eq, sizeof(lower));
    if (set == SET36) {
        static const int below[] = { 1, 3, 3, 4, -1 }; /* 00 has two, of which the higher score counts */
        if (below[eq[set]] < 0)
            return -1;
        lower[set] = below[eq[set]];
        int score = look_up(lower);
        lower[set] = eq[set] == 0 ? 2 : lower[set];
        return MAX_OF(score, look_up(lower));
    }
    if (++lower[set] >= sets[set].n_levels)
        return -1;
    return look_up(lower);
}

/* From the first worst vector of the level that is nowhere less bad than the vector itself. */
static int distance(const struct cvss_values *v, const struct set *s, int eq)
{
    for (int w = 0; w < s->n_worst[eq]; w++) {
        int sum = 0;
        bool fits = true;
        for (int i = 0; i < s->n_metrics; i++) {
            int d = level(v, s->metrics[i]) - s->worst[eq][w].level[i];
            fits = fits && d >= 0;
            sum += d;
        }
        if (fits)
            return sum;
    }
    return 0;
}

int cvss4_score(const char *rest, int *ret)
{
    struct cvss_values v;
    int eq[SETS], lower = 0;
    if (cvss_parse(rest, metrics, METRICS, true, &v) < 0)
        return -EINVAL;
    bool harmless = level(&v, SC) == 3 && level(&v, SI) == 3 && level(&v, SA) == 3;
    for (int i = VC; i <= VA; i++)
        harmless = harmless && level(&v, i) == 2;
    if (harmless) {
        *ret = 0;
        return 0;
    }
    macro_vector(&v, eq);
    int score = look_up(eq);
    double down = 0;
    for (int set = 0; set < SETS; set++) {
        int next = next_lower(eq, set);
        if (next < 0)
            continue;
        lower++;
        if (set != SET5) /* of one metric: no vector lies between */
            down += (score - next) * (double) distance(&v, &sets[set], eq[set]) / sets[set].depth[eq[set]];
    }
    double exact = score - (lower > 0 ? down / lower : 0);
    *ret = (int) floor(fmin(100, fmax(0, exact)) + 0.5 + 1e-5);
    return 0;
}
