// SPDX-License-Identifier: Apache-2.0
/*
 * image/http_proxy.h: which proxy a request goes through: docker's variables, with docker's meaning.
 *
 *   HTTPS_PROXY, HTTP_PROXY (in lower case too)   of https:// and http://; else ALL_PROXY, which docker has not. "" is none
 *   NO_PROXY                                      commas between: "*", an address, a block ("10.0.0.0/8"), "example.org" (and all below
 *                                                 it), ".example.org" or "*.example.org" (all below it alone); each with ":PORT" or without
 *
 * This machine itself is always spoken to directly. HTTP_PROXY is not read where REQUEST_METHOD is set: there the client of a CGI
 * program chooses it.
 */
#pragma once

#include "base/util.h"

struct http_proxy {
    const char *url;      /* NULL: none. The environment's */
    const char *variable; /* that has it */
    char shown[256];      /* without the login in it */
};

/* origin: "scheme://host:port" in lower case, as http_origin_text() makes it. */
void http_proxy_find(const char *origin, struct http_proxy *ret);
