// Dialog of the keys.
import { html } from 'lit-html';
import { openDialog } from '../common/parts.ts';

const KEYS = [
  ['/', 'filter'],
  ['j k', 'next, previous server'],
  ['Enter', 'open it'],
  ['Esc', 'back; empty the filter'],
  ['r', 'restart the server'],
  ['s', 'stop or start it'],
  ['u b', 'update it, go back to the version before'],
  ['l', 'to its log'],
  ['1 2 3', 'last 15 min, 1 h, 6 h'],
  ['g s', 'servers; g a alerts, g e events, g q query'],
  ['?', 'these keys'],
] as const;

export function showHelp(): void {
  openDialog({
    title: 'Keys',
    body: html`<dl class="keys">
      ${KEYS.map(
        ([keys, what]) =>
          html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt>
            <dd>${what}</dd>`,
      )}
    </dl>`,
  });
}
