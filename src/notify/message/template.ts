// Templates of webhooks and programs, filled in one pass: inserted text is never expanded again.
import { PLACEHOLDERS, type Placeholder, type TemplateValue } from '../../core/model/notification.ts';

type PlaceholderTexts = Readonly<Record<Placeholder, string>>;

/** Fills `{title}` and the like in each argument of a program. */
export function fillArguments(argv: readonly string[], texts: PlaceholderTexts): string[] {
  return argv.map((argument) =>
    argument.replaceAll(/\{(\w+)\}/gu, (whole, name) => textOf(whole, name, texts)),
  );
}

/** Fills `{{title}}` and the like in each text of a JSON value; keys stay as they are. */
export function fillTemplate(template: TemplateValue, texts: PlaceholderTexts): TemplateValue {
  if (typeof template === 'string') {
    return template.replaceAll(/\{\{\s*(\w+)\s*\}\}/gu, (whole, name) =>
      withoutMarkup(textOf(whole, name, texts)),
    );
  }
  if (template === null || typeof template !== 'object') return template;
  if (isList(template)) return template.map((one) => fillTemplate(one, texts));
  return Object.fromEntries(Object.entries(template).map(([key, one]) => [key, fillTemplate(one, texts)]));
}

function textOf(whole: string, name: unknown, texts: PlaceholderTexts): string {
  const known = PLACEHOLDERS.find((placeholder) => placeholder === name);
  return known === undefined ? whole : texts[known];
}

/** Chat services turn text into links, mentions and tags: a log line must not become one. */
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
