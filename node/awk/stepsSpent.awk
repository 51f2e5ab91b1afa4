# Of steps_spent in node/lib/steps.sh.
$2 == "step" || $2 == "ended" {
  if (name != "") { if (!(name in spent)) names[++count] = name; spent[name] += $1 - since }
  name = $2 == "step" ? $3 : ""; since = $1
  sub(/^apply /, "", name); sub(/ .*/, "", name)
}
NR == 1 { began = $1 }
{ last = $1 }
END {
  if (last - began < 1000) exit
  rest = last - began
  for (place = 1; place <= 5 && place <= count; place++) {
    most = ""
    for (i = 1; i <= count; i++) {
      if (!(names[i] in told) && (most == "" || spent[names[i]] > spent[most])) most = names[i]
    }
    if (spent[most] < 100) break
    told[most] = 1; rest -= spent[most]
    text = text sprintf("%s %.1f, ", most, spent[most] / 1000)
  }
  printf "took %.1f s: %slooks and the rest %.1f\n", (last - began) / 1000, text, rest / 1000
}
