# SPDX-License-Identifier: Apache-2.0
#
# A seccomp profile in docker's JSON format (see "includes", "excludes" and "archMap" there) becomes linux.seccomp of the
# runtime specification, for a container without capabilities on this architecture ($arch: "amd64" or "arm64").
# $kernel: [major, minor].

def as_list: if . == null then [] else . end;
def kernel_at_least($v): ($v == null) or ($kernel >= ($v | split(".") | map(tonumber)));

# A rule counts when all of its includes hold and none of its excludes does.
def applies:
  (.includes // {}) as $in | (.excludes // {}) as $ex
  | (($in.caps | as_list | length) == 0)
    and (($in.arches | as_list) as $a | ($a | length) == 0 or ($a | index($arch)) != null)
    and kernel_at_least($in.minKernel)
    and ((($ex.arches | as_list) | index($arch)) == null)
    and (($ex.minKernel == null) or (kernel_at_least($ex.minKernel) | not));

{ amd64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" }[$arch] as $native
| {
    defaultAction,
    defaultErrnoRet: (.defaultErrnoRet // 1),
    architectures: ([.archMap[]? | select(.architecture == $native) | .architecture, (.subArchitectures | as_list)[]]),
    syscalls: [
      .syscalls[] | select(applies)
      | { names: (.names // [.name]), action }
        + (if .errnoRet then { errnoRet } else {} end)
        + (if (.args | as_list | length) > 0
           then { args: [.args[] | { index, value, op } + (if .valueTwo then { valueTwo } else {} end)] } else {} end)
    ]
  }
