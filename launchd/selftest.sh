#!/bin/bash
# Proves on a real Mac what the tests can only play: a throw-away agent of launchd is loaded, killed, replaced and removed.
# From the repository, after `npm install && npm run build`, in a session at the screen:   bash launchd/selftest.sh
# Touches nothing but ~/.mcp-watchdog-selftest and one file in ~/Library/LaunchAgents, and removes both.
set -u

cli="$(cd "$(dirname "$0")/.." && pwd)/dist/cli.js"
label="com.mcp.selftest.$$"
home="$HOME/.mcp-watchdog-selftest"
# Not where the program looks for services: what it is told to stop is then asked by its own socket.
file="$home/$label.plist"
installed="$HOME/Library/LaunchAgents/$label.plist"
domain="gui/$(id -u)"
target="$domain/$label"
failures=0

watchdog() { node "$cli" "$@" --home "$home"; }
field() { launchctl print "$target" 2>/dev/null | sed -n "s/^[[:space:]]*$1 = //p" | head -1; }
number_of() { "$@" >/dev/null 2>&1; echo $?; }
is_running() { [ "$(field state)" = running ]; }
is_down() { ! is_running; }
is_gone() { [ "$(number_of launchctl print "$target")" = 113 ]; }
answers() { watchdog status >/dev/null 2>&1 || [ $? = 1 ]; }
has_other_pid() { is_running && [ -n "$(field pid)" ] && [ "$(field pid)" != "$1" ]; }

# check WORDS COMMAND...: tries for 40 s.
check() {
  local words="$1" tries=0
  shift
  until "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 200 ]; then
      failures=$((failures + 1))
      echo "not ok - $words"
      launchctl print "$target" 2>&1 | sed 's/^/    /' | head -40
      return 1
    fi
    sleep 0.2
  done
  echo "ok - $words"
}

clean_up() {
  launchctl bootout "$target" >/dev/null 2>&1
  launchctl enable "$target" >/dev/null 2>&1
  rm -rf "$installed" "$home"
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
trap clean_up EXIT
clean_up
echo "# macOS $(sw_vers -productVersion), node $(node --version), $label"

mkdir -p "$home/logs" "$(dirname "$installed")"
chmod 700 "$home"
cat >"$home/config.yaml" <<'CONFIG'
metrics: { listen: 127.0.0.1:0 }
servers: { none: { url: http://127.0.0.1:9/mcp } }
CONFIG
chmod 600 "$home/config.yaml"

# By hand, step by step.
watchdog install --print --label "$label" >"$file" 2>/dev/null
chmod 644 "$file"
check "the file is a property list" plutil -lint -s "$file"
launchctl enable "$target"
check "bootstrap answers 0" launchctl bootstrap "$domain" "$file"
check "it runs" is_running
check "it answers" answers
echo "# bootstrap of what is loaded: $(number_of launchctl bootstrap "$domain" "$file")   (37 or 5 is expected)"
echo "# kickstart of what runs: $(number_of launchctl kickstart "$target")"
echo "# scheduling: $(ps -o pri=,nice= -p "$(field pid)")   (priority 31 is unthrottled)"

before="$(field pid)"
check "kickstart -k answers 0" launchctl kickstart -k "$target"
check "kickstart -k replaced the process" has_other_pid "$before"
check "it answers again" answers

before="$(field pid)"
kill -9 "$before"
check "it comes back after kill -9" has_other_pid "$before"
check "it answers after that" answers

before="$(field pid)"
kill -TERM "$before"
check "it comes back after a stray SIGTERM (exit code 143)" has_other_pid "$before"
check "it answers after that too" answers

watchdog run >/dev/null 2>&1
check "a second daemon ends with 0" test $? = 0

watchdog stop >/dev/null
check "after exit code 0 it is down" is_down
sleep 15
check "and stays down" is_down
echo "# last exit code: $(field 'last exit code')"
check "kickstart brings it back" launchctl kickstart "$target"
check "it runs again" is_running

launchctl disable "$target"
echo "# bootout: $(number_of launchctl bootout "$target")   print at once: $(number_of launchctl print "$target")"
check "it is forgotten (113)" is_gone
echo "# bootout of what is gone: $(number_of launchctl bootout "$target")   (3 or 113 is expected)"
echo "# bootstrap of what is disabled: $(number_of launchctl bootstrap "$domain" "$file")   (119 or 5 is expected)"
launchctl enable "$target"
chmod 666 "$file"
echo "# bootstrap of a file that all may write: $(number_of launchctl bootstrap "$domain" "$file")   (5 or 122 is expected)"
launchctl bootout "$target" >/dev/null 2>&1
check "it is forgotten again" is_gone
rm -f "$file"

# By the program.
check "install" watchdog install --label "$label"
check "install once more changes nothing" watchdog install --label "$label"
check "it runs as installed" is_running
check "install --force replaces it" watchdog install --label "$label" --force
check "it runs as replaced" is_running
check "uninstall" watchdog uninstall --label "$label"
check "nothing is loaded" is_gone
check "the file is gone" test ! -e "$installed"

echo "# $failures failures"
[ "$failures" = 0 ]
