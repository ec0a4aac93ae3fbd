// SPDX-License-Identifier: Apache-2.0
/* What compiled filters do: in a simulator, against the reference and against libseccomp, and one in the real kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/log.h"
#include "test_seccomp_sim.h"

#define ALLOWED SECCOMP_RET_ALLOW
#define DENIED(e) (SECCOMP_RET_ERRNO | (e))
#define U32(x)                \
    {                         \
        .set = true, .v = (x) \
    }
#define NAMES(...)                                                                                          \
    {                                                                                                       \
        .v = (const char *[]){ __VA_ARGS__ }, .n = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) \
    }
#define ARGS(...)                                      \
    .args = (struct oci_seccomp_arg[]){ __VA_ARGS__ }, \
    .n_args = sizeof((struct oci_seccomp_arg[]){ __VA_ARGS__ }) / sizeof(struct oci_seccomp_arg)
#define RULES(...)                                       \
    .rules = (struct oci_seccomp_rule[]){ __VA_ARGS__ }, \
    .n_rules = sizeof((struct oci_seccomp_rule[]){ __VA_ARGS__ }) / sizeof(struct oci_seccomp_rule)

static struct seccomp_filter compiled(enum seccomp_arch machine, const struct oci_seccomp *sec)
{
    struct seccomp_filter f;
    struct error err = { 0 };
    if (seccomp_compile_for(machine, sec, &f, &err) < 0)
        fail_msg("%s", err.msg);
    return f;
}

static uint32_t run(const struct seccomp_filter *f, uint32_t arch, uint32_t nr, uint64_t a0, uint64_t a1)
{
    struct seccomp_data d = { .nr = (int) nr, .arch = arch, .args = { a0, a1 } };
    return sim_run(f->insns, f->n, &d);
}

static uint32_t run64(const struct seccomp_filter *f, uint32_t nr, uint64_t a0, uint64_t a1)
{
    return run(f, AUDIT_ARCH_X86_64, nr, a0, a1);
}

static void test_architectures(void **state)
{
    (void) state;
    struct oci_seccomp sec = { .set = true, .default_action = OCI_ACT_ALLOW };
    struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &sec);
    assert_int_equal(run64(&f, 0, 0, 0), ALLOWED);
    assert_int_equal(run64(&f, 600, 0, 0), ALLOWED);
    assert_int_equal(run64(&f, X32_BIT, 0, 0), DENIED(ENOSYS)); /* never allowed */
    assert_int_equal(run64(&f, X32_BIT | 520, 0, 0), DENIED(ENOSYS));
    assert_int_equal(run64(&f, UINT32_MAX, 0, 0), DENIED(ENOSYS));
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(run(&f, AUDIT_ARCH_AARCH64, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
    seccomp_filter_free(&f);

    struct oci_seccomp all = { .set = true,
                               .default_action = OCI_ACT_ERRNO,
                               .architectures = NAMES("SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_S390X"),
                               RULES({ .names = NAMES("read", "ioctl"), .action = OCI_ACT_ALLOW }) };
    f = compiled(SECCOMP_ARCH_X86_64, &all);
    assert_int_equal(run64(&f, 0, 0, 0), ALLOWED);
    assert_int_equal(run64(&f, 1, 0, 0), DENIED(EPERM));
    assert_int_equal(run64(&f, 16, 0, 0), ALLOWED);
    assert_int_equal(run64(&f, 17, 0, 0), DENIED(ENOSYS)); /* newer than the profile */
    assert_int_equal(run64(&f, X32_BIT | 0, 0, 0), ALLOWED);
    assert_int_equal(run64(&f, X32_BIT | 16, 0, 0), DENIED(EPERM));
    assert_int_equal(run64(&f, X32_BIT | 514, 0, 0), ALLOWED);
    assert_int_equal(run64(&f, X32_BIT | 515, 0, 0), DENIED(ENOSYS));
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 3, 0, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 4, 0, 0), DENIED(EPERM));
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 54, 0, 0), ALLOWED);
    seccomp_filter_free(&f);

    f = compiled(SECCOMP_ARCH_AARCH64, &all);
    assert_int_equal(run(&f, AUDIT_ARCH_AARCH64, 63, 0, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_AARCH64, 29, 0, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_AARCH64, X32_BIT, 0, 0), DENIED(ENOSYS));
    assert_int_equal(run(&f, AUDIT_ARCH_ARM, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(run(&f, AUDIT_ARCH_X86_64, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
    seccomp_filter_free(&f);
}

static void test_comparisons(void **state)
{
    static const uint64_t values[] = { 0,
                                       1,
                                       5,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x100000005,
                                       0x1ffffffff,
                                       0x500000005,
                                       0x500000006,
                                       0x7fffffffffffffff,
                                       0x8000000000000000,
                                       0xffffffff00000000,
                                       0xffffffff00000005,
                                       0xfffffffffffffffe,
                                       UINT64_MAX };
    static const uint64_t masks[] = {
        0, 1, 0xff, 0xffffffff, 0xfffff000, 0x0f0f, 0xffffffff00000000, UINT64_MAX, 0x100000001
    };
    (void) state;
    for (unsigned op = OCI_CMP_NE; op <= OCI_CMP_MASKED_EQ; op++)
        for (size_t i = 0; i < ARRAY_LEN(values); i++)
            for (size_t m = 0; m < (op == OCI_CMP_MASKED_EQ ? ARRAY_LEN(masks) : 1); m++) {
                struct oci_seccomp_arg arg = { .index = 1, .op = op, .value = values[i] };
                if (op == OCI_CMP_MASKED_EQ)
                    arg = (struct oci_seccomp_arg){
                        .index = 1, .op = op, .value = masks[m], .value_two = values[i]
                    };
                struct oci_seccomp sec = {
                    .set = true,
                    .default_action = OCI_ACT_ERRNO,
                    RULES({ .names = NAMES("ioctl"), .action = OCI_ACT_ALLOW, .args = &arg, .n_args = 1 })
                };
                struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &sec);
                for (size_t v = 0; v < ARRAY_LEN(values); v++)
                    assert_int_equal(run64(&f, 16, 0, values[v]),
                                     sim_arg(&arg, values[v]) ? ALLOWED : DENIED(EPERM));
                seccomp_filter_free(&f);
            }
}

/* On 32-bit architectures a value that is a sign extension is the small negative number, others above 2^32 never occur. */
static void test_words(void **state)
{
    (void) state;
    struct oci_seccomp sec = {
        .set = true,
        .default_action = OCI_ACT_ERRNO,
        .architectures = NAMES("SCMP_ARCH_X86", "SCMP_ARCH_X32"),
        RULES({ .names = NAMES("read"),
                .action = OCI_ACT_ALLOW,
                ARGS({ .index = 0, .op = OCI_CMP_EQ, .value = UINT64_MAX }) },
              { .names = NAMES("write"),
                .action = OCI_ACT_ALLOW,
                ARGS({ .index = 0, .op = OCI_CMP_EQ, .value = 0x100000000 }) },
              { .names = NAMES("close"),
                .action = OCI_ACT_ALLOW,
                ARGS({ .index = 0, .op = OCI_CMP_LT, .value = 0x100000000 }) },
              { .names = NAMES("mkdir"),
                .action = OCI_ACT_ALLOW,
                ARGS({ .index = 0, .op = OCI_CMP_MASKED_EQ, .value = 0xff000000ffULL, .value_two = 7 }) })
    };
    struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &sec);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 3, 0xffffffff, 0), ALLOWED);
    assert_int_equal(run64(&f, 0, 0xffffffff, 0), DENIED(EPERM));
    assert_int_equal(run64(&f, 0, UINT64_MAX, 0), ALLOWED);
    assert_int_equal(run64(&f, X32_BIT, 0xffffffff, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 4, 0, 0), DENIED(EPERM));
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 6, 0xffffffff, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 39, 0x107, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 39, 0x108, 0), DENIED(EPERM));
    seccomp_filter_free(&f);
}

