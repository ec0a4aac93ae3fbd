// SPDX-License-Identifier: Apache-2.0
/* Addresses out of messages, also damaged ones; and, with the rights for it, an interface and its addresses in a namespace of the test's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "sys/netlink.h"

static union {
    struct nlmsghdr head;
    char space[256];
} m;

static void begin(int family, uint32_t index)
{
    memset(&m, 0, sizeof(m));
    m.head = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
                                .nlmsg_type = RTM_NEWADDR };
    *(struct ifaddrmsg *) NLMSG_DATA(&m.head) = (struct ifaddrmsg){
        .ifa_family = (uint8_t) family, .ifa_prefixlen = 24, .ifa_index = index, .ifa_flags = IFA_F_PERMANENT
    };
}

static void add(uint16_t type, const void *data, size_t n)
{
    struct rtattr *a = (void *) (m.space + NLMSG_ALIGN(m.head.nlmsg_len));
    a->rta_type = type;
    a->rta_len = (unsigned short) RTA_LENGTH(n);
    memcpy(RTA_DATA(a), data, n);
    m.head.nlmsg_len = NLMSG_ALIGN(m.head.nlmsg_len) + (uint32_t) RTA_LENGTH(n);
}

static void reads(void **state _unused_)
{
    struct netlink_address a;
    uint32_t flags = IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE, metric = 7;
    begin(AF_INET, 3);
    add(IFA_ADDRESS, "\xc0\0\2\1", 4);
    add(IFA_LOCAL, "\xc0\0\2\1", 4);
    add(IFA_BROADCAST, "\xc0\0\2\xff", 4);
    add(IFA_LABEL, "eth0", 5);
    add(IFA_FLAGS, &flags, 4);
    add(IFA_RT_PRIORITY, &metric, 4);
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 1);
    assert_true(a.family == AF_INET && a.prefix == 24 && a.length == 4 && a.flags == flags &&
                a.priority == 7);
    assert_true(!a.has_peer && a.has_broadcast && memcmp(a.local, "\xc0\0\2\1", 4) == 0);
    assert_int_equal(netlink_address_read(&m.head, 4, &a), 0); /* another interface */

    begin(AF_INET, 3);
    add(IFA_ADDRESS, "\xc0\0\2\2", 4);
    add(IFA_LOCAL, "\xc0\0\2\1", 4);
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 1);
    assert_true(a.has_peer && memcmp(a.peer, "\xc0\0\2\2", 4) == 0 && memcmp(a.local, "\xc0\0\2\1", 4) == 0);

    begin(AF_INET6, 3);
    add(IFA_ADDRESS, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16);
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 1);
    assert_true(!a.has_peer && a.length == 16 && a.local[15] == 7);
}

static void damaged(void **state _unused_)
{
    struct netlink_address a;
    begin(AF_INET, 3); /* no address */
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 0);
    add(IFA_LOCAL, "\1\2\3\4\5\6\7\10", 8); /* of the wrong length */
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 0);
    begin(AF_UNIX, 3);
    add(IFA_LOCAL, "\1\2\3\4", 4);
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 0);
    begin(AF_INET, 3);
    add(IFA_LOCAL, "\1\2\3\4", 4);
    m.head.nlmsg_len -= 2; /* the attribute goes beyond the message */
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 0);
    m.head.nlmsg_len = NLMSG_LENGTH(4);
    assert_int_equal(netlink_address_read(&m.head, 3, &a), 0);
}

static void in_a_namespace(void **state _unused_)
{
    _cleanup_netlink_ struct netlink nl = NETLINK_INIT;
    struct error err = { 0 };
    uint32_t index = 0;
    struct netlink_address *list = NULL, a = { .family = AF_INET,
                                               .prefix = 24,
                                               .length = 4,
                                               .local = { 192, 0, 2, 5 },
                                               .broadcast = { 192, 0, 2, 255 },
                                               .has_broadcast = true };
    size_t n = 0;
    if (unshare(CLONE_NEWNET) < 0)
        skip();
    assert_int_equal(netlink_open(&nl, &err), 0);
    assert_int_equal(netlink_link_index(&nl, "nothing0", &index, &err), -ENODEV);
    assert_non_null(strstr(err.msg, "nothing0"));
    assert_int_equal(netlink_link_index(&nl, "a-name-that-is-too-long", &index, NULL), -ENODEV);
    assert_int_equal(netlink_link_index(&nl, "lo", &index, &err), 0);
    assert_int_equal(index, if_nametoindex("lo"));
    assert_int_equal(netlink_link_up(&nl, index, &err), 0);
    assert_int_equal(netlink_address_add(&nl, index, &a, &err), 0);
    assert_int_equal(netlink_address_add(&nl, index, &a, &err), -EEXIST);
    assert_int_equal(netlink_addresses(&nl, index, &list, &n, &err), 0);
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found |= list[i].family == AF_INET && list[i].prefix == 24 &&
                 memcmp(list[i].local, a.local, 4) == 0 && (list[i].flags & IFA_F_PERMANENT);
    assert_true(found);
    free(list);
    /* lo cannot be moved: the kernel's reason arrives */
    assert_true(netlink_link_move(&nl, index, nl.fd, "lo1", &err) < 0);
    assert_non_null(strstr(err.msg, "cannot move the interface"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reads), cmocka_unit_test(damaged),
                                        cmocka_unit_test(in_a_namespace) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
