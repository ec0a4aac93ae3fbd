// SPDX-License-Identifier: Apache-2.0
/* The policy file: what is read, what is refused, and which scope counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "image/policy.h"

static struct policy *parse(const char *text)
{
    struct policy *p = NULL;
    struct error err = { 0 };
    if (policy_parse(text, strlen(text), "policy.json", &p, &err) < 0)
        fail_msg("%s", err.msg);
    return p;
}

static const char *scope_of(const struct policy *p, const char *name)
{
    struct reference ref;
    struct policy_requirements r;
    assert_int_equal(reference_parse(name, &ref, NULL), 0);
    policy_find(p, &ref, &r);
    return r.scope;
}

static const char scoped[] = "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{"
                             "\"docker.io/library/nginx:1.25\":[{\"type\":\"insecureAcceptAnything\"}],"
                             "\"docker.io/library/nginx\":[{\"type\":\"reject\"}],"
                             "\"docker.io/library\":[{\"type\":\"insecureAcceptAnything\"}],"
                             "\"docker.io\":[{\"type\":\"reject\"}],"
                             "\"registry.example.com:5000/team\":[{\"type\":\"insecureAcceptAnything\"}],"
                             "\"*.example.org\":[{\"type\":\"insecureAcceptAnything\"}],"
                             "\"*.deep.example.org\":[{\"type\":\"reject\"}],"
                             "\"\":[{\"type\":\"insecureAcceptAnything\"}]},"
                             "\"docker-daemon\":{\"\":[{\"type\":\"insecureAcceptAnything\"}]}}}";

static void the_most_specific_scope_counts(void **state)
{
    (void) state;
    static const char *const table[][2] = {
        { "nginx:1.25", "docker.io/library/nginx:1.25" },
        { "nginx", "docker.io/library/nginx" },
        { "nginx:1.25@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "docker.io/library/nginx" },
        { "nginxx", "docker.io/library" },
        { "someone/nginx", "docker.io" },
        { "registry.example.com:5000/team/a/b", "registry.example.com:5000/team" },
        { "registry.example.com:5000/teams", "docker, default" },
        { "a.example.org/x", "*.example.org" },
        { "a.b.example.org/x", "*.example.org" },
        { "a.deep.example.org/x", "*.deep.example.org" },
        { "example.org/x", "docker, default" },
    };
    _cleanup_policy_ struct policy *p = parse(scoped);
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_string_equal(scope_of(p, table[i][0]), table[i][1]);
}

static void the_default_counts_last(void **state)
{
    (void) state;
    struct policy_requirements r;
    struct reference ref;
    _cleanup_policy_ struct policy *p = parse("{\"default\":[{\"type\":\"reject\"}]}");
    assert_string_equal(scope_of(p, "nginx"), "default");
    assert_int_equal(reference_parse("nginx", &ref, NULL), 0);
    policy_find(p, &ref, &r);
    assert_int_equal(r.v[0].kind, POLICY_REJECT);
    assert_false(policy_accepts_all(&r));
    policy_find(NULL, &ref, &r);
    assert_true(policy_accepts_all(&r));
}

static void a_requirement_is_read_whole(void **state)
{
    (void) state;
    struct policy_requirements r;
    struct reference ref;
    _cleanup_policy_ struct policy *p = parse(
        "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k1\",\"keyDatas\":[\"QQ==\"],\"signedIdentity\":"
        "{\"type\":\"remapIdentity\",\"prefix\":\"mirror.example\",\"signedPrefix\":\"docker.io/library\"}},"
        "{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"/x\"},"
        "{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\",\"rekorPublicKeyPath\":\"/r\"}]}");
    assert_int_equal(reference_parse("mirror.example/nginx", &ref, NULL), 0);
    policy_find(p, &ref, &r);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.v[0].kind, POLICY_SIGSTORE);
    assert_string_equal(r.v[0].key_paths.v[0], "/k1");
    assert_string_equal(r.v[0].key_datas.v[0], "QQ==");
    assert_int_equal(r.v[0].identity, IDENTITY_REMAP);
    assert_string_equal(r.v[0].signed_prefix, "docker.io/library");
    assert_int_equal(r.v[1].kind, POLICY_UNSUPPORTED);
    assert_string_equal(r.v[2].what, "rekorPublicKeyPath");
}

static void mistakes_are_errors_with_their_place(void **state)
{
    (void) state;
    static const char *const table[][2] = {
        { "[]", "must be an object" },
        { "{}", "default" },
        { "{\"default\":[]}", "cannot be empty" },
        { "{\"default\":{}}", "default" },
        { "{\"default\":[{\"type\":\"reject\"}],\"transport\":{}}", "transport" },
        { "{\"default\":[{\"type\":\"reject\",\"keyPath\":\"/k\"}]}", "keyPath" },
        { "{\"default\":[{\"type\":\"accept\"}]}", "default[0].type" },
        { "{\"default\":[{}]}", "default[0].type" },
        { "{\"default\":[\"reject\"]}", "default[0]" },
        { "{\"default\":[{\"type\":\"sigstoreSigned\"}]}", "neither keyPath nor keyData" },
        { "{\"default\":[{\"type\":\"sigstoreSigned\",\"keypath\":\"/k\"}]}", "keypath" },
        { "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPaths\":[1]}]}", "keyPaths[0]" },
        { "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\",\"signedIdentity\":{\"type\":\"any\"}}]}",
          "signedIdentity.type" },
        { "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\",\"signedIdentity\":{\"type\":\"matchExact\","
          "\"prefix\":\"x\"}}]}",
          "prefix" },
        { "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\",\"signedIdentity\":{\"type\":"
          "\"exactRepository\",\"dockerRepository\":\"UPPER\"}}]}",
          "lower" },
        { "{\"default\":[{\"type\":\"reject\"}],\"default\":[{\"type\":\"reject\"}]}", "duplicate" },
        { "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"docker.io\":[]}}}",
          "docker.io" },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct policy *p = NULL;
        struct error err = { 0 };
        assert_true(policy_parse(table[i][0], strlen(table[i][0]), "policy.json", &p, &err) < 0);
        assert_null(p);
        if (!strstr(err.msg, table[i][1]) || !str_after(err.msg, "policy.json"))
            fail_msg("%s: %s", table[i][0], err.msg);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_scope_counts),
        cmocka_unit_test(the_default_counts_last),
        cmocka_unit_test(a_requirement_is_read_whole),
        cmocka_unit_test(mistakes_are_errors_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
