// SPDX-License-Identifier: Apache-2.0
/* What looks like a secret and what does not. The tokens are put together here, so that none stands in this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/secret_rules.h"

/* n characters that are as mixed as random ones, of an alphabet. */
static const char *mixed(const char *alphabet, size_t n)
{
    static char text[512];
    size_t k = strlen(alphabet);
    for (size_t i = 0; i < n; i++)
        text[i] = alphabet[(i * 7 + i / k * 3 + 5) % k];
    text[n] = '\0';
    return text;
}
#define HEX "0123456789abcdef"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const char *kind_of(const char *name, const char *value)
{
    return secret_in_variable(name, strlen(name), value);
}

static void test_forms(void **state _unused_)
{
    static const struct {
        const char *prefix, *alphabet;
        size_t n;
        const char *kind;
    } tokens[] = {
        { "AKIA", UPPER, 16, "AWS access key" },
        { "AIza", ALNUM, 35, "Google API key" },
        { "ghp_", ALNUM, 36, "GitHub token" },
        { "github_pat_", ALNUM, 82, "GitHub fine-grained token" },
        { "glpat-", ALNUM, 20, "GitLab token" },
        { "xoxb-", ALNUM, 50, "Slack bot token" },
        { "sk_live_", ALNUM, 24, "Stripe live key" },
        { "SK", HEX, 32, "Twilio API key" },
        { "dop_v1_", HEX, 64, "DigitalOcean token" },
        { "npm_", ALNUM, 36, "npm token" },
        { "sk-ant-", ALNUM, 90, "Anthropic API key" },
        { "hvs.", ALNUM, 90, "HashiCorp Vault token" },
        { "dckr_pat_", ALNUM, 27, "Docker Hub token" },
        { "12345678:AA", ALNUM, 33, "Telegram bot token" },
    };
    char value[600];
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        const char *tail = mixed(tokens[i].alphabet, tokens[i].n);
        (void) snprintf(value, sizeof(value), "%s%s", tokens[i].prefix, tail);
        const char *kind = kind_of("X", value);
        assert_non_null(kind);
        assert_string_equal(kind, tokens[i].kind);
        (void) snprintf(value, sizeof(value), "{\"a\": \"%s%s\"}", tokens[i].prefix,
                        tail); /* inside of a text */
        assert_non_null(secret_in_text(value, strlen(value)));
        value[strlen(tokens[i].prefix) + 7] = '\0'; /* too short */
        assert_null(secret_in_text(value, strlen(value)));
        (void) snprintf(value, sizeof(value), "a%s%s", tokens[i].prefix, tail); /* in the middle of a word */
        if (tokens[i].prefix[0] != '1')
            assert_null(secret_in_text(value, strlen(value)));
        memset(value, 'x', sizeof(value)); /* what an example has in its place */
        memcpy(value, tokens[i].prefix, strlen(tokens[i].prefix));
        value[strlen(tokens[i].prefix) + tokens[i].n] = '\0';
        assert_null(secret_in_text(value, strlen(value)));
    }
    assert_true(secret_kinds() >= 40);
    (void) snprintf(value, sizeof(value), "eyJ%s.eyJ%s.%s", "hbGciOiJIUzI1NiJ9", "zdWIiOiIxMjM0NTY3ODkwIn0",
                    mixed(ALNUM, 43));
    assert_string_equal(kind_of("X", value), "signed web token (JWT)");
    assert_string_equal(kind_of("X", "-----BEGIN OPENSSH "
                                     "PRIVATE KEY-----\nb3Blb"),
                        "private key");
    assert_null(kind_of("X", "-----BEGIN PUBLIC KEY-----\nMIIB"));
    assert_null(kind_of("X", "-----BEGIN CERTIFICATE-----\nMIIB"));
    assert_null(secret_in_text("", 0));
}

