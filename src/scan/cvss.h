// SPDX-License-Identifier: Apache-2.0
/*
 * scan/cvss.h: the score of a CVSS vector, by FIRST's specifications of 2.0, 3.0, 3.1 and 4.0.
 *
 * The score is that of the most special group of metrics that the vector has: environmental, else temporal (threat), else
 * base. Strict: an unknown metric or value, a metric twice or one that is missing is -EINVAL. 2.0 and 4.0 want the metrics in the
 * specification's order (2.0 also its groups whole), 3.x in any.
 */
#pragma once

#include "base/util.h"

enum cvss_severity { CVSS_NONE, CVSS_LOW, CVSS_MEDIUM, CVSS_HIGH, CVSS_CRITICAL };

/* *ret: tenths, 0 to 100, so that 9.8 is 98. *ret_version, where it is not NULL: 20, 30, 31 or 40. */
int cvss_score(const char *vector, int *ret, int *ret_version) _warn_unused_;
/* 3.x and 4.0: below 4 low, below 7 medium, below 9 high. 2.0 has no critical (NVD's table). tenths: as cvss_score() has them. */
enum cvss_severity cvss_severity(int version, int tenths);