static void test_merging(void **state)
{
    (void) state;
    /* Two != on one argument are OR-ed: nothing is denied. That is what the specification's engines do; it must at least be the same here. */
    struct oci_seccomp sec = {
        .set = true,
        .default_action = OCI_ACT_ERRNO,
        RULES({ .names = NAMES("socket"),
                .action = OCI_ACT_ALLOW,
                ARGS({ .op = OCI_CMP_NE, .value = 38 }, { .op = OCI_CMP_NE, .value = 40 }) },
              { .names = NAMES("bind"),
                .action = OCI_ACT_ALLOW,
                ARGS({ .index = 0, .op = OCI_CMP_EQ, .value = 1 },
                     { .index = 1, .op = OCI_CMP_EQ, .value = 2 }) },
              { .names = NAMES("connect"), .action = OCI_ACT_ALLOW, ARGS({ .op = OCI_CMP_LT, .value = 38 }) },
              { .names = NAMES("connect"), .action = OCI_ACT_ALLOW, ARGS({ .op = OCI_CMP_EQ, .value = 39 }) },
              { .names = NAMES("connect"), .action = OCI_ACT_ALLOW, ARGS({ .op = OCI_CMP_GT, .value = 40 }) },
              { .names = NAMES("kill"),
                .action = OCI_ACT_KILL_PROCESS,
                ARGS({ .op = OCI_CMP_GT, .value = 10 }) },
              { .names = NAMES("kill"), .action = OCI_ACT_ALLOW, ARGS({ .op = OCI_CMP_GT, .value = 5 }) },
              { .names = NAMES("open"), .action = OCI_ACT_ALLOW, ARGS({ .op = OCI_CMP_EQ, .value = 5 }) },
              { .names = NAMES("open"), .action = OCI_ACT_ERRNO, .errno_ret = U32(13) },
              { .names = NAMES("open"), .action = OCI_ACT_KILL })
    };
    struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &sec);
    for (uint64_t family = 0; family <= 45; family++) {
        assert_int_equal(run64(&f, 41, family, 0), ALLOWED);
        assert_int_equal(run64(&f, 42, family, 0), family == 38 || family == 40 ? DENIED(EPERM) : ALLOWED);
        assert_int_equal(run64(&f, 42, family | 1ULL << 32, 0),
                         ALLOWED); /* > 40: high bits get past a comparison by value */
        assert_int_equal(run64(&f, 62, family, 0), family > 10  ? SECCOMP_RET_KILL_PROCESS
                                                   : family > 5 ? ALLOWED
                                                                : DENIED(EPERM));
    }
    assert_int_equal(run64(&f, 49, 1, 2), ALLOWED);
    assert_int_equal(run64(&f, 49, 1, 3), DENIED(EPERM));
    assert_int_equal(run64(&f, 49, 0, 2), DENIED(EPERM));
    assert_int_equal(run64(&f, 2, 5, 0), DENIED(13));
    seccomp_filter_free(&f);
}

