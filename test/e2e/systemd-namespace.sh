#!/bin/sh
# A systemd --user of its own for an unprivileged user, in namespaces that nothing gets out of. Run by systemd-namespace.ts as
#   unshare --mount --pid --fork --mount-proc sh systemd-namespace.sh UID NAME PROJECT NODE_PREFIX
# Says "ready" once the manager listens, and ends, with everything in it, when its input ends.
set -eu
uid=$1 name=$2 project=$3 node=$4

mount --make-rprivate /
# Whoever may not look into the folders of root sees project and node here.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system "/run/user/$uid" /run/home /run/project /run/node
mount --bind "$project" /run/project
mount --bind "$node" /run/node
chown "$uid:$uid" "/run/user/$uid" /run/home
chmod 700 "/run/user/$uid" /run/home

# Control groups that this user may divide further: both of the old hierarchies, or the one of the new.
for tree in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -f "$tree/cgroup.procs" ] || continue
  mkdir -p "$tree/$name"
  chown -R "$uid:$uid" "$tree/$name"
  echo $$ >"$tree/$name/cgroup.procs"
done

export XDG_RUNTIME_DIR="/run/user/$uid" HOME=/run/home SYSTEMD_LOG_TARGET=console
unset NOTIFY_SOCKET XDG_CONFIG_HOME DBUS_SESSION_BUS_ADDRESS MCP_WATCHDOG_HOME
for manager in /usr/lib/systemd/systemd /lib/systemd/systemd; do [ -x "$manager" ] && break; done
setpriv --reuid "$uid" --regid "$uid" --clear-groups "$manager" --user >/run/manager.log 2>&1 </dev/null &
tries=0
until [ -S "$XDG_RUNTIME_DIR/systemd/private" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ]; then cat /run/manager.log; exit 1; fi
  sleep 0.1
done
echo ready
cat >/dev/null
