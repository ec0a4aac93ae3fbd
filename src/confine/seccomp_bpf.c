// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: see the header. The search tree is why a filter loads fast: when a filter is attached, the kernel runs it for every
 * call number to learn which are always allowed (5.11), so attaching costs numbers × path length: some 8 steps in a tree, hundreds
 * in a row of comparisons.
 *
 * Threat: a wrong jump is a hole. Offsets are computed in one place, and every program is checked as the kernel checks it
 * before it is used, also one that comes from the cache.
 */
#include "confine/seccomp_bpf.h"

#include <errno.h>
#include <linux/seccomp.h>

#define JUMP_MAX 255U

void bpf_gen_free(struct bpf_gen *g)
{
    free(g->v);
    *g = (struct bpf_gen){ 0 };
}

static bpf_label push(struct bpf_gen *g, struct sock_filter insn)
{
    if (g->n == g->cap) {
        g->cap = g->cap == 0 ? 512 : g->cap * 2;
        g->v = xreallocarray(g->v, g->cap, sizeof(*g->v));
    }
    g->v[g->n++] = insn;
    return g->n;
}

bpf_label bpf_ret(struct bpf_gen *g, uint32_t value)
{
    /* An earlier one will do: whoever jumps to it brings it near. */
    for (size_t i = g->n; i > 0 && i + JUMP_MAX > g->n; i--)
        if (g->v[i - 1].code == (BPF_RET | BPF_K) && g->v[i - 1].k == value)
            return i;
    return push(g, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, value));
}

/* target, or a stand-in for it, so that an instruction written after `more` others can jump there. */
static bpf_label reach(struct bpf_gen *g, bpf_label target, size_t more)
{
    if (g->n + more - target <= JUMP_MAX)
        return target;
    const struct sock_filter insn = g->v[target - 1];
    if (BPF_CLASS(insn.code) == BPF_RET)
        return push(g, insn);
    return push(g, (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, (uint32_t) (g->n - target)));
}

/* Makes target what the next instruction falls through to. */
static void fall_to(struct bpf_gen *g, bpf_label target)
{
    if (target == g->n)
        return;
    const struct sock_filter insn = g->v[target - 1];
    if (BPF_CLASS(insn.code) == BPF_RET)
        push(g, insn);
    else
        push(g, (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, (uint32_t) (g->n - target)));
}

bpf_label bpf_load(struct bpf_gen *g, uint32_t offset, bpf_label next)
{
    fall_to(g, next);
    return push(g, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

bpf_label bpf_and(struct bpf_gen *g, uint32_t mask, bpf_label next)
{
    fall_to(g, next);
    return push(g, (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
}

bpf_label bpf_jump(struct bpf_gen *g, uint16_t op, uint32_t k, bpf_label yes, bpf_label no)
{
    if (yes == no)
        return yes;
    yes = reach(g, yes, 1);
    no = reach(g, no, 0);
    return push(g, (struct sock_filter) BPF_JUMP(BPF_JMP | op | BPF_K, k, (uint8_t) (g->n - yes),
                                                 (uint8_t) (g->n - no)));
}

bpf_label bpf_search(struct bpf_gen *g, const struct bpf_range *ranges, size_t n)
{
    if (n == 1)
        return ranges[0].target;
    /* One number between two stretches of the same kind is one comparison, not two. */
    if (n == 3 && ranges[0].target == ranges[2].target && ranges[2].first - ranges[1].first == 1)
        return bpf_jump(g, BPF_JEQ, ranges[1].first, ranges[1].target, ranges[0].target);
    size_t mid = n / 2;
    bpf_label high = bpf_search(g, ranges + mid, n - mid);
    bpf_label low = bpf_search(g, ranges, mid);
    return bpf_jump(g, BPF_JGE, ranges[mid].first, high, low);
}

struct sock_filter *bpf_gen_finish(struct bpf_gen *g, size_t *ret_n)
{
    struct sock_filter *out = xmalloc(g->n * sizeof(*out));
    for (size_t i = 0; i < g->n; i++)
        out[i] = g->v[g->n - 1 - i];
    *ret_n = g->n;
    bpf_gen_free(g);
    return out;
}

static bool insn_is_known(const struct sock_filter *insn)
{
    switch (insn->code) {
    case BPF_LD | BPF_W | BPF_ABS: return insn->k < sizeof(struct seccomp_data) && insn->k % 4 == 0;
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_RET | BPF_K:
    case BPF_JMP | BPF_JA:
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K: return true;
    default: return false;
    }
}

int seccomp_program_check(const struct sock_filter *insns, size_t n, struct error *err)
{
    if (n == 0 || n > BPF_MAXINSNS)
        return error_set(err, -EINVAL, "seccomp program of %zu instructions", n);
    for (size_t i = 0; i < n; i++) {
        const struct sock_filter *insn = &insns[i];
        size_t left = n - i - 1; /* instructions behind this one */
        bool ok = insn_is_known(insn);
        if (insn->code == (BPF_JMP | BPF_JA))
            ok = insn->k < left;
        else if (BPF_CLASS(insn->code) == BPF_JMP)
            ok = ok && insn->jt < left && insn->jf < left;
        if (!ok)
            return error_set(err, -EINVAL, "seccomp program: bad instruction %zu", i);
    }
    if (BPF_CLASS(insns[n - 1].code) != BPF_RET)
        return error_set(err, -EINVAL, "seccomp program does not end with a return");
    return 0;
}
