// SPDX-License-Identifier: Apache-2.0
/*
 * confine/seccomp_bpf.h: writes classic BPF from its end to its beginning, for the other seccomp files only.
 *
 * Classic BPF jumps forward only and conditional jumps reach 255 instructions. Written backwards every target exists before
 * the jump to it, and one that has become too far is brought near by a copy (a return) or a long jump.
 *
 * Failure mode: emitting cannot fail and has no bound. seccomp_compile() refuses what came out longer than the kernel takes (4096
 * instructions, -E2BIG) and checks every jump, load and the last return with seccomp_program_check() before the program is used.
 */
#pragma once

#include "confine/seccomp.h"

/* Where a jump may go: the number of instructions from there to the end of the program. 0 is no label. */
typedef size_t bpf_label;

struct bpf_range {
    uint32_t first;
    bpf_label target;
}; /* reaches up to the next range's first - 1 */

struct bpf_gen {
    struct sock_filter *v; /* last instruction first */
    size_t n, cap;
};

void bpf_gen_free(struct bpf_gen *g);
/* Each returns the label of what it wrote. */
bpf_label bpf_ret(struct bpf_gen *g, uint32_t value);
bpf_label bpf_load(struct bpf_gen *g, uint32_t offset, bpf_label next);
bpf_label bpf_and(struct bpf_gen *g, uint32_t mask, bpf_label next);
/* op: BPF_JEQ, BPF_JGT, BPF_JGE, comparing A with k. Writes nothing when both ways lead to the same place. */
bpf_label bpf_jump(struct bpf_gen *g, uint16_t op, uint32_t k, bpf_label yes, bpf_label no);
/* A balanced search for A in n ranges, sorted, the first beginning with 0. */
bpf_label bpf_search(struct bpf_gen *g, const struct bpf_range *ranges, size_t n);
/* The program in its order, n instructions; the caller frees. */
struct sock_filter *bpf_gen_finish(struct bpf_gen *g, size_t *ret_n) __attribute__((returns_nonnull));
