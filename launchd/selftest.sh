#!/bin/bash
# Proves on a real Mac what the tests can only play, in three minutes, and writes one file to paste into an issue.
# From the repository, after `npm install && npm run build`, in a session at the screen:
#
#   bash launchd/selftest.sh                       everything that needs no patience
#   bash launchd/selftest.sh --lan 192.168.1.9:80  also whether an agent reaches that address
#   bash launchd/selftest.sh --after-login         installs an agent; the same again after you logged out and in
#   bash launchd/selftest.sh --sleep               installs an agent; the same again after the Mac slept
#
# Touches ~/.mcp-watchdog-selftest, files com.mcp.selftest.* in ~/Library/LaunchAgents and the report, and leaves the report.
set -u

here="$(cd "$(dirname "$0")" && pwd)"
cli="$here/../dist/cli.js"
parts="$here/selftest.mjs"
report="$HOME/mcp-watchdog-selftest.txt"
uid="$(id -u)"
domain="gui/$uid"
patience=40
# Seconds; a test of this script may change them.
frozen="${MCP_WATCHDOG_SELFTEST_FROZEN:-15}"
down="${MCP_WATCHDOG_SELFTEST_DOWN:-12}"
soon="${MCP_WATCHDOG_SELFTEST_SOON:-4}"
lan=
mode=all
while [ $# -gt 0 ]; do
  case "$1" in
    --lan) lan="${2:-}"; shift ;;
    --after-login) mode="login" ;;
    --sleep) mode="sleep" ;;
    *) sed -n 's/^# \{0,1\}//p' "$0" | sed -n '2,9p'; exit 64 ;;
  esac
  shift
done

case "$mode" in
  all) label="com.mcp.selftest.$$" home="$HOME/.mcp-watchdog-selftest" ;;
  *) label="com.mcp.selftest.$mode" home="$HOME/.mcp-watchdog-selftest-$mode" ;;
esac
# Not where the program looks for services: what it is told to stop is then asked by its own socket.
file="$home/$label.plist"
installed="$HOME/Library/LaunchAgents/$label.plist"
target="$domain/$label"

# What README promises, by the word that each check names.
promises() {
  cat <<'PROMISES'
start|Starts at login: a launchd agent starts it
restart|It is restarted when it dies or hangs
stay|A watchdog that was stopped stays stopped until the next login
leftovers|However the watchdog ends, kill -9 included, its servers are gone seconds later
tree|CPU and memory of the whole process tree
port|If another program holds the port, you get its pid and command
orphans|MCP servers that other programs left behind are found
cleanup|What runs is not deleted by cleanup
gap|When the machine slept, or the watchdog itself was blocked, no server is restarted
reload|Save the file and the change is applied
priority|The service does not throttle servers (launchd/README)
lan|Servers of the local network are reached
notify|Notifications appear on the desktop by default
uninstall|uninstall removes it; config, logs and state stay
PROMISES
}

watchdog() { node "$cli" "$@" --home "$home"; }
part() { node "$parts" "$@"; }
field() { launchctl print "${2:-$target}" 2>/dev/null | sed -n "s/^	$1 = //p" | head -1; }
number_of() { "$@" >/dev/null 2>&1; echo $?; }
is_running() { [ "$(field state)" = running ]; }
is_down() { ! is_running; }
is_gone() { [ "$(number_of launchctl print "$target")" = 113 ]; }
# Where the last daemon listens; of a dead one, nobody answers there.
listen() { sed -n 's/.*"url":"\(http[^"]*\)","msg":"Listening".*/\1/p' "$home/logs/watchdog.log" 2>/dev/null | tail -1; }
serves() { curl -s -m 5 "$(listen)/api/v1/status" | grep -q '"up":true'; }
fact() { watchdog status --json 2>/dev/null | part status "$@"; }
has_other_pid() { is_running && [ -n "$(field pid)" ] && [ "$(field pid)" != "$1" ]; }
lives() { case "$(ps -o stat= -p "$1" 2>/dev/null)" in '' | Z*) return 1 ;; *) return 0 ;; esac; }
counts_child() { local n; n="$(fact servers.0.usage.processes)"; [ "${n:-0}" -ge 2 ]; }
server_pids() { fact servers.0.pid servers.0.handshake.serverVersion; }

