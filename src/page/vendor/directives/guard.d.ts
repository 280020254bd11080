// Types of lit-html's guard.
export * from 'lit-html/directives/guard.js';
