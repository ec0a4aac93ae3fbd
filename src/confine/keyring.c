// SPDX-License-Identifier: Apache-2.0
/* How it works: keyctl(2) JOIN_SESSION_KEYRING without a name makes an anonymous one, which nobody else can join by name. */
#include "confine/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>

#include "sys/syscall.h"

int keyring_new_session(struct error *err)
{
    if (sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0 && errno != ENOSYS)
        return error_errno(err, -errno, "cannot make a session keyring");
    return 0;
}
