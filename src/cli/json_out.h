// SPDX-License-Identifier: Apache-2.0
/* cli/json_out.h: JSON for a terminal that is not to be driven by it. */
#pragma once

#include "base/json.h"

/*
 * Appends the document and a newline. JSON escapes the control characters below 0x20 itself; DEL and the C1 controls
 * (U+0080 to U+009F), which some terminals obey, are written as \u00XX here.
 */
void json_out(struct strbuf *out, const json_t *j, int indent);