say() { echo "$*" | tee -a "$work/lines"; }
section() { say ""; say "## $*"; }
result() { say "$1 - $3"; echo "$2|$1|$3" >>"$work/results"; }

# check PROMISE WORDS COMMAND...: tries for some time.
check() {
  local promise="$1" words="$2" end
  shift 2
  end=$((SECONDS + patience))
  until "$@"; do
    if [ "$SECONDS" -ge "$end" ]; then
      result "not ok" "$promise" "$words"
      launchctl print "$target" 2>&1 | sed 's/^/    /' | head -40 >>"$work/lines"
      return 1
    fi
    sleep 0.2
  done
  result "ok" "$promise" "$words"
}

# run PART...: the lines of a part of selftest.mjs.
run_part() {
  local line rest
  part "$@" 2>&1 | while IFS= read -r line; do
    case "$line" in
      "ok "*) rest="${line#ok }"; result "ok" "${rest%% *}" "${rest#* }" ;;
      "not ok "*) rest="${line#not ok }"; result "not ok" "${rest%% *}" "${rest#* }" ;;
      *) say "$line" ;;
    esac
  done
}

# gone_after PIDS...: the whole seconds until all of them are gone; false when some live for longer than patience.
gone_after() {
  local pid began="$SECONDS"
  [ $# -gt 0 ] || return 1
  for pid in "$@"; do
    while lives "$pid"; do
      [ $((SECONDS - began)) -lt "$patience" ] || return 1
      sleep 0.1
    done
  done
  echo $((SECONDS - began))
}

write_config() {
  mkdir -p "$1/logs"
  chmod 700 "$1"
  cat >"$1/config.yaml" <<CONFIG
metrics: { listen: 127.0.0.1:0 }
gateway: { listen: 127.0.0.1:0 }
sampling: { interval: 2s }
servers:
  s: { command: [node, "$parts", server], probe: { interval: 2s } }
CONFIG
  chmod 600 "$1/config.yaml"
}

clean_up() {
  for one in "$label" "$label.agent" "$label.node"; do
    launchctl bootout "$domain/$one" >/dev/null 2>&1
    launchctl enable "$domain/$one" >/dev/null 2>&1
    rm -f "$HOME/Library/LaunchAgents/$one.plist"
  done
  rm -rf "$home" "$home-link" "$long"
}

# Names of this machine and its user do not belong into an issue.
anonymous() {
  local user host
  user="$(id -un 2>/dev/null)"
  host="$(hostname -s 2>/dev/null)"
  sed -e "s|$HOME|~|g" -e "s|/Users/${user:-me}|/Users/me|g" -e "s|${host:-no-such-host}|mac|g"
}

# The report: what it is about, what it comes to, then all the rest.
summary() {
  local promise words bad good failures
  {
    echo ""
    echo "## Promises of the README"
    promises | while IFS='|' read -r promise words; do
      good="$(grep -c "^$promise|ok|" "$work/results")"
      bad="$(grep "^$promise|not ok|" "$work/results" | cut -d '|' -f 3 | tr '\n' ';')"
      if [ -n "$bad" ]; then echo "BROKEN     $words: ${bad%;}"
      elif [ "$good" -gt 0 ]; then echo "confirmed  $words ($good checks)"
      else echo "not tried  $words"; fi
    done
    failures="$(grep -c '|not ok|' "$work/results")"
    echo ""
    echo "# $failures failures, $SECONDS s"
  } | tee "$work/summary"
  {
    sed '/^$/q' "$work/lines"
    cat "$work/summary"
    sed '1,/^$/d' "$work/lines" | sed '1s/^/\
/'
  } | anonymous >"$report"
  pbcopy <"$report" 2>/dev/null
  echo "The report is in $report, and on the clipboard: paste it into an issue."
  ! grep -q '|not ok|' "$work/results"
}

header() {
  say "# mcp-watchdog selftest: macOS $(sw_vers -productVersion) on $(uname -m), node $(node --version)"
  say "# translated by Rosetta: $(sysctl -n sysctl.proc_translated 2>/dev/null || echo no), node for $(node -p process.arch), $(codesign -dv "$(command -v node)" 2>&1 | grep -i signature | head -1)"
  say "# session $(launchctl managername), $(csrutil status 2>/dev/null | head -1), TMPDIR of ${#TMPDIR} bytes"
  say "# locale: $(locale 2>/dev/null | tr '\n' ' ')"
  say "# volume: $(diskutil info / 2>/dev/null | sed -n 's/.*Personality: *//p' | head -1), /bin/sh: $(/bin/sh -c 'echo "${BASH_VERSION:-not bash}"'), bash $BASH_VERSION"
}

# ends_with HOW PROMISE COMMAND...: the server and its detached child are gone in time, and the agent is back.
ends_with() {
  local how="$1" before pids took words
  shift
  before="$(field pid)"
  # Nothing but its parent tells whose it is: macOS hides the environment of /bin/sh.
  check tree "the detached child is counted before $how" counts_child
  pids="$(server_pids)"
  say "# server and its detached child: $(echo "$pids" | tr '\n' ' ')"
  "$@" >/dev/null 2>&1
  words="server and detached child are gone in $soon s after $how"
  # shellcheck disable=SC2086 # words on purpose
  if took="$(gone_after $pids)" && [ "$took" -le "$soon" ]; then result "ok" leftovers "$words"
  else result "not ok" leftovers "$words: ${took:-more than $patience} s"; fi
  [ "$how" = bootout ] && return
  check restart "it comes back after $how" has_other_pid "$before"
  say "# $how: $(launchctl print "$target" 2>/dev/null | sed -n 's/^	\(last [a-z ]* = .*\)/\1/p' | tr '\n' ' ')"
  check restart "it serves after $how" serves
}

by_hand() {
  section "launchd, step by step"
  watchdog install --print --label "$label" >"$file" 2>/dev/null
  chmod 644 "$file"
  check start "the file is a property list" plutil -lint -s "$file"
  launchctl enable "$target"
  check start "bootstrap answers 0" launchctl bootstrap "$domain" "$file"
  check start "it runs" is_running
  check start "it serves" serves
  launchctl print "$target" >"$work/print-running" 2>&1
  say "# bootstrap of what is loaded: $(number_of launchctl bootstrap "$domain" "$file")   (37 or 5 is expected)"
  say "# kickstart of what runs: $(number_of launchctl kickstart "$target")"
  say "# scheduling: $(ps -o pri=,nice= -p "$(field pid)")"
  check priority "priority 31 is unthrottled" has_priority
  ends_with "kill -9" kill -9 "$(field pid)"
  launchctl print "$target" >"$work/print-killed" 2>&1
  ends_with "kickstart -k" launchctl kickstart -k "$target"
  ends_with "a stray SIGTERM" kill -TERM "$(field pid)"
}

has_priority() { [ "$(ps -o pri= -p "$(field pid)" | tr -dc 0-9)" -ge 31 ]; }

frozen_daemon() {
  section "A daemon that does not run for $frozen s"
  local pid run
  pid="$(field pid)"
  run="$(fact servers.0.run)"
  kill -STOP "$pid"
  sleep "$frozen"
  kill -CONT "$pid"
  check gap "it answers again" serves
  say "# gaps in the journal: $(grep -c '"gap"' "$home/journal/events.jsonl")   (1 is expected)"
  check gap "no server was restarted" test "$(fact servers.0.run)" = "$run"
  check gap "nor the watchdog" test "$(field pid)" = "$pid"
  run_part reload "$home" "$(listen)"
}

stopped() {
  section "Stopped, disabled, forgotten"
  watchdog run >/dev/null 2>&1
  check stay "a second daemon ends with 0" test $? = 0
  watchdog stop >/dev/null
  check stay "after exit code 0 it is down" is_down
  sleep "$down"
  check stay "and stays down for $down s" is_down
  launchctl print "$target" >"$work/print-stopped" 2>&1
  check restart "kickstart brings it back" launchctl kickstart "$target"
  check restart "it serves again" serves
  ends_with bootout launchctl bootout "$target"
  say "# print at once: $(number_of launchctl print "$target")"
  check uninstall "it is forgotten (113)" is_gone
  say "# bootout of what is gone: $(number_of launchctl bootout "$target")   (3 or 113 is expected)"
  launchctl disable "$target"
  say "# bootstrap of what is disabled: $(number_of launchctl bootstrap "$domain" "$file")   (119 or 5 is expected)"
  launchctl enable "$target"
  chmod 666 "$file"
  say "# bootstrap of a file that all may write: $(number_of launchctl bootstrap "$domain" "$file")   (5 or 122 is expected)"
  launchctl bootout "$target" >/dev/null 2>&1
  check uninstall "it is forgotten again" is_gone
  say "# unknown label: gui/ $(number_of launchctl print "$domain/com.mcp.none"), user/ $(number_of launchctl print "user/$uid/com.mcp.none")   (113 is expected)"
  for number in 5 37 119 125 141 153 161; do say "# launchctl error $number: $(launchctl error "$number" 2>&1 | head -1)"; done
}

# job NAME ARGUMENTS...: the property list of an agent that runs these arguments once.
job() {
  local name="$1" argument
  shift
  echo '<?xml version="1.0" encoding="UTF-8"?>'
  echo '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">'
  echo "<plist version=\"1.0\"><dict><key>Label</key><string>$name</string><key>ProgramArguments</key><array>"
  for argument in "$@"; do echo "<string>$argument</string>"; done
  echo "</array><key>RunAtLoad</key><true/><key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>"
  echo "<key>ProcessType</key><string>Interactive</string><key>WorkingDirectory</key><string>$home</string>"
  echo "<key>EnvironmentVariables</key><dict><key>PATH</key><string>$(dirname "$(command -v node)"):/usr/bin:/bin:/usr/sbin:/sbin</string><key>HOME</key><string>$HOME</string></dict>"
  echo "<key>StandardOutPath</key><string>$work/agent.log</string><key>StandardErrorPath</key><string>$work/agent.log</string></dict></plist>"
}

has_file() { [ -s "$1" ]; }
has_exit_78() { case "$(field 'last exit code' "$domain/$label.node")" in 78*) return 0 ;; *) return 1 ;; esac; }

