// SPDX-License-Identifier: Apache-2.0
/* The registry client's readers: challenges, links, ranges, tokens, logins, the settings of hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "image/credentials.h"
#include "image/http.h"
#include "image/http_proxy.h"
#include "image/registry_hosts.h"
#include "image/registry_parse.h"

static void challenges(void **state _unused_)
{
    static const struct {
        const char *header;
        enum auth_scheme scheme;
        const char *realm, *service, *scope;
    } table[] = {
        { "Basic realm=\"r\"", AUTH_BASIC, "r", NULL, NULL },
        { "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:samalba/my-app:pull,push\"",
          AUTH_BEARER, "https://auth.docker.io/token", "registry.docker.io",
          "repository:samalba/my-app:pull,push" },
        { "bearer Realm = \"https://a\" , Service=b", AUTH_BEARER, "https://a", "b", NULL },
        { "Basic realm=\"x\", Bearer realm=\"https://a\"", AUTH_BEARER, "https://a", NULL, NULL },
        { "Bearer realm=\"https://a\", Basic realm=\"x\"", AUTH_BEARER, "https://a", NULL, NULL },
        { "Bearer realm=\"https://a/\\\"q\\\"\"", AUTH_BEARER, "https://a/\"q\"", NULL, NULL },
        { "Bearer realm=https://a/b?c,service=d", AUTH_BEARER, "https://a/b?c", "d", NULL },
        { "Bearer realm=\"first\",realm=\"second\"", AUTH_BEARER, "first", NULL, NULL },
        { "Negotiate", AUTH_NONE, NULL, NULL, NULL },
        { "", AUTH_NONE, NULL, NULL, NULL },
        { ", ,", AUTH_NONE, NULL, NULL, NULL },
    };
    static const char *const bad[] = {
        "Bearer", "Bearer service=\"x\"", "Bearer realm=\"x",      "Bearer realm=\"a\\",
        "=x",     "Bearer realm=",        "Bearer realm=\"a\nb\"", "\""
    };
    _cleanup_arena_ struct arena *a = arena_new();
    struct auth_challenge c;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_int_equal(auth_challenge_parse(table[i].header, a, &c), 0);
        assert_int_equal(c.scheme, table[i].scheme);
        const char *const got[] = { c.realm, c.service, c.scope };
        const char *const want[] = { table[i].realm, table[i].service, table[i].scope };
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(got[k] == NULL, want[k] == NULL);
            if (want[k] != NULL)
                assert_string_equal(got[k], want[k]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(auth_challenge_parse(bad[i], a, &c), -EINVAL);
}

static void links(void **state _unused_)
{
    static const char *const table[][2] = {
        { "</v2/x/tags/list?last=b&n=2>; rel=\"next\"", "/v2/x/tags/list?last=b&n=2" },
        { "<a>; rel=prev, <b>; rel=next", "b" },
        { "<a>; title=\"x, y\"; rel=\"next\"", "a" },
        { "<a>; rel=\"nextish\"", NULL },
        { "<a>; xrel=next", NULL },
        { "<a", NULL },
        { "", NULL },
        { "a; rel=next", NULL },
    };
    _cleanup_arena_ struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *got = link_next(table[i][0], a);
        assert_int_equal(got == NULL, table[i][1] == NULL);
        if (got != NULL)
            assert_string_equal(got, table[i][1]);
    }
}

static void ranges(void **state _unused_)
{
    static const char *const bad[] = { "bytes 5-4/10",  "bytes 0-10/10",
                                       "bytes */10",    "bytes 0-9",
                                       "chunks 0-9/10", "bytes 0-9/10x",
                                       "bytes -1-9/10", "bytes 0-99999999999999999999/*" };
    int64_t from, to, total;
    assert_int_equal(content_range_parse("bytes 10-99/100", &from, &to, &total), 0);
    assert_int_equal(from, 10);
    assert_int_equal(to, 99);
    assert_int_equal(total, 100);
    assert_int_equal(content_range_parse("bytes 0-0/*", &from, &to, &total), 0);
    assert_int_equal(total, -1);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(content_range_parse(bad[i], &from, &to, &total), -EINVAL);
    assert_int_equal(upload_range_parse("0-99", &to), 0);
    assert_int_equal(to, 100);
    assert_int_equal(upload_range_parse("bytes=0-9", &to), 0);
    assert_int_equal(to, 10);
    assert_int_equal(upload_range_parse("0-0", &to), 0);
    assert_int_equal(to, 0);
    assert_int_equal(upload_range_parse("5-9", &to), -EINVAL);
    assert_int_equal(upload_range_parse("0-9223372036854775807", &to), -EINVAL);
}

