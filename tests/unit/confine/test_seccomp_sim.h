// SPDX-License-Identifier: Apache-2.0
/*
 * An interpreter for seccomp's classic BPF, and what a profile means said a second time, without any compilation, as the tests'
 * reference. Programs of libseccomp run in it as well.
 */
#pragma once

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "confine/seccomp_names.h"

#define SIM_BROKEN 0xdeadbeefU /* the program did something that the kernel would not have let it */

static inline uint32_t sim_run(const struct sock_filter *insns, size_t n, const struct seccomp_data *data)
{
    uint32_t a = 0, mem[BPF_MEMWORDS] = { 0 }, x = 0;
    for (size_t pc = 0; pc < n; pc++) {
        const struct sock_filter *i = &insns[pc];
        bool yes = false;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (i->k > sizeof(*data) - 4 || i->k % 4 != 0)
                return SIM_BROKEN;
            memcpy(&a, (const char *) data + i->k, 4);
            continue;
        case BPF_LD | BPF_IMM: a = i->k; continue;
        case BPF_LD | BPF_MEM: a = mem[i->k % BPF_MEMWORDS]; continue;
        case BPF_ST: mem[i->k % BPF_MEMWORDS] = a; continue;
        case BPF_ALU | BPF_AND | BPF_K: a &= i->k; continue;
        case BPF_MISC | BPF_TAX: x = a; continue;
        case BPF_RET | BPF_K: return i->k;
        case BPF_RET | BPF_A: return a;
        case BPF_JMP | BPF_JA: pc += i->k; continue;
        case BPF_JMP | BPF_JEQ | BPF_K: yes = a == i->k; break;
        case BPF_JMP | BPF_JGT | BPF_K: yes = a > i->k; break;
        case BPF_JMP | BPF_JGE | BPF_K: yes = a >= i->k; break;
        case BPF_JMP | BPF_JSET | BPF_K: yes = (a & i->k) != 0; break;
        default: return SIM_BROKEN;
        }
        pc += yes ? i->jt : i->jf;
    }
    (void) x;
    return SIM_BROKEN;
}

static inline uint32_t sim_verdict(enum oci_seccomp_action action, struct opt_u32 errno_ret)
{
    uint32_t e = errno_ret.set ? errno_ret.v : EPERM;
    switch (action) {
    case OCI_ACT_KILL:
    case OCI_ACT_KILL_THREAD: return SECCOMP_RET_KILL_THREAD;
    case OCI_ACT_KILL_PROCESS: return SECCOMP_RET_KILL_PROCESS;
    case OCI_ACT_TRAP: return SECCOMP_RET_TRAP;
    case OCI_ACT_ERRNO: return SECCOMP_RET_ERRNO | e;
    case OCI_ACT_TRACE: return SECCOMP_RET_TRACE | e;
    case OCI_ACT_ALLOW: return SECCOMP_RET_ALLOW;
    case OCI_ACT_LOG: return SECCOMP_RET_LOG;
    case OCI_ACT_NOTIFY: return SECCOMP_RET_USER_NOTIF;
    }
    return SIM_BROKEN;
}

static inline bool sim_arg(const struct oci_seccomp_arg *c, uint64_t v)
{
    switch (c->op) {
    case OCI_CMP_NE: return v != c->value;
    case OCI_CMP_LT: return v < c->value;
    case OCI_CMP_LE: return v <= c->value;
    case OCI_CMP_EQ: return v == c->value;
    case OCI_CMP_GE: return v >= c->value;
    case OCI_CMP_GT: return v > c->value;
    case OCI_CMP_MASKED_EQ: return (v & c->value) == c->value_two;
    }
    return false;
}

/* Whether a rule matches: its args AND-ed, or OR-ed when one of them is asked about twice. */
static inline bool sim_rule(const struct oci_seccomp_rule *r, const uint64_t *args)
{
    bool all = true, any = false, repeat = false;
    for (size_t i = 0; i < r->n_args; i++) {
        bool m = sim_arg(&r->args[i], args[r->args[i].index]);
        all = all && m;
        any = any || m;
        for (size_t k = 0; k < i; k++)
            repeat = repeat || r->args[k].index == r->args[i].index;
    }
    return repeat ? any : all;
}

/* A filter of libseccomp for x86-64, also where that is not this machine. Rules are given with this machine's call numbers all the same. */
static inline scmp_filter_ctx sim_libseccomp(uint32_t def)
{
    seccomp_api_set(6); /* all actions, whatever the kernel below has */
    scmp_filter_ctx ctx = seccomp_init(def);
    assert_non_null(ctx);
    if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
        assert_int_equal(seccomp_arch_add(ctx, SCMP_ARCH_X86_64), 0);
        assert_int_equal(seccomp_arch_remove(ctx, seccomp_arch_native()), 0);
    }
    return ctx;
}

/* The verdict for call nr of a 64-bit architecture of which nothing but `sec` is known (no x32 listed). */
static inline uint32_t sim_reference(const struct oci_seccomp *sec, enum seccomp_arch arch, uint32_t nr,
                                     const uint64_t *args)
{
    uint32_t def = sim_verdict(sec->default_action, sec->default_errno_ret), best = def;
    uint32_t def_action = def & SECCOMP_RET_ACTION_FULL;
    bool permissive = def_action == SECCOMP_RET_ALLOW || def_action == SECCOMP_RET_LOG ||
                      def_action == SECCOMP_RET_TRACE,
         found = false;
    int64_t newest = -1;
    if (nr >= X32_BIT && arch == SECCOMP_ARCH_X86_64)
        return SECCOMP_RET_ERRNO | ENOSYS;
    for (size_t i = 0; i < sec->n_rules; i++) {
        const struct oci_seccomp_rule *r = &sec->rules[i];
        for (size_t k = 0; k < r->names.n; k++) {
            int64_t number = seccomp_call_number(arch, r->names.v[k]);
            newest = MAX_OF(newest, number);
            uint32_t v = sim_verdict(r->action, r->errno_ret);
            if (number != (int64_t) nr || v == def)
                continue;
            if (r->n_args == 0)
                return v;
            bool stricter = !found || (int32_t) (v & SECCOMP_RET_ACTION_FULL) <
                                          (int32_t) (best & SECCOMP_RET_ACTION_FULL);
            if (sim_rule(r, args) && stricter) {
                bool decided = false; /* a later rule without args decides all the same */
                for (size_t l = i + 1; l < sec->n_rules && !decided; l++)
                    for (size_t m = 0; m < sec->rules[l].names.n && !decided; m++)
                        decided = sec->rules[l].n_args == 0 &&
                                  sim_verdict(sec->rules[l].action, sec->rules[l].errno_ret) != def &&
                                  seccomp_call_number(arch, sec->rules[l].names.v[m]) == (int64_t) nr;
                if (!decided) {
                    best = v;
                    found = true;
                }
            }
        }
    }
    if (!permissive && newest >= 0 && (int64_t) nr > newest)
        return SECCOMP_RET_ERRNO | ENOSYS;
    return best;
}
