# Progress: a line per stage with its time; on a terminal it counts while it runs.

stage_name='' stage_began=0 stage_ticker=''

stage() {
  stage_name=$1 stage_began=$SECONDS
  if [[ -t 2 ]]; then
    # The ticker ends with the caller, however that ends, and holds none of its locks.
    (while kill -0 "$$" 2>/dev/null; do
      printf '\r  %s ... %d s ' "$stage_name" "$((SECONDS - stage_began))" >&2
      sleep 1
    done) 9>&- &
    stage_ticker=$!
  else
    printf '  %s ...\n' "$stage_name" >&2
  fi
}

stage_done() {
  stage_stop
  printf '  %s: done in %d s\n' "$stage_name" "$((SECONDS - stage_began))" >&2
}

stage_stop() {
  [[ -z $stage_ticker ]] || kill "$stage_ticker" 2>/dev/null || true
  stage_ticker=
  [[ ! -t 2 ]] || printf '\r\033[K' >&2
}