static void test_connection_strings(void **state _unused_)
{
    static const char *const secrets[] = {
        "postgres://app:hunter2@db:5432/app",
        "redis://:hunter2@cache",
        "Server=db;User Id=app;Password=hunter2;",
        "host=db user=app password=hunter2",
        "amqps://u:p%40ss@mq/vhost",
        "jdbc:mysql://h/db?user=a&password=hunter2",
    };
    static const char *const fine[] = {
        "postgres://app@db:5432/app",
        "http://localhost:8080/a@b",
        "https://host/path?x=1",
        "redis://cache:6379",
        "postgres://app:$PASSWORD@db/app",
        "postgres://app:@db/app",
        "host=db user=app",
        "http://u:<password>@h",
        "http://u:xxxx@h",
        "a@b:c://",
        "password=",
        "git@host:path",
    };
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        if (kind_of("URL", secrets[i]) == NULL)
            fail_msg("not seen: %s", secrets[i]);
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        if (kind_of("URL", fine[i]) != NULL)
            fail_msg("%s: %s", kind_of("URL", fine[i]), fine[i]);
}

static void test_names(void **state _unused_)
{
    static const char *const passwords[] = { "POSTGRES_PASSWORD",
                                             "password",
                                             "DB_PASS",
                                             "MYSQL_PWD",
                                             "PGPASSWORD",
                                             "SSH_PASSPHRASE",
                                             "spring.datasource.password",
                                             "RABBITMQ_DEFAULT_PASS" };
    static const char *const likely[] = { "API_KEY",         "GITHUB_TOKEN",
                                          "CLIENT_SECRET",   "AWS_SECRET_ACCESS_KEY",
                                          "SECRET_KEY_BASE", "APP_KEY",
                                          "APIKEY",          "X_CREDENTIALS" };
    static const struct {
        const char *name, *value;
    } fine[] = {
        { "POSTGRES_PASSWORD_FILE", "/run/secrets/pg" },
        { "POSTGRES_PASSWORD", "/run/secrets/pg" },
        { "ALLOW_EMPTY_PASSWORD", "yes" },
        { "MYSQL_RANDOM_ROOT_PASSWORD", "1" },
        { "DB_PASSWORD", "" },
        { "DB_PASSWORD", "${PW}" },
        { "DB_PASSWORD", "********" },
        { "PASSWORD_MIN_LENGTH", "12" },
        { "PWD", "work" },
        { "OLDPWD", "work" },
        { "COMPASS", "north" },
        { "PATH", "/usr/bin:/bin" },
        { "GPG_KEY", "E3FF2839C048B25C084DEBE9B26995E310250568" },
        { "KEY", "abcdefghijklmnopqrstuvwxyz" },
        { "PHP_SHA256", "0123456789abcdef0123456789abcdeffedcba98765432100123456789abcdef" },
        { "TOKEN_URL", "https://login.example/oauth2/token" },
        { "TOKEN", "short" },
        { "PUBLIC_KEY", "abcdefghijklmnopqrstuvwxyz" },
        { "GIT_COMMIT", "e3ff2839c048b25c084debe9b26995e310250568" },
        { "LANG", "C.UTF-8" },
        { "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
        const char *kind = kind_of(passwords[i], "hunter2");
        if (kind == NULL)
            fail_msg("not seen: %s", passwords[i]);
        assert_string_equal(kind, "password");
    }
    for (size_t i = 0; i < ARRAY_LEN(likely); i++) {
        const char *value = mixed(ALNUM, 40);
        if (kind_of(likely[i], value) == NULL)
            fail_msg("not seen: %s", likely[i]);
        assert_null(kind_of(likely[i], "development"));
        assert_null(kind_of(likely[i], "aaaaaaaaaaaaaaaaaaaabbbb"));
    }
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        if (kind_of(fine[i].name, fine[i].value) != NULL)
            fail_msg("%s: %s=%s", kind_of(fine[i].name, fine[i].value), fine[i].name, fine[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_connection_strings),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
