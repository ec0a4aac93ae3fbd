// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: compiled into the programs that are linked with musl, and into nothing else. Two parts: functions of glibc that our
 * sources use, and those that Debian's libjansson.a and libseccomp.a, which were compiled against glibc with _FORTIFY_SOURCE, call by
 * glibc's names for the checked forms. All else that the two libraries call has the same name and the same binary interface in both.
 * A function that a later version of them needs and musl lacks is an error of the linker, not a surprise at run time.
 *
 * Threats: a checked form that does not check. A length beyond the buffer ends the program, as it does with glibc. Pointers in data that
 * nobody has to write to: musl relocates a static program and leaves them writable (glibc does not), so it is done here.
 */
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/libc.h"
#include "base/util.h"

#ifndef __GLIBC__

/* ---- read-only after relocation ---- */

extern const ElfW(Ehdr) __ehdr_start
    __attribute__((visibility("hidden"))); // NOLINT(bugprone-reserved-identifier): the linker's

__attribute__((constructor)) static void protect_relocated(void)
{
    uintptr_t base = (uintptr_t) &__ehdr_start, page = getauxval(AT_PAGESZ);
    const ElfW(Phdr) *header = (const void *) ((const char *) &__ehdr_start + __ehdr_start.e_phoff);
    for (size_t i = 0; i < __ehdr_start.e_phnum; i++) {
        uintptr_t from = (base + header[i].p_vaddr) & ~(page - 1);
        uintptr_t end = (base + header[i].p_vaddr + header[i].p_memsz) & ~(page - 1);
        if (header[i].p_type == PT_GNU_RELRO && syscall(SYS_mprotect, from, end - from, PROT_READ) < 0)
            abort();
    }
}

/* ---- memcpy ---- */

/*
 * jansson appends its text a byte at a time, each with a memcpy, and musl's begins with a string instruction that takes longer than
 * most documents' words: a quarter of what `list` costs. So short ones are done by hand. Types of any alignment and alias.
 */
typedef uint16_t any16 __attribute__((aligned(1), may_alias));
typedef uint32_t any32 __attribute__((aligned(1), may_alias));
typedef uint64_t any64 __attribute__((aligned(1), may_alias));
typedef uint64_t any128 __attribute__((vector_size(16), aligned(1), may_alias));

/* First and last piece, which overlap when n is not the sum. */
#define BOTH_ENDS(type)                                                                \
    do {                                                                               \
        type first = *(const type *) s, last = *(const type *) (s + n - sizeof(type)); \
        *(type *) d = first;                                                           \
        *(type *) (d + n - sizeof(type)) = last;                                       \
    } while (0)

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memcpy(void *restrict to,
                                                                           const void *restrict from,
                                                                           size_t n)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    if (n == 1)
        *d = *s;
    else if (n == 0)
        return to;
    else if (n < 4)
        BOTH_ENDS(any16);
    else if (n < 8)
        BOTH_ENDS(any32);
    else if (n < 16)
        BOTH_ENDS(any64);
    else if (n <= 32)
        BOTH_ENDS(any128);
    else {
        any128 last = *(const any128 *) (s + n - 16);
        for (size_t i = 0; i < n - 16; i += 16)
            *(any128 *) (d + i) = *(const any128 *) (s + i);
        *(any128 *) (d + n - 16) = last;
    }
    return to;
}

/* musl's goes to its memcpy by another name, and would bring it along. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memmove(void *to, const void *from,
                                                                            size_t n)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    if ((uintptr_t) d - (uintptr_t) s >=
        n) { /* from the front, in pieces that are read before anything beyond them is written */
        for (; n >= 8; n -= 8, d += 8, s += 8)
            *(any64 *) d = *(const any64 *) s;
        for (; n > 0; n--)
            *d++ = *s++;
        return to;
    }
    for (; n >= 8; n -= 8)
        *(any64 *) (d + n - 8) = *(const any64 *) (s + n - 8);
    for (; n > 0; n--)
        d[n - 1] = s[n - 1];
    return to;
}

/* ---- errno's names ---- */

