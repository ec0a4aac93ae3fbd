# SPDX-License-Identifier: Apache-2.0
# features.md and features-linux.md: what musts.txt has under F.
bats_require_minimum_version 1.5.0
load lib
setup() {
  spec_setup
  rt features >"$place/features" || skip "$RUNTIME has no such command"
}
teardown() { spec_teardown; }

@test "F-001 both versions are there, in order, and accepted" {
  jq -e '.ociVersionMin <= .ociVersionMax' "$place/features"
  for end in Min Max; do
    shows fine 'echo fine' '.ociVersion = $v' --arg v "$(jq -er ".ociVersion$end" "$place/features")"
  done
}
@test "F-005 options of single file systems are not among the mount options" {
  jq -e '.mountOptions | length > 40 and ([.[] | select(test("=") or IN("size", "mode", "nr_inodes", "uid", "gid", "ptmxmode", "newinstance"))] == [])' "$place/features"
}
@test "F-006 annotations are strings by key" {
  jq -e '.annotations | type == "object" and ([.[] | type] | unique == ["string"])' "$place/features"
}
@test "F-007 the document is the same where the kernel says it is another one" {
  setarch --uname-2.6 true || skip 'needs setarch'
  timeout 30 setarch --uname-2.6 "$runtime" --root "$place/rt" features | cmp - "$place/features"
  (cd / && env -i "PATH=$PATH" "$runtime" features) | cmp - "$place/features"
}
@test "F-013 idmap is told as it is" {
  mkdir "$place/data"
  touch "$place/data/file"
  jq -e .linux.mountExtensions.idmap.enabled "$place/features"
  shows 1000 'stat -c %u /mnt/file' '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["bind", "idmap"], uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }] }]' --arg s "$place/data"
}
@test "F-014 each mode and flag of memory policies" {
  for mode in $(jq -er '.linux.memoryPolicy.modes[]' "$place/features"); do
    case $mode in
    MPOL_DEFAULT | MPOL_LOCAL) nodes= ;;
    *) nodes=0 ;;
    esac
    shows fine 'echo fine' '.linux.memoryPolicy = ({ mode: $m } + if $n == "" then {} else { nodes: $n } end)' --arg m "$mode" --arg n "$nodes"
  done
  for flag in $(jq -er '.linux.memoryPolicy.flags[]' "$place/features"); do
    shows fine 'echo fine' '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: [$f] }' --arg f "$flag"
  done
}