in_agent() {
  section "Inside an agent of launchd"
  local name="$label.agent"
  job "$name" "$(command -v node)" "$parts" agent "$work/agent" "$lan" >"$home/$name.plist"
  launchctl bootstrap "$domain" "$home/$name.plist"
  if [ -n "$lan" ]; then run_part connect "$lan"; fi
  check start "an agent runs and reports" has_file "$work/agent"
  while IFS= read -r line; do
    case "$line" in
      "ok lan "*) result "ok" lan "${line#ok lan }" ;;
      "not ok lan "*) result "not ok" lan "${line#not ok lan }" ;;
      *) say "$line" ;;
    esac
  done <"$work/agent"
  launchctl bootout "$domain/$name" >/dev/null 2>&1
  name="$label.node"
  job "$name" "$home/no-such-node" run >"$home/$name.plist"
  launchctl bootstrap "$domain" "$home/$name.plist" >/dev/null 2>&1
  check start "a missing program is exit code 78 of launchd" has_exit_78
  say "# missing program: $(launchctl print "$domain/$name" 2>/dev/null | sed -n 's/^	\(last [a-z ]* = .*\)/\1/p' | tr '\n' ' ')"
  launchctl bootout "$domain/$name" >/dev/null 2>&1
}

other_homes() {
  section "Other homes"
  ln -sfn "$home" "$home-link"
  check start "install --print takes a home behind a link" node_at "$home-link" install --print --label "$label"
  write_config "$long"
  node_at "$long" start >/dev/null 2>&1
  check start "a home of ${#long} bytes has a daemon that answers" node_at "$long" status
  node_at "$long" stop >/dev/null 2>&1
}