static void test_subcalls(void **state)
{
    (void) state;
    struct oci_seccomp sec = {
        .set = true,
        .default_action = OCI_ACT_ERRNO,
        .architectures = NAMES("SCMP_ARCH_X86"),
        RULES({ .names = NAMES("socket"), .action = OCI_ACT_ALLOW, ARGS({ .op = OCI_CMP_EQ, .value = 2 }) },
              { .names = NAMES("bind", "semop", "shmat"), .action = OCI_ACT_ALLOW })
    };
    struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &sec);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 359, 2, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 359, 38, 0), DENIED(EPERM));
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 102, 1, 0), DENIED(EPERM)); /* its arguments cannot be seen */
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 102, 2, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 117, 1, 0), ALLOWED);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 117, 1 << 16 | 21, 0),
                     ALLOWED); /* a version in the high half */
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 117, 2, 0), DENIED(EPERM));
    seccomp_filter_free(&f);
    struct oci_seccomp deny = {
        .set = true,
        .default_action = OCI_ACT_ALLOW,
        .architectures = NAMES("SCMP_ARCH_X86"),
        RULES({ .names = NAMES("socket"), .action = OCI_ACT_ERRNO, ARGS({ .op = OCI_CMP_EQ, .value = 38 }) })
    };
    f = compiled(SECCOMP_ARCH_X86_64, &deny);
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 102, 1, 0), DENIED(EPERM));
    assert_int_equal(run(&f, AUDIT_ARCH_I386, 102, 3, 0), ALLOWED);
    seccomp_filter_free(&f);
}

