# When each step of a change of role began here, for the workstation's `xcat-ha report`: a file a run,
# RECORDS/steps/MILLISECONDS, of lines MILLISECONDS, kind and text between tabs:
#
#   run ROLE ORIGIN     it began, with its looks
#   lease STATE EPOCH   what they found; from here on it acts
#   step VERB ARGUMENT  began; it ends where the next line of this kind, or of the two below, stands
#   failed CODE         the step before it; what comes behind is the way back
#   ended CODE          the run. One that was killed has no such line
#   said TEXT           what the person who waits was told
#
# It is no part of the run: what cannot be noted is a warning, and the run goes on.

readonly KEPT_RUNS=30
# Of the run that goes on; nothing where none is noted.
STEP_FILE=''

# steps_begin BEGAN ROLE: of the former runs the newest stay.
steps_begin() {
  local noted noted_runs=()
  for noted in "$RECORDS"/steps/[0-9]*; do noted_runs+=("$noted"); done
  STEP_FILE=$RECORDS/steps/$1
  {
    [[ -d $RECORDS/steps ]] || install -d -m 0700 "$RECORDS/steps" || true
    ((${#noted_runs[@]} < KEPT_RUNS)) || rm -f -- "${noted_runs[@]:0:${#noted_runs[@]}-KEPT_RUNS+1}" || true
  } 2>/dev/null
  step_append "$1" run "$2 $ORIGIN"
}

# step_note KIND TEXT: now.
step_note() {
  [[ -n $STEP_FILE ]] || return 0
  milliseconds
  step_append "$MILLISECONDS" "$@"
}

# step_append MILLISECONDS KIND TEXT
step_append() {
  local text=$3
  document_escape text
  { printf '%s\t%s\t%s\n' "$1" "$2" "$text" >>"$STEP_FILE"; } 2>/dev/null || {
    # By `say` it would be noted.
    printf '%s: warning: %s cannot be written: xcat-ha report will not know all steps of this run\n' "$NODE" \
      "$STEP_FILE"
    STEP_FILE=
  }
}

# steps_end: the run came to its end, and says where its seconds went; not of one that was short.
steps_end() {
  local spent
  step_note ended 0
  [[ -n $STEP_FILE ]] || return 0
  spent=$(steps_spent "$STEP_FILE")
  # Behind its end nothing is noted.
  STEP_FILE=
  [[ -z $spent ]] || say "$spent"
}

# steps_spent FILE: its longest steps, in seconds.
steps_spent() {
  LC_ALL=C awk -F '\t' "$STEPS_SPENT_AWK" "$1" 2>/dev/null || true
}

# verb_steps: the files, as a document: each one's text by its name.
verb_steps() {
  local names name text
  SEEN=()
  names=$(ls -1 -- "$RECORDS/steps" 2>&1) || {
    [[ $names == *': No such file or directory' ]] || steps_untold "$names"
    names=
  }
  for name in $names; do
    [[ $name == +([0-9]) ]] || continue
    # The dot keeps the trailing newline. The oldest may go meanwhile.
    text=$(cat -- "$RECORDS/steps/$name" 2>&1 && printf .) || {
      [[ $text == *': No such file or directory' ]] || steps_untold "$text"
      continue
    }
    SEEN[$name]=${text%.}
  done
  document_write SEEN
}

steps_untold() { # EVIDENCE
  fail unknown "the steps of former runs cannot be read on $NODE; expected to read $RECORDS/steps" "$1" \
    "ls -l $RECORDS/steps on $NODE; then the same command again"
}

# verb_now: the clock of this node, in milliseconds, and which share it was set up with: two clusters may count the same
# epoch.
verb_now() {
  local share=''
  [[ ! -e $RECORDS/share-id ]] || share=$(<"$RECORDS/share-id")
  milliseconds
  SEEN=([now]=$MILLISECONDS [share]=$share)
  document_write SEEN
}