# node_at HOME COMMAND...
node_at() { local at="$1"; shift; node "$cli" "$@" --home "$at" >/dev/null 2>&1; }

by_the_program() {
  section "install and uninstall"
  rm -f "$file"
  check start "install" watchdog install --label "$label"
  check start "install once more changes nothing" watchdog install --label "$label"
  check start "it runs as installed" is_running
  check start "install --force replaces it" watchdog install --label "$label" --force
  check start "it runs as replaced" is_running
  say "# notify test: $(watchdog notify test 2>&1 | head -1)"
  ask "Did you see a notification of MCP Watchdog?"
  check uninstall "uninstall" watchdog uninstall --label "$label"
  check uninstall "nothing is loaded" is_gone
  check uninstall "the file is gone" test ! -e "$installed"
  check uninstall "the config is not" test -e "$home/config.yaml"
}

# ask QUESTION: y or n within 20 s, where somebody sits.
ask() {
  local answer=
  if [ -t 0 ]; then
    printf '%s [y/n] ' "$1"
    read -r -t 20 -n 1 answer
    echo
  fi
  case "$answer" in
    y | Y) result "ok" notify "it was seen" ;;
    n | N) result "not ok" notify "it was not seen" ;;
    *) say "# nobody said whether the notification was seen" ;;
  esac
}

