// SPDX-License-Identifier: Apache-2.0
/*
 * References in docker's grammar and normal form, and digests. The lists hold each rule of the grammar at its
 * edge, both sides.
 */
#include "oci_test.h"

#include "oci/digest.h"
#include "oci/reference.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX64
#define SHA512 "sha512:" HEX64 HEX64
#define A16 "aaaaaaaaaaaaaaaa"
#define A128 A16 A16 A16 A16 A16 A16 A16 A16

static const struct {
    const char *text, *full, *familiar;
} good[] = {
    /* The default domain, the official images, the default tag */
    { "nginx", "docker.io/library/nginx:latest", "nginx" },
    { "nginx:1.25", "docker.io/library/nginx:1.25", "nginx" },
    { "library/nginx", "docker.io/library/nginx:latest", "nginx" },
    { "docker.io/nginx", "docker.io/library/nginx:latest", "nginx" },
    { "docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx" },
    { "index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx" },
    { "index.docker.io/library/nginx:x", "docker.io/library/nginx:x", "nginx" },
    { "someone/tool", "docker.io/someone/tool:latest", "someone/tool" },
    { "docker.io/someone/tool", "docker.io/someone/tool:latest", "someone/tool" },
    { "library/some/tool", "docker.io/library/some/tool:latest", "library/some/tool" },
    { "a/b/c/d", "docker.io/a/b/c/d:latest", "a/b/c/d" },
    { "docker.io", "docker.io/library/docker.io:latest", "docker.io" },
    { "localhost", "docker.io/library/localhost:latest", "localhost" },
    { "localhost:5000", "docker.io/library/localhost:5000", "localhost" },
    { "library", "docker.io/library/library:latest", "library" },
    /* Domains */
    { "localhost/app", "localhost/app:latest", "localhost/app" },
    { "localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app" },
    { "host:80/app", "host:80/app:latest", "host:80/app" },
    { "Host/app", "Host/app:latest", "Host/app" },
    { "LOCALHOST/app", "LOCALHOST/app:latest", "LOCALHOST/app" },
    { "registry.example.com/team/app:v1", "registry.example.com/team/app:v1",
      "registry.example.com/team/app" },
    { "xn--7o8h.example/app", "xn--7o8h.example/app:latest", "xn--7o8h.example/app" },
    { "a-b.c-d/app", "a-b.c-d/app:latest", "a-b.c-d/app" },
    { "192.0.2.1:5000/app", "192.0.2.1:5000/app:latest", "192.0.2.1:5000/app" },
    { "[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app" },
    { "[2001:db8::A]/app", "[2001:db8::A]/app:latest", "[2001:db8::A]/app" },
    { "docker.io:443/nginx", "docker.io:443/nginx:latest", "docker.io:443/nginx" },
    { "index.docker.io:443/nginx", "index.docker.io:443/nginx:latest", "index.docker.io:443/nginx" },
    /* Path components */
    { "a.b/c", "a.b/c:latest", "a.b/c" },
    { "x/a.b", "docker.io/x/a.b:latest", "x/a.b" },
    { "a_b", "docker.io/library/a_b:latest", "a_b" },
    { "a__b/c", "docker.io/a__b/c:latest", "a__b/c" },
    { "a-b---c", "docker.io/library/a-b---c:latest", "a-b---c" },
    { "0", "docker.io/library/0:latest", "0" },
    { "0123456789abcdef", "docker.io/library/0123456789abcdef:latest", "0123456789abcdef" },
    { HEX64 "0", "docker.io/library/" HEX64 "0:latest", HEX64 "0" },
    { "x/" HEX64, "docker.io/x/" HEX64 ":latest", "x/" HEX64 },
    /* Tags */
    { "a:_", "docker.io/library/a:_", "a" },
    { "a:A.b-C_1", "docker.io/library/a:A.b-C_1", "a" },
    { "a:" A128, "docker.io/library/a:" A128, "a" },
    /* Digests: the tag is not made up when there is one */
    { "a@" SHA256, "docker.io/library/a@" SHA256, "a" },
    { "a:1@" SHA256, "docker.io/library/a:1@" SHA256, "a" },
    { "h:5/a@" SHA512, "h:5/a@" SHA512, "h:5/a" },
};