#define ERR(name) [name] = #name
static const char *const names[] = {
    ERR(EPERM),
    ERR(ENOENT),
    ERR(ESRCH),
    ERR(EINTR),
    ERR(EIO),
    ERR(ENXIO),
    ERR(E2BIG),
    ERR(ENOEXEC),
    ERR(EBADF),
    ERR(ECHILD),
    ERR(EAGAIN),
    ERR(ENOMEM),
    ERR(EACCES),
    ERR(EFAULT),
    ERR(ENOTBLK),
    ERR(EBUSY),
    ERR(EEXIST),
    ERR(EXDEV),
    ERR(ENODEV),
    ERR(ENOTDIR),
    ERR(EISDIR),
    ERR(EINVAL),
    ERR(ENFILE),
    ERR(EMFILE),
    ERR(ENOTTY),
    ERR(ETXTBSY),
    ERR(EFBIG),
    ERR(ENOSPC),
    ERR(ESPIPE),
    ERR(EROFS),
    ERR(EMLINK),
    ERR(EPIPE),
    ERR(EDOM),
    ERR(ERANGE),
    ERR(EDEADLK),
    ERR(ENAMETOOLONG),
    ERR(ENOLCK),
    ERR(ENOSYS),
    ERR(ENOTEMPTY),
    ERR(ELOOP),
    ERR(ENOMSG),
    ERR(EIDRM),
    ERR(ECHRNG),
    ERR(EL2NSYNC),
    ERR(EL3HLT),
    ERR(EL3RST),
    ERR(ELNRNG),
    ERR(EUNATCH),
    ERR(ENOCSI),
    ERR(EL2HLT),
    ERR(EBADE),
    ERR(EBADR),
    ERR(EXFULL),
    ERR(ENOANO),
    ERR(EBADRQC),
    ERR(EBADSLT),
    ERR(EBFONT),
    ERR(ENOSTR),
    ERR(ENODATA),
    ERR(ETIME),
    ERR(ENOSR),
    ERR(ENONET),
    ERR(ENOPKG),
    ERR(EREMOTE),
    ERR(ENOLINK),
    ERR(EADV),
    ERR(ESRMNT),
    ERR(ECOMM),
    ERR(EPROTO),
    ERR(EMULTIHOP),
    ERR(EDOTDOT),
    ERR(EBADMSG),
    ERR(EOVERFLOW),
    ERR(ENOTUNIQ),
    ERR(EBADFD),
    ERR(EREMCHG),
    ERR(ELIBACC),
    ERR(ELIBBAD),
    ERR(ELIBSCN),
    ERR(ELIBMAX),
    ERR(ELIBEXEC),
    ERR(EILSEQ),
    ERR(ERESTART),
    ERR(ESTRPIPE),
    ERR(EUSERS),
    ERR(ENOTSOCK),
    ERR(EDESTADDRREQ),
    ERR(EMSGSIZE),
    ERR(EPROTOTYPE),
    ERR(ENOPROTOOPT),
    ERR(EPROTONOSUPPORT),
    ERR(ESOCKTNOSUPPORT),
    ERR(EOPNOTSUPP),
    ERR(EPFNOSUPPORT),
    ERR(EAFNOSUPPORT),
    ERR(EADDRINUSE),
    ERR(EADDRNOTAVAIL),
    ERR(ENETDOWN),
    ERR(ENETUNREACH),
    ERR(ENETRESET),
    ERR(ECONNABORTED),
    ERR(ECONNRESET),
    ERR(ENOBUFS),
    ERR(EISCONN),
    ERR(ENOTCONN),
    ERR(ESHUTDOWN),
    ERR(ETOOMANYREFS),
    ERR(ETIMEDOUT),
    ERR(ECONNREFUSED),
    ERR(EHOSTDOWN),
    ERR(EHOSTUNREACH),
    ERR(EALREADY),
    ERR(EINPROGRESS),
    ERR(ESTALE),
    ERR(EUCLEAN),
    ERR(ENOTNAM),
    ERR(ENAVAIL),
    ERR(EISNAM),
    ERR(EREMOTEIO),
    ERR(EDQUOT),
    ERR(ENOMEDIUM),
    ERR(EMEDIUMTYPE),
    ERR(ECANCELED),
    ERR(ENOKEY),
    ERR(EKEYEXPIRED),
    ERR(EKEYREVOKED),
    ERR(EKEYREJECTED),
    ERR(EOWNERDEAD),
    ERR(ENOTRECOVERABLE),
    ERR(ERFKILL),
    ERR(EHWPOISON),
};
#undef ERR

const char *strerrorname_np(int code)
{
    return code > 0 && (size_t) code < ARRAY_LEN(names) ? names[code] : NULL;
}

const char *strerrordesc_np(int code)
{
    return strerrorname_np(code) ? strerror(code) : NULL;
}

/* ---- what _FORTIFY_SOURCE of glibc's headers makes of snprintf() and others ---- */

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the names are glibc's
int __snprintf_chk(char *buf, size_t n, int flag, size_t size, const char *fmt, ...);
int __vsnprintf_chk(char *buf, size_t n, int flag, size_t size, const char *fmt, va_list ap);
int __fprintf_chk(FILE *file, int flag, const char *fmt, ...);
char *__strncpy_chk(char *to, const char *from, size_t n, size_t size);

int __vsnprintf_chk(char *buf, size_t n, int flag, size_t size, const char *fmt, va_list ap)
{
    (void) flag;
    if (n > size)
        abort();
    return vsnprintf(buf, n, fmt, ap);
}

int __snprintf_chk(char *buf, size_t n, int flag, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = __vsnprintf_chk(buf, n, flag, size, fmt, ap);
    va_end(ap);
    return r;
}

int __fprintf_chk(FILE *file, int flag, const char *fmt, ...)
{
    va_list ap;
    (void) flag;
    va_start(ap, fmt);
    int r = vfprintf(file, fmt, ap);
    va_end(ap);
    return r;
}

char *__strncpy_chk(char *to, const char *from, size_t n, size_t size)
{
    if (n > size)
        abort();
    return strncpy(to, from, n);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

#endif