static void test_actions(void **state)
{
    (void) state;
    struct oci_seccomp sec = {
        .set = true,
        .default_action = OCI_ACT_ERRNO,
        .default_errno_ret = U32(ENOSYS),
        .flags = NAMES("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC",
                       "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
        RULES({ .names = NAMES("read"), .action = OCI_ACT_KILL },
              { .names = NAMES("write"), .action = OCI_ACT_KILL_PROCESS },
              { .names = NAMES("open"), .action = OCI_ACT_KILL_THREAD },
              { .names = NAMES("close"), .action = OCI_ACT_TRAP },
              { .names = NAMES("stat"), .action = OCI_ACT_ERRNO, .errno_ret = U32(4095) },
              { .names = NAMES("fstat"), .action = OCI_ACT_TRACE, .errno_ret = U32(65535) },
              { .names = NAMES("lstat"), .action = OCI_ACT_LOG },
              { .names = NAMES("poll"), .action = OCI_ACT_NOTIFY },
              { .names = NAMES("lseek"), .action = OCI_ACT_TRACE },
              { .names = NAMES("mseal"), .action = OCI_ACT_ALLOW })
    };
    struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &sec);
    const uint32_t expect[] = { SECCOMP_RET_KILL_THREAD,
                                SECCOMP_RET_KILL_PROCESS,
                                SECCOMP_RET_KILL_THREAD,
                                SECCOMP_RET_TRAP,
                                DENIED(4095),
                                SECCOMP_RET_TRACE | 65535,
                                SECCOMP_RET_LOG,
                                SECCOMP_RET_USER_NOTIF,
                                SECCOMP_RET_TRACE | EPERM,
                                DENIED(ENOSYS) };
    for (uint32_t i = 0; i < ARRAY_LEN(expect); i++)
        assert_int_equal(run64(&f, i, 0, 0), expect[i]);
    assert_int_equal(run64(&f, 462, 0, 0), ALLOWED);
    assert_true(f.has_notify);
    assert_int_equal(f.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
                                  SECCOMP_FILTER_FLAG_NEW_LISTENER | 1U << 5);
    seccomp_filter_free(&f);
    sec.n_rules = 4;
    f = compiled(SECCOMP_ARCH_X86_64, &sec);
    assert_false(f.has_notify);
    assert_int_equal(f.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
    seccomp_filter_free(&f);
}

static void test_errors(void **state)
{
    (void) state;
#define BAD(text, ...)                     \
    {                                      \
        { .set = true, __VA_ARGS__ }, text \
    }
    const struct {
        struct oci_seccomp sec;
        const char *text;
    } bad[] = {
        BAD("defaultAction", .default_action = OCI_ACT_NOTIFY),
        BAD("architectures[1]", .default_action = OCI_ACT_ALLOW,
            .architectures = NAMES("SCMP_ARCH_X86", "SCMP_ARCH_VAX")),
        BAD("flags[0]", .default_action = OCI_ACT_ALLOW, .flags = NAMES("SECCOMP_FILTER_FLAG_NEW_LISTENER")),
        BAD("defaultErrnoRet", .default_action = OCI_ACT_ALLOW, .default_errno_ret = U32(1)),
        BAD("4096 is out of range", .default_action = OCI_ACT_ERRNO, .default_errno_ret = U32(4096)),
        BAD("syscalls[0].errnoRet", .default_action = OCI_ACT_ERRNO,
            RULES({ .names = NAMES("read"), .action = OCI_ACT_ALLOW, .errno_ret = U32(1) })),
        BAD("args[0].index", .default_action = OCI_ACT_ERRNO,
            RULES({ .names = NAMES("read"), .action = OCI_ACT_ALLOW, ARGS({ .index = 6 }) })),
        BAD("unknown system call \"frobnicate\"", .default_action = OCI_ACT_ERRNO,
            RULES({ .names = NAMES("frobnicate"), .action = OCI_ACT_KILL })),
        BAD("unknown system call \"frobnicate\"", .default_action = OCI_ACT_ALLOW,
            RULES({ .names = NAMES("frobnicate"), .action = OCI_ACT_ERRNO })),
        BAD("unknown system call \"\"", .default_action = OCI_ACT_ALLOW,
            RULES({ .names = NAMES(""), .action = OCI_ACT_ERRNO })),
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct seccomp_filter f = { 0 };
        struct error err = { 0 };
        assert_int_equal(seccomp_compile(&bad[i].sec, &f, &err), -EINVAL);
        if (strstr(err.msg, bad[i].text) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", bad[i].text, err.msg);
    }
    /* An unknown name that is only allowed, or denied where all is denied, is left out. */
    struct oci_seccomp ok = {
        .set = true,
        .default_action = OCI_ACT_ERRNO,
        RULES({ .names = NAMES("frobnicate", "read"), .action = OCI_ACT_ALLOW },
              { .names = NAMES("frobnicate"), .action = OCI_ACT_ERRNO, .errno_ret = U32(2) })
    };
    struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &ok);
    assert_int_equal(run64(&f, 0, 0, 0), ALLOWED);
    seccomp_filter_free(&f);
}

/* Thousands of rules: fits, or is an error; deep in no case. */
static void test_size(void **state)
{
    (void) state;
    enum { N = 20000 };
    static struct oci_seccomp_arg args[N][2];
    struct oci_seccomp_rule *rules = xcalloc(N, sizeof(*rules));
    static const char *names[] = { "ioctl" };
    for (uint32_t i = 0; i < N; i++) {
        args[i][0] = (struct oci_seccomp_arg){ .index = 1, .op = OCI_CMP_EQ, .value = i * 3 };
        args[i][1] = (struct oci_seccomp_arg){ .index = 2, .op = OCI_CMP_EQ, .value = i };
        rules[i] = (struct oci_seccomp_rule){
            .names = { .v = names, .n = 1 }, .action = OCI_ACT_ALLOW, .args = args[i], .n_args = 2
        };
    }
    struct oci_seccomp sec = { .set = true, .default_action = OCI_ACT_ERRNO, .rules = rules, .n_rules = N };
    struct seccomp_filter f = { 0 };
    struct error err = { 0 };
    assert_int_equal(seccomp_compile(&sec, &f, &err), -E2BIG);
    for (uint32_t i = 0; i < N; i++)
        rules[i].n_args = 1;
    assert_int_equal(seccomp_compile(&sec, &f, &err), -E2BIG);
    sec.n_rules = 600; /* one condition each: a search, with jumps over more than 255 instructions */
    f = compiled(SECCOMP_ARCH_X86_64, &sec);
    for (uint64_t v = 0; v < 2000; v++) {
        assert_int_equal(run64(&f, 16, 0, v), v % 3 == 0 && v < 1800 ? ALLOWED : DENIED(EPERM));
        assert_int_equal(run64(&f, 16, 0, v | 1ULL << 40), DENIED(EPERM));
    }
    seccomp_filter_free(&f);
    free(rules);
}

static void test_program_check(void **state)
{
    (void) state;
    struct sock_filter ok[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
                                BPF_STMT(BPF_RET | BPF_K, 1) };
    assert_int_equal(seccomp_program_check(ok, 4, NULL), 0);
    assert_int_equal(seccomp_program_check(ok, 0, NULL), -EINVAL);
    assert_int_equal(seccomp_program_check(ok, 2, NULL), -EINVAL);
    const struct {
        size_t at;
        struct sock_filter insn;
    } bad[] = {
        { 0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64) },
        { 0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2) },
        { 0, BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0) },
        { 1, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 2, 0) },
        { 1, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2) },
        { 1, BPF_STMT(BPF_JMP | BPF_JA, 2) },
        { 1, BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX) },
        { 3, BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0) },
        { 0, BPF_STMT(BPF_ST, 99) },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct sock_filter p[4];
        memcpy(p, ok, sizeof(p));
        p[bad[i].at] = bad[i].insn;
        assert_int_equal(seccomp_program_check(p, 4, NULL), -EINVAL);
    }
}

