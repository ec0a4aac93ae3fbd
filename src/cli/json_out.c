// SPDX-License-Identifier: Apache-2.0
/* cli/json_out.c: outside of strings a document is ASCII, so whatever is replaced here is within one. */
#include "cli/json_out.h"

#include "oci/bigint.h"

void json_out(struct strbuf *out, const json_t *j, int indent)
{
    _cleanup_free_ char *text = oci_json_text(j, indent);
    const char *from = text;
    for (const char *p = text; *p != '\0'; p++) {
        bool c1 = (unsigned char) p[0] == 0xc2 && (unsigned char) p[1] >= 0x80 &&
                  (unsigned char) p[1] <= 0x9f;
        if (!c1 && p[0] != 0x7f)
            continue;
        strbuf_add(out, from, (size_t) (p - from));
        strbuf_addf(out, "\\u%04x", (unsigned) (unsigned char) (c1 ? p[1] : p[0]));
        p += c1;
        from = p + 1;
    }
    strbuf_adds(out, from);
    strbuf_addc(out, '\n');
}
