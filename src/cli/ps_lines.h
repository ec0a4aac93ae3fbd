// SPDX-License-Identifier: Apache-2.0
/* cli/ps_lines.h: processes of a container as ps(1) of the host shows them. */
#pragma once

#include "base/error.h"
#include "base/strbuf.h"

/* words: what ps is given, NULL at the end; among its columns must be PID. What the container chose is neutralised. */
int ps_lines(const pid_t *pids, size_t n, char **words, struct strbuf *out, struct error *err);
