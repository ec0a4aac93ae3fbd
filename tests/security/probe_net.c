// SPDX-License-Identifier: Apache-2.0
/*
 * Sockets and network interfaces. A socket that must be refused is made and closed, never bound, so that nothing is
 * received or sent; those that must work talk to themselves over loopback.
 *
 * A family that this kernel lacks answers EAFNOSUPPORT, and that is OPEN: the question reached the kernel, which would
 * have loaded a module for it (that is how most of the holes in rarely used families are reached). The row about an
 * unknown family asks for a number above all families, so that it loads none: it tells a filter that lists the good
 * families from one that lists the bad.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void ask_only_loopback(const struct row *row, struct answer *answer)
{
    (void) row;
    FILE *interfaces = fopen("/proc/self/net/dev", "re");
    char line[512], name[64], more[120] = "";
    int count = 0;
    if (!interfaces) {
        answer_open(answer, "not known: /proc/self/net/dev: %s", errno_name(errno));
        return;
    }
    while (fgets(line, sizeof(line), interfaces)) {
        if (!strchr(line, ':') || sscanf(line, " %63[^:]", name) != 1 || strcmp(name, "lo") == 0)
            continue;
        if (strlen(more) + strlen(name) + 2 < sizeof(more))
            strcat(strcat(more, " "), name);
        count++;
    }
    fclose(interfaces);
    if (count)
        answer_open(answer, "%d more:%s", count, more);
    else
        answer_sealed(answer, "lo only");
}

/* Port 80 of every address, bound and never listened on. In use is an answer too: it was not refused. */
static void ask_low_port(const struct row *row, struct answer *answer)
{
    (void) row;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        answer_broken(answer, "socket: %s", errno_name(errno));
    else if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 && errno != EADDRINUSE)
        answer_broken(answer, "bind: %s", errno_name(errno));
    else
        answer_works(answer, "bound by user %u", geteuid());
}

static void ask_loopback(const struct row *row, struct answer *answer)
{
    (void) row;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    char byte = 'x';
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || client < 0)
        answer_broken(answer, "socket: %s", errno_name(errno));
    else if (bind(server, (struct sockaddr *) &address, size) < 0 || listen(server, 1) < 0 ||
             getsockname(server, (struct sockaddr *) &address, &size) < 0)
        answer_broken(answer, "bind, listen: %s", errno_name(errno));
    else if (connect(client, (struct sockaddr *) &address, size) < 0)
        answer_broken(answer, "connect: %s", errno_name(errno));
    else if ((server = accept4(server, NULL, NULL, SOCK_CLOEXEC)) < 0)
        answer_broken(answer, "accept: %s", errno_name(errno));
    else
        answer_success(answer, send(client, &byte, 1, 0) == 1 && recv(server, &byte, 1, 0) == 1 ? 0 : -1);
}

static void ask_socket_works(const struct row *row, struct answer *answer)
{
    answer_success(answer, socket((int) row->args[0], (int) row->args[1], (int) row->args[2]));
}

static void ask_socket_pair(const struct row *row, struct answer *answer)
{
    int pair[2];
    char byte = 'x';
    (void) row;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        answer_broken(answer, "socketpair: %s", errno_name(errno));
    else
        answer_success(answer, write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1 ? 0 : -1);
}

/* What getifaddrs and every `ip` do: ask for the list of interfaces. */
static void ask_netlink(const struct row *row, struct answer *answer)
{
    (void) row;
    struct {
        struct nlmsghdr header;
        struct rtgenmsg message;
    } request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
                              .nlmsg_type = RTM_GETLINK,
                              .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
    char reply[8192];
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        answer_broken(answer, "socket: %s", errno_name(errno));
    else if (send(fd, &request, sizeof(request), 0) < 0)
        answer_broken(answer, "send: %s", errno_name(errno));
    else
        answer_success(answer, recv(fd, reply, sizeof(reply), 0));
}

#define NET "network"
#define FAMILY "seccomp: socket families"
#define WORKS "must work"
#define T .must_work = true
#define SOCKET(family, type, protocol) .nr = SYS_socket, .args = { family, (type) | SOCK_CLOEXEC, protocol }

const struct row rows_net[] = {
    { "net-only-loopback", NET, "lo is the only interface (with --network none)", ask_only_loopback },
    { "socket-raw", NET, "no raw sockets", ask_call, SOCKET(AF_INET, SOCK_RAW, IPPROTO_ICMP) },
    { "socket-raw-v6", NET, "no raw IPv6 sockets", ask_call, SOCKET(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6) },
    { "socket-packet", NET, "no packet sockets", ask_call, SOCKET(AF_PACKET, SOCK_RAW, 0) },
    { "socket-alg", FAMILY, "no AF_ALG (the kernel's cryptography)", ask_call,
      SOCKET(AF_ALG, SOCK_SEQPACKET, 0) },
    { "socket-vsock", FAMILY, "no AF_VSOCK (the hypervisor)", ask_call, SOCKET(AF_VSOCK, SOCK_STREAM, 0) },
    { "socket-unknown", FAMILY, "no family that is not on a list of good ones", ask_call,
      SOCKET(63, SOCK_STREAM, 0) },
    { "port-80", WORKS, "port 80 can be bound", ask_low_port, T },
    { "loopback", WORKS, "a TCP connection over 127.0.0.1", ask_loopback, T },
    { "socket-inet", WORKS, "IPv4 UDP sockets", ask_socket_works, T, .args = { AF_INET, SOCK_DGRAM, 0 } },
    { "socket-inet6", WORKS, "IPv6 TCP sockets", ask_socket_works, T, .args = { AF_INET6, SOCK_STREAM, 0 } },
    { "socket-unix", WORKS, "Unix socket pairs", ask_socket_pair, T },
    { "socket-netlink", WORKS, "netlink: listing the interfaces", ask_netlink, T },
    { 0 },
};
