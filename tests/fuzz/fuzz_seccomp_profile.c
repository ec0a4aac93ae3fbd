// SPDX-License-Identifier: Apache-2.0
/*
 * A profile in docker's format from hostile bytes, compiled for both machines: the program must be one that the kernel takes. The
 * first byte chooses the capabilities; the bytes are also taken as a program, as a damaged cache file would have it.
 */
#include "fuzz.h"

#include "base/log.h"
#include "confine/seccomp.h"
#include "confine/seccomp_profile.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "fuzz");
    return 0;
}

static void use_program(const uint8_t *data, size_t size)
{
    struct sock_filter insns[64];
    size_t n = MIN_OF(size / sizeof(insns[0]), ARRAY_LEN(insns));
    memcpy(insns, data, n * sizeof(insns[0]));
    if (seccomp_program_check(insns, n, NULL) >= 0)
        MUST(n > 0 && BPF_CLASS(insns[n - 1].code) == BPF_RET);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    use_program(data + 1, size - 1);
    for (int machine = 0; machine < 2; machine++) {
        struct seccomp_profile_env env = { .caps = (uint64_t) data[0] << 16 | data[0],
                                           .arch = machine == 0 ? "amd64" : "arm64",
                                           .kernel_major = 6,
                                           .kernel_minor = 1 };
        _cleanup_arena_ struct arena *arena = arena_new();
        struct oci_seccomp sec;
        struct seccomp_filter filter;
        struct error err = { 0 };
        if (seccomp_profile_parse((const char *) data + 1, size - 1, "profile", &env, arena, &sec, &err) < 0)
            continue;
        if (seccomp_compile_for(machine == 0 ? SECCOMP_ARCH_X86_64 : SECCOMP_ARCH_AARCH64, &sec, &filter,
                                &err) < 0)
            continue;
        MUST(seccomp_program_check(filter.insns, filter.n, &err) >= 0);
        seccomp_filter_free(&filter);
    }
    return 0;
}
