// App of the page: the state that all views share, and the requests that they may make.
import type { TemplateResult } from 'lit-html';
import type { Sparks } from '../model/curves/sparks.ts';
import type { PageStatus } from '../../core/status/page-status.ts';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { Fault, Wire } from '../model/wire.ts';
import type { Route } from '../model/route.ts';

/** Since when the daemon does not answer, and when it is tried again; ms since the epoch. */
export interface Gone {
  readonly since: number;
  readonly nextTry: number;
  /** Another program answers in its place. */
  readonly isForeign: boolean;
}

export interface PageState {
  /** Null before the first answer. */
  readonly status: PageStatus | null;
  /** Why the first answer is missing; null while it is awaited. */
  readonly fault: Fault | null;
  readonly gone: Gone | null;
  readonly route: Route;
  /** Ms since the epoch; stands still while the daemon is gone. */
  readonly now: number;
  /** Grows each second: what tells how long something lasts is drawn anew then. */
  readonly tick: number;
  readonly hasSession: boolean;
  readonly sparks: Sparks;
}

export interface App {
  readonly wire: Wire;
  readonly state: () => PageState;
  /** Draws again, soon. */
  readonly redraw: () => void;
  /** Tries to reach the daemon at once. */
  readonly retry: () => void;
  /** Shows a line for a few seconds, and says it to screen readers. */
  readonly say: (text: string) => void;
  readonly go: (route: Route) => void;
}

/** One view, from its opening to its end. */
export interface View {
  /** Name for the title of the tab; empty for the overview. */
  readonly title: string;
  draw(): TemplateResult;
  /** A key was pressed outside of fields; true when it meant something here. */
  onKey?(key: string): boolean;
  /** The daemon told of a change, or came back. */
  onNews?(isBack: boolean): void;
  onEvent?(event: ShownEvent): void;
  close?(): void;
}
