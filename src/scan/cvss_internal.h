// SPDX-License-Identifier: Apache-2.0
/* scan/cvss_internal.h: a vector taken apart. What is weighed how is in cvss2.c, cvss3.c and cvss4.c. */
#pragma once

#include "scan/cvss.h"

#define CVSS_METRICS_MAX 32

/* A metric of a version's list, in the specification's order. */
struct cvss_metric {
    const char *name;
    const char *
        values; /* "N A L P": the index in it is the value; the last of an optional metric is "not defined" */
    const char *weights; /* per value, in thousandths: "850 620 550 200"; NULL: none */
    bool optional;
};

struct cvss_values {
    int value[CVSS_METRICS_MAX];  /* index into its metric's values */
    bool given[CVSS_METRICS_MAX]; /* stands in the vector, and is not "not defined" */
    bool named[CVSS_METRICS_MAX]; /* stands in the vector */
};

/* rest: the vector behind its prefix. ordered: the metrics must come in the list's order. */
int cvss_parse(const char *rest, const struct cvss_metric *metrics, size_t n, bool ordered,
               struct cvss_values *ret);
/* The weight of the value that metric i has. */
double cvss_weight(const struct cvss_metric *metrics, const struct cvss_values *v, size_t i);

int cvss2_score(const char *rest, int *ret);
int cvss3_score(const char *rest, bool v31, int *ret);
int cvss4_score(const char *rest, int *ret);
