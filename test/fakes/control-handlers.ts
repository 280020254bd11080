// A daemon that only remembers what it was asked, behind the real control socket.
import { EMPTY_VIEW, type PageView } from '../../src/control/protocol.ts';
import type { ControlHandlers } from '../../src/control/server.ts';
import type { CleanupReport } from '../../src/core/model/cleanup-report.ts';
import type { ServerClients, NumberedCall } from '../../src/core/gateway/call-summary.ts';
import type { ShownChange } from '../../src/core/gateway/tool-definitions.ts';
import type { ReloadReport } from '../../src/core/model/config-diff.ts';
import type { Status } from '../../src/core/model/status.ts';
import type { QueryAnswer } from '../../src/core/metrics/query-result.ts';
import type { OfferedTool } from '../../src/core/tools/tool-diff.ts';
import type { UpdateCheck, UpdateAnswer } from '../../src/core/model/update.ts';
import { NOW, status as someStatus } from './status.ts';

export interface FakeDaemon {
  readonly handlers: ControlHandlers;
  /** `start a,b`, oldest first. */
  readonly asked: readonly string[];
  /** Changes the status and tells the watchers. */
  show(status: Status): void;
  /** What `shutdown` begins. */
  onShutdown: () => void;
  readonly watched: () => number;
  /** What the answer to a reload says beside that nothing changed. */
  reloads: Partial<ReloadReport>;
  /** The same of a cleanup. */
  cleanups: Partial<CleanupReport>;
  /** The answers to `updateCheck`, and to `update` and `rollback`. */
  outlooks: readonly UpdateCheck[];
  answers: readonly UpdateAnswer[];
  /** The answer to `tools`. */
  tools: readonly OfferedTool[];
  /** The answers to `calls`, `clients` and `approve`. */
  calls: readonly NumberedCall[];
  /** The answer to `query`. */
  history: QueryAnswer;
  clients: ServerClients;
  changes: readonly ShownChange[];
  view: PageView;
}

export const NOTHING_NEW: ReloadReport = {
  path: '/home/ada/.mcp-watchdog/config.yaml',
  takenAt: NOW - 3000,
  isApplied: true,
  added: [],
  removed: [],
  changed: [],
  renamed: [],
  settings: { live: [], nextStart: [] },
  ending: [],
  warnings: [],
  inactive: [],
};

export function fakeDaemon(shown: Status = someStatus()): FakeDaemon {
  const asked: string[] = [];
  const listeners = new Set<() => void>();
  const note = (method: string) => (params: { names?: readonly string[]; name?: string }) => {
    asked.push([method, params.names?.join(',') ?? params.name ?? ''].join(' ').trim());
    return null;
  };
  const daemon = {
    asked,
    onShutdown: () => {},
    reloads: {} as Partial<ReloadReport>,
    cleanups: {} as Partial<CleanupReport>,
    outlooks: [] as readonly UpdateCheck[],
    answers: [] as readonly UpdateAnswer[],
    tools: [] as readonly OfferedTool[],
    calls: [] as readonly NumberedCall[],
    history: { status: 'success', data: { resultType: 'vector', result: [] } } as QueryAnswer,
    clients: { load: null, clients: [], tools: [], beside: [] } as ServerClients,
    changes: [] as readonly ShownChange[],
    view: EMPTY_VIEW,
    watched: () => listeners.size,
    show(status: Status) {
      shown = status;
      for (const listener of listeners) listener();
    },
    handlers: {
      status: () => shown,
      start: note('start'),
      stop: note('stop'),
      restart: note('restart'),
      reload(params: { readonly dryRun?: boolean }): ReloadReport {
        note(params.dryRun === true ? 'reload --dry-run' : 'reload')({});
        return { ...NOTHING_NEW, isApplied: params.dryRun !== true, ...daemon.reloads };
      },
      check: (params: { readonly name?: string }) => {
        note('check')(params);
        return shown;
      },
      tools(params: { readonly name: string }): readonly OfferedTool[] {
        note('tools')(params);
        return daemon.tools;
      },
      query(params: {
        readonly path: string;
        readonly parameters: Readonly<Record<string, string>>;
      }): QueryAnswer {
        note('query')({ name: `${params.path} ${JSON.stringify(params.parameters)}` });
        return daemon.history;
      },
      cleanup({ dryRun = false }: { readonly dryRun?: boolean }): CleanupReport {
        note(dryRun ? 'cleanup --dry-run' : 'cleanup')({});
        return { dryRun, removed: [], spared: [], failed: [], freed: 0, ...daemon.cleanups };
      },
      updateCheck({ names }: { readonly names: readonly string[] }): readonly UpdateCheck[] {
        note('updateCheck')({ names });
        return daemon.outlooks;
      },
      update(params: {
        readonly names: readonly string[];
        readonly to?: string;
        readonly dryRun?: boolean;
      }): readonly UpdateAnswer[] {
        note(params.dryRun === true ? 'update --dry-run' : 'update')(params);
        return daemon.answers;
      },
      rollback(params: {
        readonly names: readonly string[];
        readonly dryRun?: boolean;
      }): readonly UpdateAnswer[] {
        note(params.dryRun === true ? 'rollback --dry-run' : 'rollback')(params);
        return daemon.answers;
      },
      calls(params: { readonly name?: string; readonly after?: number }): readonly NumberedCall[] {
        note('calls')(params);
        return daemon.calls.filter(({ number }) => number > (params.after ?? 0));
      },
      clients(params: { readonly name: string }): ServerClients {
        note('clients')(params);
        return daemon.clients;
      },
      approve(params: { readonly name: string; readonly dryRun?: boolean }): readonly ShownChange[] {
        note(params.dryRun === true ? 'approve --dry-run' : 'approve')(params);
        return daemon.changes;
      },
      signIn({ isPrinted = false }: { readonly isPrinted?: boolean }) {
        note(isPrinted ? 'signIn --print' : 'signIn')({});
        const link = 'http://127.0.0.1:9638/#/open=CODE';
        const file = '/home/ada/.mcp-watchdog/run/open-0123456789abcdef.html';
        return {
          url: 'http://127.0.0.1:9638/',
          link: isPrinted ? link : null,
          file: isPrinted ? null : file,
          until: NOW + 60_000,
        };
      },
      signOut: () => {
        note('signOut')({});
        return { ended: 2 };
      },
      view: (): PageView => daemon.view,
      notifyTest: () => {
        note('notifyTest')({});
        return [];
      },
      shutdown: () => {
        note('shutdown')({});
        daemon.onShutdown();
        return null;
      },
      onChange(listener: () => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    } satisfies ControlHandlers,
  };
  return daemon;
}
