// SPDX-License-Identifier: Apache-2.0
/*
 * base/secret_rules.c: one pass over the text; at each place where a word begins, the table's prefixes are tried. A prefix is
 * followed by so many characters of its alphabet, and these must be as mixed as random ones are: "sk-xxxxxxxx" is an example.
 */
#include "base/secret_rules.h"

#include <ctype.h>
#include <strings.h>

enum alphabet { UPPER, ALNUM, HEX, WORD, DASH, BASE64, DOTTED };

struct form {
    const char *kind, *prefix;
    enum alphabet alphabet;
    unsigned min, max;  /* characters after the prefix; max 0: any number */
    const char *within; /* NULL, or what must stand among them */
};

// clang-format off
static const struct form forms[] = {
    { "AWS access key", "AKIA", UPPER, 16, 16, NULL },
    { "AWS temporary access key", "ASIA", UPPER, 16, 16, NULL },
    { "AWS Bedrock API key", "ABSK", BASE64, 100, 0, NULL },
    { "Google API key", "AIza", DASH, 35, 35, NULL },
    { "Google OAuth client secret", "GOCSPX-", DASH, 28, 28, NULL },
    { "Google OAuth access token", "ya29.", DASH, 30, 0, NULL },
    { "Azure storage account key", "AccountKey=", BASE64, 60, 0, NULL },
    { "Azure shared access key", "SharedAccessKey=", BASE64, 40, 0, NULL },
    { "DigitalOcean token", "dop_v1_", HEX, 64, 64, NULL },
    { "DigitalOcean OAuth token", "doo_v1_", HEX, 64, 64, NULL },
    { "DigitalOcean refresh token", "dor_v1_", HEX, 64, 64, NULL },
    { "Heroku API key", "HRKU-", DASH, 32, 0, NULL },
    { "Fly.io token", "fm2_", BASE64, 60, 0, NULL },
    { "Alibaba Cloud access key", "LTAI", ALNUM, 16, 20, NULL },
    { "Tencent Cloud secret id", "AKID", ALNUM, 32, 32, NULL },
    { "PlanetScale token", "pscale_tkn_", DASH, 32, 0, NULL },
    { "PlanetScale password", "pscale_pw_", DASH, 32, 0, NULL },
    { "Supabase token", "sbp_", HEX, 40, 40, NULL },
    { "Netlify token", "nfp_", ALNUM, 36, 36, NULL },
    { "Render API key", "rnd_", ALNUM, 28, 36, NULL },
    { "Tailscale key", "tskey-", DASH, 20, 0, NULL },
    { "GitHub token", "ghp_", ALNUM, 36, 0, NULL },
    { "GitHub OAuth token", "gho_", ALNUM, 36, 0, NULL },
    { "GitHub user-to-server token", "ghu_", ALNUM, 36, 0, NULL },
    { "GitHub server token", "ghs_", ALNUM, 36, 0, NULL },
    { "GitHub refresh token", "ghr_", ALNUM, 36, 0, NULL },
    { "GitHub fine-grained token", "github_pat_", WORD, 60, 0, NULL },
    { "GitLab token", "glpat-", DASH, 20, 0, NULL },
    { "GitLab deploy token", "gldt-", DASH, 20, 0, NULL },
    { "GitLab runner token", "glrt-", DASH, 20, 0, NULL },
    { "GitLab job token", "glcbt-", DASH, 20, 0, NULL },
    { "GitLab trigger token", "glptt-", HEX, 40, 40, NULL },
    { "Bitbucket app password", "ATBB", ALNUM, 28, 0, NULL },
    { "Atlassian API token", "ATATT3", DASH, 60, 0, NULL },
    { "Slack bot token", "xoxb-", DASH, 20, 0, NULL },
    { "Slack user token", "xoxp-", DASH, 20, 0, NULL },
    { "Slack app token", "xapp-", DASH, 20, 0, NULL },
    { "Slack refresh token", "xoxe-", DASH, 20, 0, NULL },
    { "Slack webhook", "https://hooks.slack.com/services/", DASH, 8, 0, NULL },
    { "Discord webhook", "https://discord.com/api/webhooks/", DASH, 16, 0, NULL },
    { "Stripe live key", "sk_live_", ALNUM, 16, 0, NULL },
    { "Stripe restricted key", "rk_live_", ALNUM, 16, 0, NULL },
    { "Stripe test key", "sk_test_", ALNUM, 16, 0, NULL },
    { "Stripe webhook secret", "whsec_", BASE64, 24, 0, NULL },
    { "Square access token", "sq0atp-", DASH, 22, 22, NULL },
    { "Square OAuth secret", "sq0csp-", DASH, 43, 43, NULL },
    { "PayPal access token", "access_token$production$", DOTTED, 20, 0, NULL },
    { "Shopify access token", "shpat_", HEX, 32, 32, NULL },
    { "Shopify custom app token", "shpca_", HEX, 32, 32, NULL },
    { "Shopify private app password", "shppa_", HEX, 32, 32, NULL },
    { "Shopify shared secret", "shpss_", HEX, 32, 32, NULL },
    { "SendGrid API key", "SG.", DOTTED, 60, 70, "." },
    { "Brevo API key", "xkeysib-", DASH, 64, 0, NULL },
    { "Twilio API key", "SK", HEX, 32, 32, NULL },
    { "Mailgun API key", "key-", HEX, 32, 32, NULL },
    { "npm token", "npm_", ALNUM, 36, 36, NULL },
    { "PyPI token", "pypi-AgEIcHlwaS5vcmc", DASH, 50, 0, NULL },
    { "RubyGems API key", "rubygems_", HEX, 48, 48, NULL },
    { "Docker Hub token", "dckr_pat_", DASH, 27, 0, NULL },
    { "Docker Hub organization token", "dckr_oat_", DASH, 27, 0, NULL },
    { "JFrog API key", "AKCp", ALNUM, 60, 0, NULL },
    { "OpenAI API key", "sk-", DASH, 40, 0, "T3BlbkFJ" },
    { "OpenAI project key", "sk-proj-", DASH, 40, 0, NULL },
    { "Anthropic API key", "sk-ant-", DASH, 40, 0, NULL },
    { "Hugging Face token", "hf_", ALNUM, 34, 0, NULL },
    { "Replicate token", "r8_", ALNUM, 37, 0, NULL },
    { "Groq API key", "gsk_", ALNUM, 48, 0, NULL },
    { "Perplexity API key", "pplx-", ALNUM, 40, 0, NULL },
    { "HashiCorp Vault token", "hvs.", DASH, 24, 0, NULL },
    { "HashiCorp Vault batch token", "hvb.", DASH, 60, 0, NULL },
    { "Doppler token", "dp.pt.", ALNUM, 40, 0, NULL },
    { "1Password service token", "ops_eyJ", BASE64, 100, 0, NULL },
    { "age secret key", "AGE-SECRET-KEY-1", UPPER, 58, 58, NULL },
    { "Databricks token", "dapi", HEX, 32, 32, NULL },
    { "Grafana service token", "glsa_", WORD, 32, 0, NULL },
    { "Grafana Cloud token", "glc_eyJ", BASE64, 32, 0, NULL },
    { "New Relic user key", "NRAK-", UPPER, 27, 27, NULL },
    { "Sentry token", "sntrys_", BASE64, 40, 0, NULL },
    { "Pulumi token", "pul-", HEX, 40, 40, NULL },
    { "Postman API key", "PMAK-", DASH, 50, 0, NULL },
    { "Linear API key", "lin_api_", ALNUM, 40, 0, NULL },
    { "Notion token", "ntn_", ALNUM, 40, 0, NULL },
    { "Figma token", "figd_", DASH, 40, 0, NULL },
    { "Contentful token", "CFPAT-", DASH, 43, 0, NULL },
    { "Buildkite token", "bkua_", HEX, 40, 40, NULL },
    { "CircleCI token", "CCIPAT_", WORD, 40, 0, NULL },
    { "SonarQube token", "sqp_", HEX, 40, 40, NULL },
    { "signed web token (JWT)", "eyJ", DOTTED, 40, 0, ".eyJ" },
};