static int token(const char *text, struct arena *a, struct registry_token *ret)
{
    return registry_token_parse(text, strlen(text), a, ret, NULL);
}

static void tokens(void **state _unused_)
{
    static const char *const bad[] = { "",
                                       "[]",
                                       "{}",
                                       "{\"token\": \"\"}",
                                       "{\"token\": 5}",
                                       "{\"token\": \"a\\r\\nX: y\"}",
                                       "{\"token\": \"a b\"}",
                                       "{\"token\": \"t\", \"refresh_token\": \"a\\nb\"}" };
    _cleanup_arena_ struct arena *a = arena_new();
    struct registry_token t;
    assert_int_equal(token("{\"token\": \"abc\", \"access_token\": \"x\", \"expires_in\": 300}", a, &t), 0);
    assert_string_equal(t.token, "abc");
    assert_int_equal(t.expires_in, 300);
    assert_int_equal(token("{\"access_token\": \"x\", \"expires_in\": 5, \"refresh_token\": \"r\"}", a, &t),
                     0);
    assert_string_equal(t.token, "x");
    assert_int_equal(t.expires_in, 60);
    assert_string_equal(t.refresh, "r");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(token(bad[i], a, &t) < 0);
}

static void lists(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_strings tags = { 0 };
    const char *text = "{\"name\": \"x\", \"tags\": [\"1\", \"v1.0_a-b\"]}";
    assert_int_equal(registry_list_parse(text, strlen(text), "tags", a, &tags, NULL), 0);
    assert_int_equal(tags.n, 2);
    text = "{\"tags\": null}";
    assert_int_equal(registry_list_parse(text, strlen(text), "tags", a, &tags, NULL), 0);
    text = "{\"tags\": [\"a b\"]}";
    assert_int_equal(registry_list_parse(text, strlen(text), "tags", a, &tags, NULL), -EINVAL);
    text = "{\"tags\": [\"\\u001b[2J\"]}";
    assert_int_equal(registry_list_parse(text, strlen(text), "tags", a, &tags, NULL), -EINVAL);
    text = "{\"errors\": [{\"code\": \"DENIED\", \"message\": \"no\"}]}";
    assert_string_equal(registry_error_text(text, strlen(text), a), "no");
    assert_null(registry_error_text("<html>", 6, a));
}

static void base64(void **state _unused_)
{
    static const char *const bad[] = { "a", "ab=", "====", "a===", "ab=c", "YTpi\n", "YT pi" };
    for (size_t n = 0; n < 64; n++) {
        unsigned char data[64];
        _cleanup_free_ char *back = NULL;
        size_t len;
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char) (i * 37 + n);
        _cleanup_free_ char *text = base64_encode(data, n);
        assert_int_equal(base64_decode(text, &back, &len), 0);
        assert_int_equal(len, n);
        assert_memory_equal(back, data, n);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *back;
        size_t len;
        assert_int_equal(base64_decode(bad[i], &back, &len), -EINVAL);
    }
}

/* YTpi is a:b, YzpkOmU= is c:d:e. */
static const char config[] =
    "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"YTpi\"}, \"registry.example\": {\"auth\": \"YTpi\"},"
    " \"registry.example/team\": {\"auth\": \"YzpkOmU=\"}, \"http://old.example/v1/\": {\"username\": \"u\", \"password\": \"p\"},"
    " \"tok.example:5000\": {\"auth\": \"YTo=\", \"identitytoken\": \"t\"}, \"empty.example\": {}, \"bad.example\": {\"auth\": \"!\"}}}";

