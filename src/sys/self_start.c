// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: self_start is where the kernel enters the programs that put processes into containers (the linker's -e), before the
 * C library. When a word of the command line is a command that does so, the program executes itself again through a detached
 * read-only clone of the directory in which it lies, and only then goes to the C library's _start.
 *
 * Threat: CVE-2019-5736. A container's process gets at the file of the program that started or joined it through /proc/PID/exe, or by
 * being told to execute /proc/self/exe, and writes to it as the host's root. What it gets at here lies on a mount that is read-only, is
 * nowhere attached, and goes when the process does. No copy is made, as a memfd would be.
 *
 * Why so early: the second execution then costs about 0.1 ms. Started from main() it costs the C library's start twice, whose
 * questions to the processor (CPUID) alone take 0.7 ms in a virtual machine, a fifth of a container's start.
 *
 * What this code must not do: call the C library, use thread-local storage (stack protector) or data that has to be relocated
 * (pointers in tables). It is compiled without sanitizers. A failure is no error here: self_protect() reports it where it matters.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "sys/self.h"

#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

#define PATH_SIZE 4096
#define STATFS_RDONLY 1 /* ST_RDONLY in statfs.f_flags, include/linux/statfs.h */

bool self_on_readonly_mount;

#if defined(__x86_64__)
__asm__(".text\n.globl self_start\n.hidden self_start\n.type self_start, @function\n"
        "self_start:\n"
        "    mov %rdx, %rbx\n" /* kept by the call: a dynamic linker's finaliser */
        "    mov %rsp, %rdi\n"
        "    xor %ebp, %ebp\n"
        "    call self_start_c\n"
        "    mov %rbx, %rdx\n"
        "    jmp _start\n"
        ".size self_start, . - self_start\n");

static inline long call(long nr, long a, long b, long c, long d, long e)
{
    long ret;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return ret;
}
#elif defined(__aarch64__)
__asm__(".text\n.globl self_start\n.hidden self_start\n.type self_start, %function\n"
        "self_start:\n"
        "    mov x19, x0\n" /* kept by the call: a dynamic linker's finaliser */
        "    mov x0, sp\n"
        "    mov x29, xzr\n"
        "    bl self_start_c\n"
        "    mov x0, x19\n"
        "    b _start\n"
        ".size self_start, . - self_start\n");

static inline long call(long nr, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
#else
#error "self_start.c: no entry code for this architecture"
#endif

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Commands that put a process into a container. One that is only somebody's argument costs 0.1 ms and changes nothing. */
static bool enters_container(char **argv)
{
    for (; *argv; argv++)
        if (same(*argv, "run") || same(*argv, "create") || same(*argv, "exec") || same(*argv, "restore") ||
            same(*argv, "start") || same(*argv, "restart") || same(*argv, "health"))
            return true;
    return false;
}

static bool on_readonly_mount(const char *link)
{
    struct statfs st;
    st.f_flags = 0;
    return call(__NR_statfs, (long) link, (long) &st, 0, 0, 0) == 0 && (st.f_flags & STATFS_RDONLY);
}

static long clone_readonly(const char *path)
{
    struct mount_attr attr;
    const long flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    attr.attr_set = MOUNT_ATTR_RDONLY;
    attr.attr_clr = 0;
    attr.propagation = MS_PRIVATE;
    attr.userns_fd = 0;
    long fd = call(__NR_open_tree_attr, AT_FDCWD, (long) path, flags, (long) &attr, sizeof(attr));
    if (fd != -38) /* ENOSYS: before Linux 6.15 */
        return fd;
    fd = call(__NR_open_tree, AT_FDCWD, (long) path, flags, 0, 0);
    if (fd < 0)
        return fd;
    long r = call(__NR_mount_setattr, fd, (long) "", AT_EMPTY_PATH, (long) &attr, sizeof(attr));
    return r < 0 ? r : fd;
}

/*
 * Both return only when it could not be done. Through its directory the program keeps its name and has its path as its first argument,
 * by which it finds its helpers; the file alone is the way when its path does not lead to it any more (a package was upgraded meanwhile).
 */
static void execute_by_path(const char *link, char **argv, char **envp)
{
    char path[PATH_SIZE];
    path[0] = '\0';
    long slash = call(__NR_readlinkat, AT_FDCWD, (long) link, (long) path, sizeof(path) - 1, 0);
    if (slash <= 0 || path[0] != '/')
        return;
    path[slash] = '\0';
    while (path[slash] != '/')
        slash--;
    path[slash] = '\0';
    long dir = clone_readonly(slash > 0 ? path : "/");
    if (dir < 0)
        return;
    path[slash] = '/';
    char *first = argv[0];
    argv[0] = path;
    call(__NR_execveat, dir, (long) (path + slash + 1), (long) argv, (long) envp, AT_SYMLINK_NOFOLLOW);
    argv[0] = first;
    call(__NR_close, dir, 0, 0, 0, 0);
}

static void execute_file(const char *link, char **argv, char **envp)
{
    long file = clone_readonly(link);
    if (file < 0)
        return;
    call(__NR_execveat, file, (long) "", (long) argv, (long) envp, AT_EMPTY_PATH);
    call(__NR_close, file, 0, 0, 0, 0);
}

/* Called by self_start with the kernel's stack: the number of arguments, they, a NULL, the environment. */
void self_start_c(long *stack);
__attribute__((used)) void self_start_c(long *stack)
{
    long argc = stack[0];
    char **argv = (char **) (stack + 1);
    const char *link = "/proc/self/exe";
    if (argc < 1 || !enters_container(argv + 1))
        return;
    self_on_readonly_mount = on_readonly_mount(link);
    if (self_on_readonly_mount)
        return;
    execute_by_path(link, argv, argv + argc + 1);
    execute_file(link, argv, argv + argc + 1);
}