static void test_names(void **state)
{
    (void) state;
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86_64, "read"), 0);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X32, "mseal"), X32_BIT | 462);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_AARCH64, "uretprobe"), -EOPNOTSUPP);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86_64, "uretprobe"), 335);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86_64, "chown32"), -EOPNOTSUPP);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86, "socket"), 359);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86_64, "riscv_hwprobe"), -EOPNOTSUPP);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86_64, "frobnicate"), -ENOENT);
    assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86_64, ""), -ENOENT);
    int64_t newest = 0;
    for (uint32_t nr = 0; nr < 1000; nr++) {
        char *owned;
        const char *name = seccomp_call_name(SECCOMP_ARCH_X86_64, nr, &owned);
        if (name != NULL) {
            assert_int_equal(seccomp_call_number(SECCOMP_ARCH_X86_64, name), nr);
            newest = nr;
        }
        free(owned);
    }
    assert_int_equal(newest, SECCOMP_CALL_NEWEST);
}

/* Random rule sets, one verdict for all the rules of a call so that their order cannot matter. */
static uint64_t random_value(void)
{
    static const uint64_t base[] = { 0,          1,           2,           16,
                                     38,         0x5412,      0x7fffffff,  0x80000000,
                                     0xffffffff, 0x100000000, 0x100005412, 0xffffffff80000000,
                                     UINT64_MAX };
    return base[(size_t) rand() % ARRAY_LEN(base)] + (uint64_t) (rand() % 3) - 1;
}