raw() {
  section "Raw, as fixtures"
  local pid="$$" name
  {
    echo "\$ ps -o pid=,ppid=,pgid=,stat=,rss=,time=,lstart= -p SELF"
    LC_ALL=C TZ=UTC ps -ww -o pid=,ppid=,pgid=,stat=,rss=,time=,lstart= -p "$pid"
    LC_ALL=C ps -ww -o pid=,uid=,tty=,command= -p "$pid"
    echo "\$ top -l 1 -stats pid,mem"
    top -l 1 -stats pid,mem 2>/dev/null | head -16
    echo "\$ lsof -p SELF -d 0 -Fftn"
    lsof -b -w -nP -a -p "$pid" -d 0 -Fftn
    for name in running killed stopped; do
      echo "\$ launchctl print, $name"
      head -60 "$work/print-$name" 2>/dev/null
    done
  } 2>&1 | sed 's/[[:cntrl:]]$//' >>"$work/lines"
}

# The agent stays between two runs of `--after-login` and `--sleep`.
is_second_run() { [ -e "$installed" ]; }

install_and_wait() {
  write_config "$home"
  if [ "$mode" = sleep ]; then pmset -g log 2>/dev/null | grep -c ' Wake ' >"$home/wakes"; fi
  watchdog install --label "$label" || exit 1
  check start "it serves" serves
  echo "Installed $label. Now $1, and run the same command again."
  trap - EXIT
  rm -rf "$work"
  exit 0
}

after_login() {
  is_second_run || install_and_wait "log out and in"
  section "After a login"
  local at
  for at in "gui/$uid" "user/$uid"; do
    say "# $at: state $(field state "$at/$label"), pid $(field pid "$at/$label"), runs $(field runs "$at/$label"), $(launchctl print "$at/$label" 2>/dev/null | sed -n 's/^	\(last [a-z ]* = .*\)/\1/p' | tr '\n' ' ')"
  done
  check start "it serves after the login" serves
  check start "it runs in the session at the screen" is_running
  check uninstall "uninstall" watchdog uninstall --label "$label"
}

after_sleep() {
  is_second_run || install_and_wait "let this Mac sleep for some minutes"
  section "After a sleep"
  local before now
  before="$(cat "$home/wakes")"
  now="$(pmset -g log 2>/dev/null | grep -c ' Wake ')"
  say "# wakes since: $((now - before)) by pmset, $(fact daemon.gaps.count) gaps of $(fact daemon.gaps.sleptMs) ms by the watchdog"
  check gap "it serves" serves
  check gap "no server was restarted" test "$(fact servers.0.run)" = 1
  check uninstall "uninstall" watchdog uninstall --label "$label"
}

if [ "$(uname)" != Darwin ]; then
  echo "This is for a Mac" >&2
  exit 2
fi
if [ ! -f "$cli" ]; then
  echo "Build it first: npm install && npm run build" >&2
  exit 2
fi
if ! launchctl print "$domain" >/dev/null 2>&1; then
  echo "There is no session at the screen: launchctl print $domain gives $(number_of launchctl print "$domain")" >&2
  exit 2
fi
work="$(mktemp -d)"
long="$HOME/.mcp-watchdog-selftest-"
while [ "${#long}" -lt 120 ]; do long="${long}x"; done
touch "$work/lines" "$work/results"
SECONDS=0
header
case "$mode" in
  all)
    trap 'clean_up; rm -rf "$work"' EXIT
    clean_up
    write_config "$home"
    mkdir -p "$(dirname "$installed")"
    section "What is read of this Mac"
    run_part parsers
    run_part paths "$home"
    run_part tools
    by_hand
    frozen_daemon
    stopped
    in_agent
    other_homes
    by_the_program
    raw
    ;;
  login)
    trap 'if is_second_run; then :; else clean_up; fi; rm -rf "$work"' EXIT
    mkdir -p "$(dirname "$installed")"
    after_login
    clean_up
    ;;
  sleep)
    trap 'if is_second_run; then :; else clean_up; fi; rm -rf "$work"' EXIT
    mkdir -p "$(dirname "$installed")"
    after_sleep
    clean_up
    ;;
esac
summary
