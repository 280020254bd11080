// Pieces that several views use: fields, commands to copy, dialogs.
import { html, nothing, render, type TemplateResult } from 'lit-html';

/** A field that filters what is below; `/` goes there. */
export function searchField(label: string, text: string, onText: (text: string) => void): TemplateResult {
  return html`<label class="search">
    <span class="unseen">${label}</span>
    <input
      type="search"
      data-search
      placeholder="Filter"
      autocomplete="off"
      spellcheck="false"
      .value=${text}
      @input=${({ target }: InputEvent) => {
        if (target instanceof HTMLInputElement) onText(target.value);
      }}
    /><kbd class="for-keys" aria-hidden="true">/</kbd>
  </label>`;
}

/** A command for the shell, with a button that copies it. */
export function command(text: string, say: (text: string) => void): TemplateResult {
  return html`<div class="command">
    <code>${text}</code>
    <button type="button" class="bare" @click=${() => void copy(text, say)}>
      Copy<span class="unseen"> ${text}</span>
    </button>
  </div>`;
}

async function copy(text: string, say: (text: string) => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied');
  } catch {
    say('The browser does not let this page copy: select the text instead');
  }
}

export interface DialogParts {
  readonly title: string;
  readonly body: TemplateResult;
  /** Label of the button that does it, and what it does; left out for a dialog that only tells. */
  readonly act?: { readonly label: string; readonly run: (form: FormData) => void };
}

/** Opens a modal dialog; it is gone when it is closed. */
export function openDialog({ title, body, act }: DialogParts): void {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'dialog-title');
  document.body.append(dialog);
  const close = (): void => dialog.close();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = event.target instanceof HTMLFormElement ? new FormData(event.target) : new FormData();
    close();
    act?.run(data);
  };
  render(
    html`<form @submit=${submit}>
      <h2 id="dialog-title"><bdi>${title}</bdi></h2>
      ${body}
      <div class="ends">
        <button type="button" @click=${close}>${act === undefined ? 'Close' : 'Cancel'}</button>
        ${act === undefined ? nothing : html`<button type="submit" class="main">${act.label}</button>`}
      </div>
    </form>`,
    dialog,
  );
  dialog.addEventListener('close', () => dialog.remove());
  dialog.showModal();
}

/** Buttons of which one is chosen. */
export function segments<Key extends string>(
  label: string,
  choices: readonly { readonly key: Key; readonly label: string }[],
  chosen: Key,
  choose: (key: Key) => void,
): TemplateResult {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${choices.map(
      ({ key, label: name }) =>
        html`<button
          type="button"
          aria-pressed=${key === chosen ? 'true' : 'false'}
          @click=${() => choose(key)}
        >
          ${name}
        </button>`,
    )}
  </div>`;
}
