// Style sheet of all pages: light or dark as the system is, readable on a phone, nothing loaded from elsewhere.
import { createHash } from 'node:crypto';

export const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b1f24; --soft: #5a636e; --line: #dfe3e8;
  --good: #1a7f37; --bad: #c62128; --busy: #9a6700; --idle: #5a636e; --link: #0a58ca; }
@media (prefers-color-scheme: dark) { :root { --page: #101418; --card: #171c22; --ink: #e6eaef; --soft: #98a3af;
  --line: #2b323a; --good: #4ac26b; --bad: #ff7b72; --busy: #e3b341; --idle: #98a3af; --link: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 88rem; margin: 0 auto; padding: 1.75rem 1.25rem 3rem; }
h1 { margin: 0; font-size: 1.35rem; letter-spacing: -.01em; }
.summary { margin: .2rem 0 1.4rem; font-size: 1.05rem; }
.notice { margin: 0 0 1rem; padding: .6rem .9rem; border-left: 4px solid var(--bad); background: var(--card); }
h2 { margin: 0 0 .4rem; font-size: 1rem; }
.alerts, .versions { margin: 0 0 1.4rem; padding: .6rem .9rem; list-style: none; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--card); overflow-wrap: anywhere; }
.frame + section { margin-top: 1.4rem; } .versions li + li { margin-top: .5rem; }
.frame { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .6rem .9rem; text-align: left; vertical-align: top; white-space: nowrap; }
thead th { font-size: .8rem; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.reason { min-width: 18rem; white-space: normal; overflow-wrap: anywhere; color: var(--soft); }
.sub { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); } .idle { color: var(--idle); }
.mark::before { content: ''; display: inline-block; width: .55em; height: .55em; margin-right: .5em; border-radius: 50%;
  background: currentColor; }
.empty { padding: 1.2rem .9rem; color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin: 1.4rem 0 0; padding: 0; list-style: none; }
.prose { max-width: 52rem; } .prose h2 { margin-top: 1.6rem; font-size: 1.1rem; } .prose li + li { margin-top: .25rem; }
.prose pre { overflow-x: auto; padding: .7rem .9rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
code { font: .9em ui-monospace, monospace; } .prose td, .prose th { white-space: normal; border-bottom: 1px solid var(--line); }
a { color: var(--link); } a:focus-visible, .frame:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
footer { margin-top: 1rem; font-size: .85rem; color: var(--soft); overflow-wrap: anywhere; }
`;

/** Source for the Content-Security-Policy: only this very style is applied. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;
