// Types of lit-html's repeat.
export * from 'lit-html/directives/repeat.js';