struct random_set {
    struct oci_seccomp sec;
    struct oci_seccomp_rule rules[64];
    struct oci_seccomp_arg args[64][3];
    const char *names[64][1];
};

static const char *const random_names[] = { "read",        "write",  "ioctl",          "socket",
                                            "clone",       "clone3", "openat",         "statx",
                                            "personality", "mseal",  "io_uring_setup", "prctl" };

static void random_fill(struct random_set *s, unsigned seed, bool mix)
{
    static const enum oci_seccomp_action acts[] = { OCI_ACT_ALLOW, OCI_ACT_ERRNO, OCI_ACT_LOG, OCI_ACT_TRAP,
                                                    OCI_ACT_KILL_PROCESS };
    srand(seed);
    memset(s, 0, sizeof(*s));
    s->sec = (struct oci_seccomp){ .set = true,
                                   .default_action = rand() % 3 == 0 ? OCI_ACT_ALLOW : OCI_ACT_ERRNO,
                                   .rules = s->rules };
    s->sec.n_rules = 1 + (size_t) rand() % ARRAY_LEN(s->rules);
    for (size_t i = 0; i < s->sec.n_rules; i++) {
        size_t call = (size_t) rand() % ARRAY_LEN(random_names);
        s->names[i][0] = random_names[call];
        s->rules[i] = (struct oci_seccomp_rule){ .names = { .v = s->names[i], .n = 1 }, .args = s->args[i] };
        s->rules[i].action = acts[(mix ? (size_t) rand() : call + seed) % ARRAY_LEN(acts)];
        if (s->rules[i].action == OCI_ACT_ERRNO)
            s->rules[i].errno_ret = (struct opt_u32) U32(13);
        s->rules[i].n_args = rand() % 12 == 0 ? 0 : 1 + (size_t) (rand() % 8 == 0 ? rand() % 3 : 0);
        for (size_t k = 0; k < s->rules[i].n_args; k++) {
            struct oci_seccomp_arg *a = &s->args[i][k];
            *a = (struct oci_seccomp_arg){ .index = (uint32_t) (rand() % 3),
                                           .op = (enum oci_seccomp_op)(rand() % 7),
                                           .value = random_value() };
            if (a->op == OCI_CMP_MASKED_EQ) {
                a->value = rand() % 2 ? 0xffffffff : rand() % 2 ? 0xfffffff0 : random_value();
                a->value_two = random_value() & a->value;
            }
        }
    }
}

static void random_check(const struct random_set *s, const struct seccomp_filter *f, unsigned seed)
{
    for (int i = 0; i < 400; i++) {
        int64_t nr = seccomp_call_number(SECCOMP_ARCH_X86_64,
                                         random_names[(size_t) rand() % ARRAY_LEN(random_names)]);
        if (rand() % 8 == 0)
            nr = rand() % 600;
        struct seccomp_data d = { .nr = (int) nr,
                                  .arch = AUDIT_ARCH_X86_64,
                                  .args = { random_value(), random_value(), random_value() } };
        uint64_t args[6];
        memcpy(args, d.args, sizeof(args));
        uint32_t expect = sim_reference(&s->sec, SECCOMP_ARCH_X86_64, (uint32_t) nr, args),
                 got = sim_run(f->insns, f->n, &d);
        if (got != expect)
            fail_msg("seed %u: call %d (%#llx, %#llx, %#llx): %#x instead of %#x", seed, (int) nr,
                     (unsigned long long) args[0], (unsigned long long) args[1], (unsigned long long) args[2],
                     got, expect);
    }
}