static void logins(void **state _unused_)
{
    static const struct {
        const char *domain, *path, *user, *password;
    } table[] = {
        { "docker.io", "library/redis", "a", "b" },   { "registry.example", "other/x", "a", "b" },
        { "registry.example", "team/x", "c", "d:e" }, { "registry.example", "teamwork/x", "a", "b" },
        { "registry.example.evil", "x", NULL, NULL }, { "evil", "registry.example", NULL, NULL },
        { "registry.example:5000", "x", NULL, NULL }, { "old.example", "x", "u", "p" },
        { "empty.example", "x", NULL, NULL },         { "index.docker.io.evil", "v1", NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        _cleanup_credential_ struct credential c = { 0 };
        int r = credentials_search(config, strlen(config), "config.json", table[i].domain, table[i].path, &c,
                                   NULL);
        assert_int_equal(r, table[i].user != NULL);
        if (r == 1) {
            assert_string_equal(c.username, table[i].user);
            assert_string_equal(c.password, table[i].password);
        }
    }
    _cleanup_credential_ struct credential c = { 0 };
    assert_int_equal(
        credentials_search(config, strlen(config), "config.json", "tok.example:5000", "x", &c, NULL), 1);
    assert_string_equal(c.identity_token, "t");
    struct error err = { 0 };
    _cleanup_credential_ struct credential none = { 0 };
    assert_int_equal(
        credentials_search(config, strlen(config), "config.json", "bad.example", "x", &none, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "bad.example"));
    assert_int_equal(credentials_search("", 0, "config.json", "x", "y", &none, NULL), 0);
    assert_int_equal(credentials_search("[]", 2, "config.json", "x", "y", &none, NULL), -EINVAL);
}

static struct registry_hosts *hosts(const char *text)
{
    struct registry_hosts *h = NULL;
    assert_int_equal(registry_hosts_parse(text, strlen(text), "registries.json", &h, NULL), 0);
    return h;
}

static void settings(void **state _unused_)
{
    static const char *const bad[] = {
        "[]",
        "{\"registry\": []}",
        "{\"registries\": [{}]}",
        "{\"registries\": [{\"prefix\": \"\"}]}",
        "{\"registries\": [{\"prefix\": \"https://x\"}]}",
        "{\"registries\": [{\"prefix\": \"x/\"}]}",
        "{\"registries\": [{\"prefix\": \"x\", \"blocked\": \"yes\"}]}",
        "{\"registries\": [{\"prefix\": \"x\", \"mirrors\": [\"user@y\"]}]}",
        "{\"registries\": [{\"prefix\": \"x\"}, {\"prefix\": \"x\"}]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct registry_hosts *h = NULL;
        struct error err = { 0 };
        assert_int_equal(registry_hosts_parse(bad[i], strlen(bad[i]), "registries.json", &h, &err), -EINVAL);
        assert_true(err.msg[0] != '\0');
    }
    struct registry_hosts *h = hosts(
        "{\"registries\": [{\"prefix\": \"a.example/team\", \"blocked\": true}, {\"prefix\": \"a.example\"},"
        "{\"prefix\": \"p.example:80\", \"plain_http\": true}, {\"prefix\": \"v.example\", \"tls_verify\": false},"
        "{\"prefix\": \"v.example/strict\", \"tls_verify\": true}]}");
    assert_true(registry_hosts_find(h, "a.example", "team/x")->blocked);
    assert_false(registry_hosts_find(h, "a.example", "teamwork/x")->blocked);
    assert_null(registry_hosts_find(h, "a.example.evil", "team"));
    assert_int_equal(registry_hosts_transport(h, "p.example:80"), TRANSPORT_PLAIN);
    assert_int_equal(registry_hosts_transport(h, "p.example"), TRANSPORT_TLS);
    assert_int_equal(registry_hosts_transport(h, "v.example"), TRANSPORT_TLS); /* the strictest counts */
    assert_int_equal(registry_hosts_transport(h, "localhost:5000"), TRANSPORT_TLS_THEN_PLAIN);
    assert_true(registry_hosts_may_log_in(h, "https://any.example/token"));
    assert_true(registry_hosts_may_log_in(h, "http://p.example:80/token"));
    assert_false(registry_hosts_may_log_in(h, "http://any.example/token"));
    assert_false(registry_hosts_may_log_in(h, "http://localhost.evil/token"));
    assert_false(registry_hosts_may_log_in(h, "ftp://localhost/"));
    registry_hosts_free(h);
}

static void loopback(void **state _unused_)
{
    static const char *const yes[] = { "localhost",   "LOCALHOST:5000", "127.0.0.1",
                                       "127.9.9.9:1", "[::1]",          "[::1]:5000" };
    static const char *const no[] = { "localhost.evil", "127.0.0.1.evil", "127.evil", "1.127.0.0",
                                      "[::1].x",        "[::2]",          "",         "127.0.1" };
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(host_is_loopback(yes[i]));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(host_is_loopback(no[i]));
}

static void origins(void **state _unused_)
{
    static const char *const table[][2] = {
        { "https://A.example/x?y", "https://a.example:443" },
        { "http://a.example:80", "http://a.example:80" },
        { "https://user@a.example/", "https://a.example:443" },
        { "https://a.example@evil/", "https://evil:443" },
        { "https://[::1]:5000/v2/", "https://[::1]:5000" },
        { "file:///etc/passwd", "" },
        { "nonsense", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char got[340];
        http_origin_text(table[i][0], got, sizeof(got));
        assert_string_equal(got, table[i][1]);
    }
}

static void proxies(void **state _unused_)
{
    static const struct {
        const char *origin, *spared;
        bool used;
    } table[] = {
        { "https://registry.example:443", NULL, true },
        { "https://registry.example:443", "", true },
        { "https://registry.example:443", "*", false },
        { "https://registry.example:443", "other.example, registry.example", false },
        { "https://registry.example:443", "example", false },
        { "https://registry.example:443", ".example", false },
        { "https://registry.example:443", "*.example", false },
        { "https://registry.example:443", "REGISTRY.Example", false },
        { "https://registry.example:443", ".registry.example", true },
        { "https://registry.example:443", "try.example", true },
        { "https://registry.example:443", "registry.example.org", true },
        { "https://registry.example:5000", "registry.example:5000", false },
        { "https://registry.example:5000", "registry.example:443", true },
        { "https://10.1.2.3:443", "10.0.0.0/8", false },
        { "https://10.1.2.3:443", "10.1.2.0/31", true },
        { "https://10.1.2.3:443", "10.1.2.2/31", false },
        { "https://10.1.2.3:443", "0.0.0.0/0", false },
        { "https://10.1.2.3:443", "10.0.0.0/33", true },
        { "https://10.1.2.3:443", "10.1.2.3", false },
        { "https://10.1.2.3:443", "2.3", true },
        { "https://10.1.2.3:443", "fd00::/8", true },
        { "https://[fd00::1]:443", "fd00::/8", false },
        { "https://[fd00::1]:443", "fd00::1", false },
        { "https://[fd00::1]:443", "[fd00::1]:443", false },
        { "https://[fd00::1]:443", "fd00::2", true },
        { "https://localhost:5000", NULL, false }, /* this machine */
        { "https://127.0.0.1:5000", NULL, false },
        { "https://[::1]:5000", NULL, false },
    };
    struct http_proxy p;
    unsetenv("REQUEST_METHOD");
    setenv("HTTPS_PROXY", "http://name:se@cret@proxy.example:3128/", 1);
    setenv("HTTP_PROXY", "plain.example:80", 1);
    unsetenv("no_proxy");
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].spared != NULL)
            setenv("NO_PROXY", table[i].spared, 1);
        else
            unsetenv("NO_PROXY");
        http_proxy_find(table[i].origin, &p);
        if ((p.url != NULL) != table[i].used)
            fail_msg("%s with NO_PROXY=%s", table[i].origin,
                     table[i].spared != NULL ? table[i].spared : "(unset)");
        if (p.url != NULL) {
            assert_string_equal(p.shown, "proxy.example:3128");
            assert_string_equal(p.variable, "HTTPS_PROXY");
        }
    }
    unsetenv("NO_PROXY");
    http_proxy_find("http://registry.example:80", &p);
    assert_string_equal(p.shown, "plain.example:80");
    setenv("REQUEST_METHOD", "GET", 1); /* a CGI program: the header Proxy: would choose */
    http_proxy_find("http://registry.example:80", &p);
    assert_null(p.url);
    unsetenv("REQUEST_METHOD");
    setenv("HTTPS_PROXY", "", 1);
    http_proxy_find("https://registry.example:443", &p);
    assert_null(p.url);
    unsetenv("HTTPS_PROXY");
    unsetenv("https_proxy");
    setenv("all_proxy", "socks5://s.example", 1);
    http_proxy_find("https://registry.example:443", &p);
    assert_string_equal(p.shown, "s.example");
    unsetenv("all_proxy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges), cmocka_unit_test(links),    cmocka_unit_test(ranges),
        cmocka_unit_test(tokens),     cmocka_unit_test(lists),    cmocka_unit_test(base64),
        cmocka_unit_test(logins),     cmocka_unit_test(settings), cmocka_unit_test(loopback),
        cmocka_unit_test(origins),    cmocka_unit_test(proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
