// Which checks there are, in the order in which they are told: first what all else depends on.
import type { Check } from './check.ts';
import { config } from './checks/config.ts';
import { daemon, gaps, guardian, scraped, servers } from './checks/daemon.ts';
import { delivery } from './checks/delivery.ts';
import { home, protectedFolders } from './checks/home.ts';
import { clock, descriptors, disk, logs } from './checks/machine.ts';
import { node } from './checks/node.ts';
import { notifications } from './checks/notify.ts';
import { npm } from './checks/npm.ts';
import { orphans } from './checks/orphans.ts';
import { ports } from './checks/ports.ts';
import { release } from './checks/release.ts';
import { service } from './checks/service.ts';

export const CHECKS = [
  node,
  npm,
  release,
  home,
  protectedFolders,
  config,
  service,
  daemon,
  guardian,
  servers,
  ports,
  scraped,
  notifications,
  delivery,
  orphans,
  gaps,
  clock,
  logs,
  disk,
  descriptors,
] as const satisfies readonly Check[];
