// SPDX-License-Identifier: Apache-2.0
/*
 * How: libcurl has rules of its own for these variables (no HTTP_PROXY in capitals, this machine through the proxy, ".example.org" for
 * example.org too), which send requests elsewhere than docker does. So the choice is made here and libcurl is told its result, which
 * lets errors name the proxy, too.
 */
#include "image/http_proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "base/parse.h"
#include "image/registry_hosts.h"

struct target {
    char host[300]; /* without the brackets of an address of IPv6 */
    const char *port;
    unsigned char address[16];
    int family; /* AF_UNSPEC: a name */
};

static int parse_address(const char *text, unsigned char *ret)
{
    if (inet_pton(AF_INET, text, ret) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, text, ret) == 1 ? AF_INET6 : AF_UNSPEC;
}

static bool parse_target(const char *authority, struct target *ret)
{
    const char *colon = strrchr(authority, ':');
    bool brackets = authority[0] == '[';
    size_t n = colon != NULL ? (size_t) (colon - authority) : strlen(authority);
    ret->port = colon != NULL ? colon + 1 : "";
    if (n < 2 * (size_t) brackets || str_format(ret->host, sizeof(ret->host), "%.*s",
                                                (int) (n - 2 * (size_t) brackets), authority + brackets) < 0)
        return false;
    ret->family = parse_address(ret->host, ret->address);
    return true;
}

static bool in_block(const struct target *t, const char *text, const char *slash)
{
    char base[64];
    unsigned char address[16];
    uint64_t bits;
    if (str_format(base, sizeof(base), "%.*s", (int) (slash - text), text) < 0 ||
        parse_u64(slash + 1, &bits) < 0 || parse_address(base, address) != t->family ||
        bits > (t->family == AF_INET ? 32 : 128))
        return false;
    if (memcmp(address, t->address, bits / 8) != 0)
        return false;
    unsigned char mask = (unsigned char) (0xff00 >> (bits % 8));
    return bits % 8 == 0 || ((address[bits / 8] ^ t->address[bits / 8]) & mask) == 0;
}

/* One entry of NO_PROXY. */
static bool fits(const struct target *t, char *entry)
{
    unsigned char address[16];
    const char *slash = strchr(entry, '/');
    if (str_eq(entry, "*"))
        return true;
    if (slash != NULL)
        return t->family != AF_UNSPEC && in_block(t, entry, slash);
    char *colon = strrchr(entry, ':');
    if (parse_address(entry, address) == AF_UNSPEC && colon != NULL) {
        if (!str_eq(colon + 1, t->port))
            return false;
        *colon = '\0';
    }
    size_t n = strlen(entry);
    if (n > 1 && entry[0] == '[' && entry[n - 1] == ']') {
        entry[n - 1] = '\0';
        entry++;
    }
    if (parse_address(entry, address) != AF_UNSPEC)
        return parse_address(entry, address) == t->family &&
               memcmp(address, t->address, t->family == AF_INET ? 4 : 16) == 0;
    entry += entry[0] == '*' && entry[1] == '.';
    size_t host = strlen(t->host), tail = strlen(entry);
    if (tail == 0 || t->family != AF_UNSPEC)
        return false;
    if (entry[0] != '.' && strcasecmp(t->host, entry) == 0)
        return true;
    return host > tail && strcasecmp(t->host + host - tail, entry) == 0 &&
           (entry[0] == '.' || t->host[host - tail - 1] == '.');
}

static bool spared(const struct target *t, const char *list)
{
    _cleanup_free_ char *copy = xstrdup(list);
    char *rest = copy, *word;
    while ((word = strsep(&rest, ",")) != NULL) {
        word += strspn(word, " \t");
        word[strcspn(word, " \t")] = '\0';
        if (*word != '\0' && fits(t, word))
            return true;
    }
    return false;
}

/* The first of the names that is set; *ret_name is it. */
static const char *variable(const char *const *names, const char **ret_name)
{
    for (; *names != NULL; names++) {
        const char *value = getenv(*names);
        if (value != NULL) {
            *ret_name = *names;
            return value;
        }
    }
    return NULL;
}

static void show(struct http_proxy *p)
{
    const char *rest = strstr(p->url, "://");
    rest = rest != NULL ? rest + 3 : p->url;
    size_t n = strcspn(rest, "/");
    for (size_t i = n; i-- > 0;)
        if (rest[i] == '@') {
            n -= i + 1;
            rest += i + 1;
            break;
        }
    if (str_format(p->shown, sizeof(p->shown), "%.*s", (int) n, rest) < 0)
        p->shown[0] = '\0';
}

void http_proxy_find(const char *origin, struct http_proxy *ret)
{
    static const char *const secure[] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", NULL };
    static const char *const plain[] = { "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", NULL };
    static const char *const none[] = { "NO_PROXY", "no_proxy", NULL };
    const char *authority = strstr(origin, "://"), *name;
    struct target target = { 0 };
    *ret = (struct http_proxy){ 0 };
    if (authority == NULL || host_is_loopback(authority + 3) || !parse_target(authority + 3, &target))
        return;
    const char *const *names = str_after(origin, "https:") != NULL
                                   ? secure
                                   : plain + (getenv("REQUEST_METHOD") != NULL);
    const char *url = variable(names, &ret->variable);
    const char *list = variable(none, &name);
    if (str_empty(url) || (list != NULL && spared(&target, list)))
        return;
    ret->url = url;
    show(ret);
}
