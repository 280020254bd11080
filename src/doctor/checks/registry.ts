// Table of all checks in the order of the report: first those that the others depend on.
import type { Check } from '../check.ts';
import { config } from './config.ts';
import { daemon, gaps, guardian, scraped, servers } from './daemon.ts';
import { delivery, notifications, rules } from './delivery.ts';
import { home } from './home.ts';
import { clock, descriptors, disk, init, logs } from './machine.ts';
import { localNetwork, protectedFolders, signature } from './macos.ts';
import { network } from './network.ts';
import { node } from './node.ts';
import { npm, uv } from './package-managers.ts';
import { clients, orphans } from './orphans.ts';
import { ports } from './ports.ts';
import { release } from './release.ts';
import { programs, service } from './service.ts';

export const CHECKS = [
  node,
  npm,
  uv,
  release,
  home,
  protectedFolders,
  config,
  service,
  programs,
  network,
  localNetwork,
  signature,
  daemon,
  guardian,
  servers,
  ports,
  scraped,
  notifications,
  delivery,
  rules,
  clients,
  orphans,
  gaps,
  clock,
  logs,
  disk,
  descriptors,
  init,
] as const satisfies readonly Check[];
