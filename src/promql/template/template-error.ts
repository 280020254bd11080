// Error of a template: what cannot be read, or what fails while it is filled in.

/** `position` in characters from the start of the template. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly position: number;

  constructor(message: string, position: number) {
    super(`${message} at character ${position + 1}`);
    this.position = position;
  }
}
