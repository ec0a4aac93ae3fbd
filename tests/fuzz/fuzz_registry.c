// SPDX-License-Identifier: Apache-2.0
/*
 * What a registry or a configuration file says: the first byte chooses the reader. What is accepted must hold what its header
 * promises.
 */
#include "fuzz.h"

#include "image/credentials.h"
#include "image/registry_hosts.h"
#include "image/registry_parse.h"
#include "oci/platform.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    return 0;
}

static void header(const char *text, struct arena *a)
{
    struct auth_challenge c;
    int64_t from, to, total;
    if (auth_challenge_parse(text, a, &c) == 0)
        MUST(c.scheme != AUTH_BEARER || c.realm != NULL);
    link_next(text, a);
    if (content_range_parse(text, &from, &to, &total) == 0)
        MUST(from >= 0 && to >= from && (total < 0 || total > to));
    if (upload_range_parse(text, &to) == 0)
        MUST(to >= 0);
}

static void token(const char *text, size_t len, struct arena *a)
{
    struct registry_token t;
    struct oci_strings list = { 0 };
    if (registry_token_parse(text, len, a, &t, NULL) == 0) {
        MUST(t.expires_in >= 60 && strpbrk(t.token, "\r\n ") == NULL);
        MUST(t.refresh == NULL || strpbrk(t.refresh, "\r\n ") == NULL);
    }
    registry_error_text(text, len, a);
    if (registry_list_parse(text, len, "tags", a, &list, NULL) == 0) {
        for (size_t i = 0; i < list.n; i++)
            MUST(strpbrk(list.v[i], "\033\n ?&#") == NULL);
    }
}

static void config(const char *text, size_t len)
{
    struct credential c = { 0 };
    int r = credentials_search(text, len, "config.json", "registry.example", "team/x", &c, NULL);
    MUST(r <= 0 || c.identity_token != NULL || (c.username != NULL && c.password != NULL));
    credential_clear(&c);
    struct registry_hosts *h = NULL;
    if (registry_hosts_parse(text, len, "registries.json", &h, NULL) == 0) {
        registry_hosts_find(h, "registry.example", "team/x");
        registry_hosts_transport(h, "registry.example");
        registry_hosts_free(h);
    }
}

static void encodings(const char *text)
{
    char *out = NULL;
    size_t len;
    struct platform p;
    if (base64_decode(text, &out, &len) == 0) {
        char *again = base64_encode(out, len);
        MUST(strlen(again) == strlen(text));
        free(again);
        free(out);
    }
    if (platform_parse(text, &p, NULL) == 0)
        MUST(platform_rank(&p, p.os, p.architecture, p.variant) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_free_ char *text = xstrndup((const char *) data + 1, size - 1);
    switch (data[0] % 4) {
    case 0: header(text, a); break;
    case 1: token((const char *) data + 1, size - 1, a); break;
    case 2: config((const char *) data + 1, size - 1); break;
    default: encodings(text); break;
    }
    return 0;
}