static void test_random_reference(void **state)
{
    (void) state;
    static struct random_set s;
    log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "test");
    for (unsigned seed = 1; seed <= 3000; seed++) {
        random_fill(&s, seed, seed % 2 == 0);
        struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &s.sec);
        random_check(&s, &f, seed);
        seccomp_filter_free(&f);
    }
}

/* libseccomp as a second witness. */
struct oracle {
    struct sock_filter v[BPF_MAXINSNS];
    size_t n;
};

static uint32_t scmp_action(uint32_t verdict)
{
    return verdict == SECCOMP_RET_USER_NOTIF ? SCMP_ACT_NOTIFY
                                             : verdict; /* the tokens are the kernel's values */
}

static int oracle_add(scmp_filter_ctx ctx, const struct oci_seccomp_rule *r, int nr, uint32_t verdict)
{
    static const enum scmp_compare ops[] = { SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                             SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ };
    struct scmp_arg_cmp cmp[6];
    bool repeat = false;
    for (size_t i = 0; i < r->n_args; i++) {
        const struct oci_seccomp_arg *a = &r->args[i];
        cmp[i] = (struct scmp_arg_cmp){
            .arg = a->index, .op = ops[a->op], .datum_a = a->value, .datum_b = a->value_two
        };
        for (size_t k = 0; k < i; k++)
            repeat = repeat || cmp[k].arg == cmp[i].arg;
    }
    if (!repeat)
        return seccomp_rule_add_array(ctx, scmp_action(verdict), nr, (unsigned) r->n_args, cmp);
    int ret = 0;
    for (size_t i = 0; i < r->n_args && ret == 0; i++)
        ret = seccomp_rule_add_array(ctx, scmp_action(verdict), nr, 1, &cmp[i]);
    return ret;
}

/* false: libseccomp does not take this set. */
static bool oracle_build(const struct oci_seccomp *sec, struct oracle *o)
{
    uint32_t def = sim_verdict(sec->default_action, sec->default_errno_ret);
    scmp_filter_ctx ctx = sim_libseccomp(scmp_action(def));
    bool ok = true;
    for (size_t i = 0; i < sec->n_rules && ok; i++)
        for (size_t k = 0; k < sec->rules[i].names.n && ok; k++) {
            int64_t nr = seccomp_call_number(SECCOMP_ARCH_X86_64, sec->rules[i].names.v[k]);
            uint32_t v = sim_verdict(sec->rules[i].action, sec->rules[i].errno_ret);
            int native = seccomp_syscall_resolve_name(sec->rules[i].names.v[k]);
            if (native == __NR_SCMP_ERROR) /* newer calls have one number everywhere */
                native = (int) nr;
            if (nr >= 0 && v != def)
                ok = oracle_add(ctx, &sec->rules[i], native, v) == 0;
        }
    if (ok) {
        char name[] = "/tmp/oakum-test-seccomp-XXXXXX";
        int fd = mkostemp(name, O_CLOEXEC);
        assert_true(fd >= 0);
        unlink(name);
        assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
        ssize_t n = pread(fd, o->v, sizeof(o->v), 0);
        assert_true(n > 0);
        o->n = (size_t) n / sizeof(*o->v);
        close(fd);
    }
    seccomp_release(ctx);
    return ok;
}

static void test_random_libseccomp(void **state)
{
    (void) state;
    static struct random_set s;
    static struct oracle o;
    unsigned compared = 0, differ = 0, sets = 0;
    for (unsigned seed = 1; seed <= 1500; seed++) {
        random_fill(&s, seed, false);
        if (!oracle_build(&s.sec, &o))
            continue;
        sets++;
        struct seccomp_filter f = compiled(SECCOMP_ARCH_X86_64, &s.sec);
        int64_t newest = -1;
        for (size_t i = 0; i < s.sec.n_rules; i++)
            newest = MAX_OF(newest, seccomp_call_number(SECCOMP_ARCH_X86_64, s.names[i][0]));
        for (int i = 0; i < 400; i++) {
            int64_t nr = seccomp_call_number(SECCOMP_ARCH_X86_64,
                                             random_names[(size_t) rand() % ARRAY_LEN(random_names)]);
            if (nr > newest) /* where runc and we differ from libseccomp on purpose */
                continue;
            struct seccomp_data d = { .nr = (int) nr,
                                      .arch = AUDIT_ARCH_X86_64,
                                      .args = { random_value(), random_value(), random_value() } };
            uint64_t args[6];
            memcpy(args, d.args, sizeof(args));
            uint32_t ours = sim_run(f.insns, f.n, &d), theirs = sim_run(o.v, o.n, &d);
            assert_int_not_equal(theirs, SIM_BROKEN);
            compared++;
            if (ours == theirs)
                continue;
            /* libseccomp 2.5 loses a branch of overlapping 64-bit GT/LT chains now and then; the rules themselves decide who is right. */
            assert_int_equal(ours, sim_reference(&s.sec, SECCOMP_ARCH_X86_64, (uint32_t) nr, args));
            differ++;
        }
        seccomp_filter_free(&f);
    }
    print_message("          %u sets, %u calls compared, libseccomp differs from the rules' meaning in %u\n",
                  sets, compared, differ);
    assert_true(sets > 300 &&
                compared > 100000); /* libseccomp 2.5 translates no call that it has no name for */
    assert_true(differ < compared / 20);
}

