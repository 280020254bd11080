// How the texts of a message get into a template, in one pass: what was put in is never looked at again.
import { PLACEHOLDERS, type Placeholder, type TemplateValue } from '../../core/model/notification.ts';

type Texts = Readonly<Record<Placeholder, string>>;

/** `{title}` in each argument of a program. */
export function fillArguments(argv: readonly string[], texts: Texts): string[] {
  return argv.map((argument) =>
    argument.replaceAll(/\{(\w+)\}/gu, (whole, name) => textOf(whole, name, texts)),
  );
}

/** `{{title}}` in each text of a JSON value; keys stay as they are. */
export function fillTemplate(template: TemplateValue, texts: Texts): TemplateValue {
  if (typeof template === 'string') {
    return template.replaceAll(/\{\{\s*(\w+)\s*\}\}/gu, (whole, name) =>
      withoutMarkup(textOf(whole, name, texts)),
    );
  }
  if (template === null || typeof template !== 'object') return template;
  if (isList(template)) return template.map((one) => fillTemplate(one, texts));
  return Object.fromEntries(Object.entries(template).map(([key, one]) => [key, fillTemplate(one, texts)]));
}

function textOf(whole: string, name: unknown, texts: Texts): string {
  const known = PLACEHOLDERS.find((placeholder) => placeholder === name);
  return known === undefined ? whole : texts[known];
}

/** Chat services read links, mentions and tags out of texts: a line of a log must not become one. */
function withoutMarkup(text: string): string {
  return text
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replaceAll('](', '] (')
    .replaceAll(/@(?=(?:everyone|here|channel|all)\b)/giu, '＠');
}

function isList(value: object): value is readonly TemplateValue[] {
  return Array.isArray(value);
}
