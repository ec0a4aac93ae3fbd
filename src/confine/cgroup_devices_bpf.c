// SPDX-License-Identifier: Apache-2.0
/*
 * The device list in cgroup v2: a BPF program that the kernel asks about each open and mknod of a device.
 *
 * The rules are laid out from the last to the first. r3 holds the requested access bits that no rule has decided yet: a
 * denial that touches one of them ends with 0, a permission takes its bits out and ends with 1 when none is left. Whoever
 * falls through all rules is denied. Rules before a rule that decides everything are dead and left out (the verifier refuses
 * unreachable code).
 *
 * Attached with ALLOW_MULTI: a program of an ancestor or of the container manager stays in force beside ours, all must agree.
 * An update replaces our program in one step, so there is no moment without a list.
 */
#include "confine/cgroup_impl.h"

#include <linux/bpf.h>

#define PROG_NAME "oakum_devices"
#define PER_RULE 8

#define INSN(c, d, s, o, i)                                                   \
    (struct bpf_insn)                                                         \
    {                                                                         \
        .code = c, .dst_reg = d, .src_reg = s, .off = o, .imm = (int32_t) (i) \
    }
#define LOAD32(dst, off) INSN(BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, off, 0)
#define MOV(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define JUMP_IF_NOT(reg, imm) INSN(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, imm) /* offset filled in later */

enum { TYPE = BPF_REG_2, PENDING = BPF_REG_3, MAJOR = BPF_REG_4, MINOR = BPF_REG_5 };

/* One rule at p; every jump whose offset is 0 goes behind it. Returns its length; 0-condition rules end the program. */
static size_t emit_rule(const struct device_rule *r, struct bpf_insn *p)
{
    size_t n = 0, cond;

    if (r->type != 'a')
        p[n++] = JUMP_IF_NOT(TYPE, r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (r->major >= 0)
        p[n++] = JUMP_IF_NOT(MAJOR, r->major);
    if (r->minor >= 0)
        p[n++] = JUMP_IF_NOT(MINOR, r->minor);
    if (r->access != DEV_ALL && r->allow) {
        p[n++] = INSN(BPF_ALU64 | BPF_AND | BPF_K, PENDING, 0, 0, ~(int32_t) r->access);
        p[n++] = JUMP_IF_NOT(PENDING, 0);
    } else if (r->access != DEV_ALL) {
        p[n++] = INSN(BPF_JMP32 | BPF_JSET | BPF_K, PENDING, 0, 1, r->access);
        p[n++] = INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0);
    }
    cond = n;
    p[n++] = MOV(BPF_REG_0, r->allow);
    p[n++] = EXIT();
    for (size_t i = 0; i < cond; i++) {
        if (BPF_CLASS(p[i].code) != BPF_ALU64 && p[i].off == 0)
            p[i].off = (int16_t) (n - i - 1);
    }
    return n;
}

static bool decides_all(const struct device_rule *r)
{
    return r->type == 'a' && r->major < 0 && r->minor < 0 && r->access == DEV_ALL;
}

