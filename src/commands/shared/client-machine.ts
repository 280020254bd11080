// The machine as MCP clients see it: where their files are, and what references in them mean.
import { homedir } from 'node:os';
import type { ClientMachine } from '../../config/import/clients/client-format.ts';
import { platform } from '../../system/platform.ts';
import type { CommandIo } from './command.ts';

export function clientMachine({ env }: Pick<CommandIo, 'env'>): ClientMachine {
  return {
    home: env['HOME'] ?? homedir(),
    folder: process.cwd(),
    platform,
    environment: env,
  };
}