/* Parts of a text that hold a secret whatever follows. */
static const struct { const char *kind, *begin, *within; } blocks[] = {
    { "private key", "-----BEGIN ", "PRIVATE KEY" },
    { "PuTTY private key", "PuTTY-User-Key-File-", "" },
    { "Google service account key", "\"type\": \"service_account\"", "private_key" },
    { "Docker registry login", "\"auths\"", "\"auth\"" },
};
// clang-format on

size_t secret_kinds(void)
{
    return ARRAY_LEN(forms) + ARRAY_LEN(blocks) + 3; /* connection string, its key=value form, Telegram */
}

static bool in_alphabet(enum alphabet a, char c)
{
    bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
    switch (a) {
    case UPPER: return digit || upper;
    case ALNUM: return digit || upper || lower;
    case HEX: return digit || (c >= 'a' && c <= 'f');
    case WORD: return digit || upper || lower || c == '_';
    case DASH: return digit || upper || lower || c == '_' || c == '-';
    case BASE64: return digit || upper || lower || c == '+' || c == '/' || c == '=' || c == '_' || c == '-';
    case DOTTED: break;
    }
    return digit || upper || lower || c == '_' || c == '-' || c == '.';
}

/* log2(n) in 1/256, by squaring the fraction eight times. */
static unsigned log2_256(size_t n)
{
    unsigned whole = 63 - (unsigned) __builtin_clzll((unsigned long long) n);
    uint64_t x = ((uint64_t) n << 31) >> whole; /* 1 ≤ x < 2 in 2^-31 */
    unsigned ret = whole << 8;
    for (unsigned bit = 128; bit > 0; bit >>= 1) {
        x = x * x >> 31;
        if (x >> 32) {
            x >>= 1;
            ret += bit;
        }
    }
    return ret;
}