void cgroup_bpf_generate(const struct device_rule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n)
{
    struct bpf_insn *p = xcalloc(n + 1, PER_RULE * sizeof *p);
    size_t at = 0;

    p[at++] = LOAD32(TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    p[at++] = INSN(BPF_ALU64 | BPF_MOV | BPF_X, PENDING, TYPE, 0, 0);
    p[at++] = INSN(BPF_ALU64 | BPF_RSH | BPF_K, PENDING, 0, 0, 16);
    p[at++] = INSN(BPF_ALU64 | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
    p[at++] = LOAD32(MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
    p[at++] = LOAD32(MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
    while (n > 0) {
        const struct device_rule *r = &rules[--n];
        at += emit_rule(r, p + at);
        if (decides_all(r))
            goto out;
    }
    p[at++] = MOV(BPF_REG_0, 0);
    p[at++] = EXIT();
out:
    *ret = p;
    *ret_n = at;
}

static int load(const struct device_rule *rules, size_t n, struct error *err)
{
    _cleanup_free_ struct bpf_insn *insns = NULL;
    union bpf_attr attr = { 0 };
    size_t count;
    int fd;

    cgroup_bpf_generate(rules, n, &insns, &count);
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.expected_attach_type = BPF_CGROUP_DEVICE;
    attr.insns = (uintptr_t) insns;
    attr.insn_cnt = (uint32_t) count;
    attr.license = (uintptr_t) "Apache-2.0";
    memcpy(attr.prog_name, PROG_NAME, sizeof PROG_NAME);
    fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
    if (fd < 0 && (errno == EPERM || errno == EACCES))
        return error_set(err, -EPERM,
                         "linux.resources.devices: not allowed to load the BPF program that cgroup v2 needs "
                         "for a device list");
    if (fd < 0 && errno == E2BIG)
        return error_set(err, -E2BIG,
                         "linux.resources.devices: %zu rules are more than the kernel's BPF verifier takes",
                         n);
    return fd < 0 ? error_errno(err, -errno,
                                "linux.resources.devices: cannot load the BPF program of the device list")
                  : fd;
}

/* The program of ours that is attached to the cgroup; -ENOENT if none is. */
static int find_ours(const struct cgroup_hier *h, struct error *err)
{
    uint32_t ids[64];
    union bpf_attr attr = { 0 };
    int unseen = 0;

    attr.query.target_fd = (uint32_t) h->dirfd;
    attr.query.attach_type = BPF_CGROUP_DEVICE;
    attr.query.prog_ids = (uintptr_t) ids;
    attr.query.prog_cnt = ARRAY_LEN(ids);
    if (sys_bpf(BPF_PROG_QUERY, &attr, sizeof attr) < 0)
        return error_errno(err, -errno, "linux.resources.devices: cannot list the cgroup's BPF programs");
    for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
        struct bpf_prog_info info = { 0 };
        union bpf_attr get = { .prog_id = ids[i] }, ask = { 0 };
        int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &get, sizeof get);
        if (fd < 0) {
            if (errno != ENOENT) /* detached meanwhile */
                unseen = -errno;
            continue;
        }
        ask.info.bpf_fd = (uint32_t) fd;
        ask.info.info_len = sizeof info;
        ask.info.info = (uintptr_t) &info;
        if (sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask) == 0 && str_eq(info.name, PROG_NAME))
            return fd;
        close(fd);
    }
    /* Beside an old one that stays, the new list would allow nothing that the old one does not. */
    return unseen < 0
               ? error_errno(err, unseen, "linux.resources.devices: cannot look at the cgroup's BPF programs")
               : -ENOENT;
}

int cgroup_v2_devices(const struct cgroup_hier *h, const struct device_rule *rules, size_t n, bool fresh,
                      struct error *err)
{
    _cleanup_close_ int prog = -1, old = -ENOENT;
    union bpf_attr attr = { 0 };

    if (!h)
        return error_set(err, -ENODEV,
                         "linux.resources.devices: the container is in no cgroup hierarchy for devices");
    if (!fresh) {
        old = find_ours(h, err);
        if (old < 0 && old != -ENOENT)
            return old;
    }
    prog = load(rules, n, err);
    if (prog < 0)
        return prog;
    attr.target_fd = (uint32_t) h->dirfd;
    attr.attach_bpf_fd = (uint32_t) prog;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    if (old >= 0) {
        attr.attach_flags |= BPF_F_REPLACE;
        attr.replace_bpf_fd = (uint32_t) old;
    }
    if (sys_bpf(BPF_PROG_ATTACH, &attr, sizeof attr) < 0)
        return error_errno(err, -errno,
                           "linux.resources.devices: cannot attach the device list to the cgroup");
    return 0;
}