static const struct {
    const char *text, *message;
} bad[] = {
    { "", "invalid reference format: the image name is empty" },
    { HEX64, "invalid repository name (" HEX64 "), cannot specify 64-byte hexadecimal strings" },
    { "Nginx", "invalid reference format: repository name (library/Nginx) must be lowercase" },
    { "a/Nginx:1", "invalid reference format: repository name (a/Nginx) must be lowercase" },
    { "docker.io/Nginx", "invalid reference format: repository name (library/Nginx) must be lowercase" },
    { "/nginx", "invalid reference format: \"/nginx\" is not a repository name" },
    { "nginx/", "invalid reference format: \"nginx/\" is not a repository name" },
    { "a//b", "invalid reference format: \"a//b\" is not a repository name" },
    { "-a", "invalid reference format: \"-a\" is not a repository name" },
    { "a-", "invalid reference format: \"a-\" is not a repository name" },
    { "a..b", "invalid reference format: \"a..b\" is not a repository name" },
    { "a___b", "invalid reference format: \"a___b\" is not a repository name" },
    { "a._b", "invalid reference format: \"a._b\" is not a repository name" },
    { ".", "invalid reference format: \".\" is not a repository name" },
    { "../etc/passwd", "invalid reference format: \"..\" in \"../etc/passwd\" is not a registry" },
    { "x/../../etc", "invalid reference format: \"x/../../etc\" is not a repository name" },
    { "a b", "invalid reference format: \"a b\" is not a repository name" },
    { "a\nb", "invalid reference format: \"a\nb\" is not a repository name" },
    { "\xc3\xa9", "invalid reference format: \"\xc3\xa9\" is not a repository name" },
    { "https://example.com/a",
      "invalid reference format: \"https:\" in \"https://example.com/a\" is not a registry" },
    { "-h.example/a", "invalid reference format: \"-h.example\" in \"-h.example/a\" is not a registry" },
    { "h-.example/a", "invalid reference format: \"h-.example\" in \"h-.example/a\" is not a registry" },
    { "h..example/a", "invalid reference format: \"h..example\" in \"h..example/a\" is not a registry" },
    { "under_score.example/a",
      "invalid reference format: \"under_score.example\" in \"under_score.example/a\" is not a registry" },
    { "h:port/a", "invalid reference format: \"h:port\" in \"h:port/a\" is not a registry" },
    { "h:/a", "invalid reference format: \"h:\" in \"h:/a\" is not a registry" },
    { "[::1/a", "invalid reference format: \"[::1\" in \"[::1/a\" is not a registry" },
    { "[]:1/a", "invalid reference format: \"[]:1\" in \"[]:1/a\" is not a registry" },
    { "[fe80::1%eth0]:1/a",
      "invalid reference format: \"[fe80::1%eth0]:1\" in \"[fe80::1%eth0]:1/a\" is not a registry" },
    { "[::1]x/a", "invalid reference format: \"[::1]x\" in \"[::1]x/a\" is not a registry" },
    { "h.example/", "invalid reference format: \"h.example/\" has no repository name" },
    { "h.example/:1", "invalid reference format: \"h.example/:1\" has no repository name" },
    { "a:", "invalid reference format: \"\" is not a tag" },
    { "a:-x", "invalid reference format: \"-x\" is not a tag" },
    { "a:.x", "invalid reference format: \".x\" is not a tag" },
    { "a:x:y", "invalid reference format: \"x:y\" is not a tag" },
    { "a:x/y", "invalid reference format: \"a:x\" in \"a:x/y\" is not a registry" },
    { "a:" A128 "a", "invalid reference format: \"" A128 "a\" is not a tag" },
    { "a@", "invalid reference format: \"\" is not a digest (sha256: and 64 lower-case hexadecimal digits)" },
    { "a@sha256:",
      "invalid reference format: \"sha256:\" is not a digest (sha256: and 64 lower-case hexadecimal digits)" },
    { "a@" SHA256 "0", "invalid reference format: \"" SHA256
                       "0\" is not a digest (sha256: and 64 lower-case hexadecimal digits)" },
    { "a@md5:" HEX64, "invalid reference format: \"md5:" HEX64
                      "\" is not a digest (sha256: and 64 lower-case hexadecimal digits)" },
    { "a@" SHA512 "0", "invalid reference format: the digest of \"a@" SHA512 "0\" is too long" },
};

