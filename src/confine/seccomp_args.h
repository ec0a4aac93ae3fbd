// SPDX-License-Identifier: Apache-2.0
/*
 * confine/seccomp_args.h: the part of a filter that looks at the arguments of one call, for the other seccomp files only.
 *
 * Failure mode: emitting cannot fail; what no argument can fulfil becomes a rule that never matches. seccomp_compile() refuses a program
 * over 4096 instructions (-E2BIG) and has each one checked as the kernel does (seccomp_program_check()).
 */
#pragma once

#include "confine/seccomp_bpf.h"

/* One rule for one call of one architecture. */
struct call_rule {
    uint32_t nr;
    uint32_t seq;     /* position in the document */
    uint32_t verdict; /* SECCOMP_RET_* with its data */
    size_t n_args;    /* 0: decides the call */
    const struct oci_seccomp_arg *args;
    struct oci_seccomp_arg one; /* what args points to when the rule was made from a part of another */
};

/*
 * Code for n > 0 rules with args, in the order in which they are tried. words: compare 32-bit words. nomatch is where a call goes
 * that none of them matches.
 */
bpf_label seccomp_args_emit(struct bpf_gen *g, const struct call_rule *rules, size_t n, bool words,
                            bpf_label nomatch);

static inline const struct oci_seccomp_arg *call_rule_arg(const struct call_rule *r, size_t i)
{
    return r->args == NULL ? &r->one : &r->args[i];
}