/* Shannon's entropy, in 1/256 bit a byte. */
static unsigned entropy(const char *s, size_t len)
{
    size_t count[256] = { 0 };
    uint64_t sum = 0;
    for (size_t i = 0; i < len; i++)
        count[(unsigned char) s[i]]++;
    for (size_t i = 0; i < 256; i++)
        if (count[i] > 0)
            sum += count[i] * (uint64_t) (log2_256(len) - log2_256(count[i]));
    return len == 0 ? 0 : (unsigned) (sum / len);
}
#define BITS(tenths) ((tenths) *256u / 10)

static bool word_char(char c)
{
    return isalnum((unsigned char) c) || c == '_';
}

static const char *form_at(const char *s, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const struct form *f = &forms[i];
        size_t p = strlen(f->prefix), n = 0;
        if (f->prefix[0] != s[0] || p >= len || memcmp(s, f->prefix, p) != 0)
            continue;
        while (p + n < len && in_alphabet(f->alphabet, s[p + n]))
            n++;
        bool ends = p + n == len || !word_char(s[p + n]);
        if (n < f->min || (f->max > 0 && n > f->max) || !ends)
            continue;
        if (f->within != NULL && memmem(s + p, n, f->within, strlen(f->within)) == NULL)
            continue;
        /* Half of what random characters of sixteen kinds would have; published examples say so themselves. */
        if (entropy(s + p, n) < BITS(22) || memmem(s + p, n, "EXAMPLE", 7) != NULL)
            continue;
        return f->kind;
    }
    return NULL;
}

static const char *block_in(const char *text, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        const char *at = memmem(text, len, blocks[i].begin, strlen(blocks[i].begin));
        if (at != NULL && memmem(at, len - (size_t) (at - text), blocks[i].within, strlen(blocks[i].within)))
            return blocks[i].kind;
    }
    return NULL;
}

/* What stands for a value that comes from elsewhere. */
static bool placeholder(const char *s, size_t len)
{
    return len == 0 || s[0] == '$' || s[0] == '<' || s[0] == '{' || s[0] == '%' || s[0] == '*' ||
           entropy(s, len) == 0;
}

/* scheme://USER:PASSWORD@HOST; at is the "://". */
static bool url_password(const char *at, const char *end)
{
    const char *p = at + 3, *colon = NULL;
    for (; p < end && *p != '/' && *p != '?' && *p != '#' && !isspace((unsigned char) *p); p++) {
        if (*p == ':' && colon == NULL)
            colon = p + 1;
        if (*p == '@')
            return colon != NULL && !placeholder(colon, (size_t) (p - colon));
    }
    return false;
}

/* Password=…; of ADO and ODBC strings, password=… of libpq's: the key of a list, so something stands before or behind it. */
static bool list_password(const char *text, size_t len)
{
    static const char *const keys[] = { "password=", "pwd=" };
    if (memchr(text, '=', len) == NULL)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && text[i - 1] != ';' && text[i - 1] != ' ' && text[i - 1] != '&' && text[i - 1] != '?')
            continue;
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            size_t n = strlen(keys[k]), stop;
            if (len - i <= n || strncasecmp(text + i, keys[k], n) != 0)
                continue;
            for (stop = i + n; stop < len && strchr("; &\n", text[stop]) == NULL; stop++)
                continue;
            if ((i > 0 || stop < len) && !placeholder(text + i + n, stop - i - n))
                return true;
        }
    }
    return false;
}

