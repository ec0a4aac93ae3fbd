# SPDX-License-Identifier: Apache-2.0
# linux.seccomp of the runtime specification, as the lines that bpf.c reads.

def act($errno): if . == "SCMP_ACT_ALLOW" then "allow" else ($errno // 1) end;

.defaultErrnoRet as $errno
| "default \(.defaultAction | act($errno))",
  (.architectures[] | "arch \(.)"),
  (.syscalls[] | .errnoRet as $errno | (.action | act($errno)) as $act
   | ([.args[]? | " \(.index) \(.op) \(.value) \(.valueTwo // 0)"] | join("")) as $args
   | .names[] | "rule \($act) \(.)\($args)")
