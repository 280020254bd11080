// Types of lit-html, whose file is copied here: a browser loads by address, not by package name.
export * from 'lit-html';
