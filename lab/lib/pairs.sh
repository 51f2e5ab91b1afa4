# Saved pairs: a pair as it stands, in the cache under a hash of all that it was made from, so that a test starts from a
# copy in seconds.

# What decides how a pair turns out: the program, its description, the lab, and the test that sets it up.
readonly PAIR_SOURCES=(index.ts cluster.yaml Pulumi.yaml tsconfig.pulumi.json package-lock.json components config
  node lab toolchain test/lab/firstSetup.test.ts)
# What of a lab is the pair: disks, share, the project folder with its keys and the state of its stacks, and what opens
# that.
readonly PAIR_PARTS=(machines share project passphrase cluster cluster.yaml.made-from)
readonly PAIRS_KEPT=4

pair_key() {
  (cd -- "$root" && find "${PAIR_SOURCES[@]}" -type f ! -name '*.md' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) |
    sha256sum | cut -c1-16
}

require_pair_name() {
  [[ ${1:-} =~ ^[a-z][a-z-]*$ ]] ||
    fail 64 "the name of a saved pair: seen '${1:-}'; expected small letters and hyphens" '' "lab/lab save NAME"
}

# lock_pairs [-s]: what is copied, with -s, is not replaced meanwhile.
lock_pairs() { take_lock "$CACHE/pairs.lock" "saves or copies a pair" "$@"; }

# save_pair NAME: the machines are shut down, as their own poweroff does it, and stay off.
save_pair() {
  local folder node part
  folder=$CACHE/pair-$(pair_key)-$1
  stage "saving the pair as $1"
  for node in $(node_names); do
    ! machine_is_on "$node" || on "$node" systemctl poweroff </dev/null 2>/dev/null || true
  done
  for node in $(node_names); do wait_until 300 "the machine $node to be off" supervisor_ended "$node"; done
  lock_pairs
  rm -rf -- "$folder" "$folder.making"
  mkdir -- "$folder.making"
  for part in "${PAIR_PARTS[@]}"; do cp -a -- "$LAB/$part" "$folder.making/"; done
  mv -T -- "$folder.making" "$folder"
  forget_old_pairs
  drop_lock
  stage_done
}

# Each change of a source makes another pair: only the newest are worth their room.
forget_old_pairs() {
  local old
  while IFS= read -r old; do rm -rf -- "${CACHE:?}/$old"; done < <(
    find "$CACHE" -mindepth 1 -maxdepth 1 -type d -name 'pair-*' ! -name '*.making' -printf '%T@ %f\n' |
      sort -rn | tail -n +$((PAIRS_KEPT + 1)) | cut -d' ' -f2
  )
}

# take_pair NAME: what was saved becomes this lab, which is not there yet. 66: no such pair.
take_pair() {
  local folder part
  folder=$CACHE/pair-$(pair_key)-$1
  [[ ! -e $LAB/cluster ]] || another_lab "the lab $NAME is there; expected none, to make it from a saved pair"
  lock_pairs -s
  [[ -d $folder ]] ||
    fail 66 "no pair '$1' is saved that was made from what this checkout holds; expected one in $CACHE" '' \
      "test/run lab firstSetup saves set-up; or set up a pair and then lab/lab save $1"
  stage "a copy of the saved pair $1"
  rm -rf -- "$LAB"
  mkdir -p -m 0700 -- "$LAB"
  for part in "${PAIR_PARTS[@]}"; do cp -a -- "$folder/$part" "$LAB/"; done
  # Locks and process numbers of the machines' last day.
  rm -f -- "$LAB"/machines/*/{leader,bindfs,supervisor.lock}
  touch -- "$folder"
  drop_lock
  stage_done
}