static void test_good(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct reference r, again;
        struct error err = { 0 };
        char full[640], familiar[640];
        if (reference_parse(good[i].text, &r, &err) < 0)
            fail_msg("%s: %s", good[i].text, err.msg);
        reference_format(&r, full, sizeof(full));
        reference_familiar_name(&r, familiar, sizeof(familiar));
        assert_string_equal(full, good[i].full);
        assert_string_equal(familiar, good[i].familiar);
        assert_int_equal(reference_parse(full, &again, &err), 0); /* the normal form is its own */
        assert_memory_equal(&r, &again, sizeof(r));
    }
}

static void test_bad(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct reference r = { .tag = "untouched" };
        struct error err = { 0 };
        if (reference_parse(bad[i].text, &r, &err) != -EINVAL)
            fail_msg("accepted: %s", bad[i].text);
        assert_string_equal(err.msg, bad[i].message);
        assert_string_equal(r.tag, "untouched");
    }
}

static void test_lengths(void **state _unused_)
{
    char name[600];
    struct reference r;
    struct error err = { 0 };
    for (size_t n = 200; n < 500; n++) {
        memset(name, 'a', n);
        name[n] = '\0';
        /* "docker.io/library/" is part of the name */
        assert_int_equal(reference_parse(name, &r, &err), n + 18 <= 255 ? 0 : -EINVAL);
        memcpy(name, "h.example/", 10);
        assert_int_equal(reference_parse(name, &r, &err), n <= 255 ? 0 : -EINVAL);
    }
    assert_string_equal(err.msg,
                        "invalid reference format: repository name must not be more than 255 characters");
}

static void test_small_buffers(void **state _unused_)
{
    struct reference r;
    char buf[8];
    assert_int_equal(reference_parse("nginx:1", &r, NULL), 0);
    reference_format(&r, buf, sizeof(buf));
    assert_string_equal(buf, "docker.");
    reference_familiar_name(&r, buf, 3);
    assert_string_equal(buf, "ng");
    reference_format(&r, buf, 0);
}

static void test_digests(void **state _unused_)
{
    static const char *const no[] = {
        "",
        "sha256",
        "sha256:",
        "sha256:" HEX64 "a",
        "sha256:" HEX64 HEX64,
        "sha512:" HEX64,
        HEX64,
        "SHA256:" HEX64,
        "sha256:" HEX64 "\n",
        "sha384:" HEX64 "0123456789abcdef0123456789abcdef",
        "sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "sha256:../../../../../../../../../../../../../../../../../../../etc/pas",
        "sha256+b64:" HEX64
    };
    assert_true(digest_valid(SHA256));
    assert_true(digest_valid(SHA512));
    assert_string_equal(digest_hex(SHA256), HEX64);
    assert_true(strlen(SHA512) < DIGEST_MAX);
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(digest_valid(no[i]));
    assert_true(hex64_valid(HEX64));
    assert_false(hex64_valid(""));
    assert_false(hex64_valid("x" HEX64));
    assert_false(hex64_valid(HEX64 "0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_bad),     cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_small_buffers), cmocka_unit_test(test_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