/* The real kernel: 0 = as expected, else the number of the step. */
static int in_kernel(void)
{
    struct oci_seccomp sec = {
        .set = true,
        .default_action = OCI_ACT_ALLOW,
        RULES({ .names = NAMES("getppid"), .action = OCI_ACT_ERRNO, .errno_ret = U32(EXDEV) },
              { .names = NAMES("ioctl"),
                .action = OCI_ACT_ERRNO,
                ARGS({ .index = 1, .op = OCI_CMP_MASKED_EQ, .value = 0xffffffff, .value_two = TIOCSTI }) },
              { .names = NAMES("mseal"), .action = OCI_ACT_KILL_PROCESS })
    };
    struct seccomp_filter f;
    if (seccomp_compile(&sec, &f, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return 1;
    if (seccomp_filter_load(&f, NULL) != 0)
        return 2;
    if (syscall(SYS_getppid) != -1 || errno != EXDEV)
        return 3;
    if (syscall(SYS_ioctl, -1, TIOCSTI, "x") != -1 || errno != EPERM)
        return 4;
    if (syscall(SYS_ioctl, -1, TIOCSTI | 1UL << 32, "x") != -1 || errno != EPERM)
        return 5;
    if (syscall(SYS_ioctl, -1, TIOCGWINSZ, NULL) != -1 || errno != EBADF)
        return 6;
    if (syscall(SYS_getpid | (long) X32_BIT) != -1 || errno != ENOSYS)
        return 7;
    syscall(462, 0, 0, 0);
    return 8;
}

static void test_kernel(void **state)
{
    (void) state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_kernel());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        fail_msg("step %d", WEXITSTATUS(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* A 64-bit process may always call the i386 ABI. */
static void test_kernel_int80(void **state)
{
    (void) state;
#if defined(__x86_64__)
    pid_t pid = fork();
    if (pid == 0) {
        struct oci_seccomp sec = { .set = true, .default_action = OCI_ACT_ALLOW };
        struct seccomp_filter f;
        if (seccomp_compile(&sec, &f, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            seccomp_filter_load(&f, NULL) != 0)
            _exit(1);
        long nr = 20; /* getpid */
        __asm__ volatile("int $0x80" : "+a"(nr) : : "memory", "r8", "r9", "r10", "r11");
        _exit(2);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status)); /* SIGSYS; SIGSEGV from a kernel without IA32_EMULATION */
#else
    print_message("          skipped: only x86-64 has a second ABI in the same process\n");
    skip();
#endif
}

static void test_kernel_listener(void **state)
{
    (void) state;
    pid_t pid = fork();
    if (pid == 0) {
        struct oci_seccomp sec = { .set = true,
                                   .default_action = OCI_ACT_ALLOW,
                                   RULES({ .names = NAMES("getppid"), .action = OCI_ACT_NOTIFY }) };
        struct seccomp_filter f;
        if (seccomp_compile(&sec, &f, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
            _exit(1);
        int fd = seccomp_filter_load(&f, NULL);
        if (fd <= 0 || (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
            _exit(2);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "test"); /* the tests provoke warnings */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_architectures),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_subcalls),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_program_check),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_random_reference),
        cmocka_unit_test(test_random_libseccomp),
        cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_kernel_int80),
        cmocka_unit_test(test_kernel_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
