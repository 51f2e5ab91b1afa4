# The cluster data as xCAT has it, exported and compared (the manual, "Export Cluster Data" and "Verification on new
# active MN").
#
#   SHARE/.xcat-ha/exports/000002-1-xcatmn2-begin/   after xcatmn2 became active with epoch 2
#   SHARE/.xcat-ha/exports/000002-9-xcatmn2-end/     before it stepped down
#   SHARE/.xcat-ha/exports/000000-1-xcatmn1-begin/   before the first change
#
# Dumps hold passwords in clear: only root reads them.

readonly EXPORT_SECONDS=600
readonly COMPARE_SECONDS=60
readonly OBJECTS_SHOWN=10

exports_directory() { printf '%s/.xcat-ha/exports\n' "$SHARE"; }

# export_name begin|end: of this node's epoch.
export_name() {
  printf '%06d-%s-%s-%s\n' "$((10#${LEASE[epoch]}))" "$([[ $1 == begin ]] && echo 1 || echo 9)" "$NODE" "$1"
}

# export_cluster_data begin|end: true also where xcatd does not run: then there is nothing to export, and that is said.
export_cluster_data() {
  local name target partial kind log="$RUN/export.log"
  lease_read
  if [[ $(unit_state xcatd) != active ]] || ! virtualIp_is_here; then
    say "the cluster data is not exported: xcatd is $(unit_state xcatd)"
    return 0
  fi
  # Before the first epoch nobody owns what is there.
  [[ ${LEASE[is]} == none ]] || lease_require "the export of the cluster data"
  name=$(export_name "$1")
  target=$(exports_directory)/$name
  kind=$(share_kind "$target") || exit
  [[ $kind == absent ]] || return 0
  say "exporting the cluster data"
  share_do install -d -m 0700 "$SHARE/.xcat-ha" "$(exports_directory)"
  partial=$(share_do mktemp -d "$(exports_directory)/.partial.XXXXXX")
  if ! export_into "$partial" >"$log" 2>&1; then
    say "the cluster data could not be exported: $(last_lines "$log")"
    share_do rm -rf -- "$partial"
    return 0
  fi
  share_do chmod -R go= -- "$partial"
  share_do mv -T -- "$partial" "$target"
  say "cluster data exported: $target"
}

# export_into DIRECTORY: every table by dumpxCATdb, and beside them the manual's file where xcat-inventory works: it is
# Python 2 and gone from newer systems (docs/xcat-facts.md, Exports). What they print is the evidence.
export_into() (
  umask 077
  share_do install -d -m 0700 "$1/tables" || exit 1
  xcat "$EXPORT_SECONDS" dumpxCATdb -p "$1/tables" && share_do test -s "$1/tables/site.csv" || exit 1
  xcat "$EXPORT_SECONDS" xcat-inventory export --format yaml -f "$1/inventory.yaml" ||
    share_do rm -f -- "$1/inventory.yaml"
)

# export_differences OLD NEW: a line per value that differs: what was there, what is there. False where one of them
# cannot be read.
export_differences() {
  within "$COMPARE_SECONDS" bash -c '
    set -euo pipefail
    old=$(perl -e "$3" "$1")
    new=$(perl -e "$3" "$2")
    { diff <(printf "%s\n" "$old") <(printf "%s\n" "$new") || (($? == 1)); } |
      sed -n "s/^< /was: /p; s/^> /is:  /p" | LC_ALL=C sort -s -b -k2,3
  ' compare "$1" "$2" "$FLATTEN_EXPORT_PERL" </dev/null
}

# objects_of: of such lines on standard input a line per object: gone, new or changed, and in what; behind some of them
# only how many more. No values: passwords are among them.
objects_of() {
  awk -F'\t' -v shown="$OBJECTS_SHOWN" '
    {
      object = substr($1, 6); column = $2
      sub(/ = .*/, "", column)
      if (!(object in columns)) order[++count] = object
      if (!named[object, column]++) columns[object] = columns[object] (columns[object] == "" ? "" : ", ") column
      if ($1 ~ /^was/) was[object] = 1; else is[object] = 1
    }
    END {
      for (at = 1; at <= count && at <= shown; at++) {
        object = order[at]
        print (!(object in is) ? "gone" : !(object in was) ? "new" : "changed") ": " object " " columns[object]
      }
      if (count > shown) print "and " (count - shown) " more"
    }
  '
}

# compare_cluster_data: the newest two exports: "same", or each object that differs, and how to see the values. Ends
# with 1 where they differ.
compare_cluster_data() {
  local exports=() differences kind found=''
  kind=$(share_kind "$(exports_directory)") || exit
  if [[ $kind != absent ]]; then
    found=$(share_do find "$(exports_directory)" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*') ||
      fail unknown "the exports of the cluster data cannot be listed on $NODE; expected the newest two" \
        "$(exports_directory); $SHARE $(share_state)" \
        "look at the shared data on $NODE, then run the same command again"
    found=$(LC_ALL=C sort <<<"$found" | tail -n 2) || exit
    [[ -z $found ]] || mapfile -t exports <<<"$found"
  fi
  if ((${#exports[@]} < 2)); then
    printf 'nothing to compare yet: %s\n' "${exports[*]:-no export}"
    return 0
  fi
  differences=$(export_differences "${exports[0]}" "${exports[1]}" 2>&1) ||
    fail unknown "the exports of the cluster data cannot be read on $NODE; expected to compare them" \
      "${exports[*]}: $(one_line "${differences:-no answer within $COMPARE_SECONDS s}")" \
      "look at them on $NODE, then run the same command again"
  printf '%s and %s: %s\n' "${exports[0]##*/}" "${exports[1]##*/}" \
    "$([[ -n $differences ]] && echo "these differ" || echo same)"
  [[ -z $differences ]] || {
    objects_of <<<"$differences" || return 2
    printf 'each value: diff -r %q %q\n' "${exports[0]}/tables" "${exports[1]}/tables"
    return 1
  }
}