/* A Telegram bot's: its number, a colon, "AA" and 33 more. */
static bool telegram(const char *s, size_t len)
{
    size_t digits = 0, n = 0;
    while (digits < len && s[digits] >= '0' && s[digits] <= '9')
        digits++;
    if (digits < 8 || digits > 10 || len - digits < 36 || memcmp(s + digits, ":AA", 3) != 0)
        return false;
    while (digits + 3 + n < len && in_alphabet(DASH, s[digits + 3 + n]))
        n++;
    return n == 33 && entropy(s + digits + 3, n) >= BITS(22);
}

const char *secret_in_text(const char *text, size_t len)
{
    const char *kind = block_in(text, len);
    for (size_t i = 0; i < len && kind == NULL; i++) {
        if (i > 0 && word_char(text[i - 1]) && text[i] != ':')
            continue;
        kind = form_at(text + i, len - i);
        if (kind == NULL && len - i > 3 && memcmp(text + i, "://", 3) == 0 &&
            url_password(text + i, text + len))
            kind = "connection string with a password";
        if (kind == NULL && telegram(text + i, len - i))
            kind = "Telegram bot token";
    }
    if (kind == NULL && list_password(text, len))
        kind = "connection string with a password";
    return kind;
}

/* The words of a name, from its end: "db.root-password" has "password", "root", "db". */
static size_t last_word(const char *name, size_t *len)
{
    size_t end = *len, begin;
    while (end > 0 && !isalnum((unsigned char) name[end - 1]))
        end--;
    begin = end;
    while (begin > 0 && isalnum((unsigned char) name[begin - 1]))
        begin--;
    *len = end;
    return begin;
}

static bool ends_with(const char *word, size_t len, const char *const *ends, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t e = strlen(ends[i]);
        if (len >= e && strncasecmp(word + len - e, ends[i], e) == 0)
            return true;
    }
    return false;
}

static bool is_word(const char *word, size_t len, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == len && strncasecmp(word, words[i], len) == 0)
            return true;
    return false;
}

/* yes, no and the like answer a question that the name asks: ALLOW_EMPTY_PASSWORD. */
static bool answer(const char *value)
{
    static const char *const words[] = {
        "yes", "no", "true", "false", "on", "off", "1", "0", "none", "null"
    };
    return is_word(value, strlen(value), words, ARRAY_LEN(words));
}

const char *secret_in_variable(const char *name, size_t len, const char *value)
{
    static const char *const sure[] = { "password", "passwd", "passphrase", "passwort" };
    static const char *const sure_words[] = { "pass", "pwd", "pw", "userpw" };
    static const char *const likely[] = { "secret",      "token",     "apikey",    "credential",
                                          "credentials", "accesskey", "secretkey", "privatekey" };
    static const char *const of_key[] = { "api",        "access",  "secret",  "private", "master",
                                          "encryption", "signing", "session", "auth",    "account",
                                          "service",    "app",     "base",    "shared" };
    static const char *const key[] = { "key" };
    size_t n = strlen(value), end = len;
    const char *kind = secret_in_text(value, n);
    if (kind != NULL)
        return kind;
    if (placeholder(value, n) || value[0] == '/' || answer(value))
        return NULL;
    size_t at = last_word(name, &end);
    bool alone = at == 0; /* PWD is the shell's directory */
    if (ends_with(name + at, end - at, sure, ARRAY_LEN(sure)) ||
        (!alone && is_word(name + at, end - at, sure_words, ARRAY_LEN(sure_words)) &&
         strncasecmp(name, "oldpwd", 6) != 0))
        return "password";
    bool maybe = ends_with(name + at, end - at, likely, ARRAY_LEN(likely));
    if (is_word(name + at, end - at, key, ARRAY_LEN(key)) || strncasecmp(name + at, "base", 4) == 0) {
        size_t before_end = at, before = last_word(name, &before_end);
        maybe = maybe || is_word(name + before, before_end - before, of_key, ARRAY_LEN(of_key)) ||
                (before_end - before == 3 && strncasecmp(name + before, "key", 3) == 0); /* SECRET_KEY_BASE */
    }
    return maybe && n >= 16 && entropy(value, n) >= BITS(30) ? "secret" : NULL;
}
