import { describe, expect, test } from 'vitest';
import { compileTemplate, TemplateError } from '../../../src/promql/template/template.ts';

const DATA = { labels: { server: 'files', empty: '', __name__: 'up' }, value: 1234.5 };
const filled = (text: string): string => compileTemplate(text).render(DATA);

test.each([
  ['plain', 'plain'],
  ['', ''],
  ['{{ $labels.server }} is {{ $value }}', 'files is 1234.5'],
  ['{{$labels.server}}{{.Labels.server}}{{.Value}}', 'filesfiles1234.5'],
  ['{{ $labels.nothing }}|{{ $labels.constructor }}|{{ $labels.__name__ }}', '||up'],
  ['{{ $value | humanize }}', '1.234k'],
  ['{{ humanize $value }}', '1.234k'],
  ['{{ humanize1024 $value }}B', '1.206kiB'],
  ['{{ $value | humanizePercentage }}', '1.234e+05%'],
  ['{{ $value | humanizeDuration }}', '20m 34s'],
  ['{{ $value | humanizeTimestamp }}', '1970-01-01 00:20:34.5 +0000 UTC'],
  ['{{ printf "%.0f %s" $value $labels.server }}', '1234 files'],
  ['{{ $value | printf "%.1f" }}', '1234.5'],
  ['{{ printf "%s" "x" | toUpper }}', 'X'],
  ['{{ $labels.server | toUpper | toLower | title }}', 'Files'],
  ['{{ title "o\'neil a-b c_d über ü" }}', "O'Neil A-B C_d Über Ü"],
  ['{{ "a\\"b" }} {{ `c|d` }} {{ 3 }} {{ -1.50 }}', 'a"b c|d 3 -1.5'],
  ['a  {{- $value -}}  b', 'a1234.5b'],
  ['a {{- 3 }} {{-3}} {{ 3 -}} b', 'a3 -3 3b'],
  ['a } }} {', 'a } }} {'],
  ['{{ $value }}\n{{ $value }}', '1234.5\n1234.5'],
])('%s becomes %s', (text, result) => expect(filled(text)).toBe(result));

test('a template knows its text', () => {
  expect(compileTemplate('{{ $value }}').text).toBe('{{ $value }}');
});

describe('a template is refused when it is read:', () => {
  test.each([
    ['what is not closed', 'a {{ $value', 'A {{ is not closed at character 3'],
    ['an empty action', 'ab{{ }}', 'There is nothing between {{, | and }} at character 3'],
    ['an empty command', '{{ $value | }}', 'There is nothing between {{, | and }} at character 1'],
    ['loops', '{{ range query "up" }}x{{ end }}', "This engine's templates have no range at character 1"],
    ['conditions', 'x {{ if $value }}', "This engine's templates have no if at character 3"],
    ['comments', '{{/* x */}}', "This engine's templates have no /* at character 1"],
    ['all labels at once', '{{ $labels }}', "This engine's templates have no $labels at character 1"],
    ['other variables', '{{ $externalURL }}', "This engine's templates have no $externalURL"],
    ['brackets', '{{ humanize ($value) }}', "This engine's templates have no ($value)"],
    ['a function of two', '{{ humanize $value $value }}', 'humanize takes one value, got 2 at character 1'],
    ['a function of none', '{{ humanize }}', 'humanize takes one value, got 0'],
    ['a number of a text', '{{ humanize $labels.server }}', 'humanize takes a number, not a text'],
    ['a text of a number', '{{ $value | toUpper }}', 'toUpper takes a text, not a number'],
    [
      'printf without a format',
      '{{ printf $labels.server }}',
      'printf needs a format that stands in the template',
    ],
    ['printf without anything', '{{ printf }}', 'printf needs a format'],
    [
      'a format that does not fit',
      '{{ printf "%d" $value }}',
      'The format "%d" has a value of type number for %d at character 1',
    ],
    ['a piped value too many', '{{ $value | printf "x" }}', 'The format "x" uses 0 of 1 values'],
    [
      'a value that takes nothing',
      '{{ $value | $labels.server }}',
      "This engine's templates have no $labels.server",
    ],
    ['a wrong escape', String.raw`{{ "\q" }}`, String.raw`templates have no "\q"`],
    ['the second action', '{{ $value }} {{ nonsense }}', 'have no nonsense at character 14'],
    ['one behind white space', 'a  {{- nonsense }}', 'have no nonsense at character 4'],
  ])('%s', (_, text, message) => {
    expect(() => compileTemplate(text)).toThrow(TemplateError);
    expect(() => compileTemplate(text)).toThrow(message);
  });
});
