import { describe, expect, test } from 'vitest';
import {
  compileLenient,
  compileTemplate,
  type TemplateData,
  TemplateError,
} from '../../../src/promql/template/template.ts';

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
  ['{{ "a\\"b" }} {{ `c|d` }} {{ 3 }} {{ -1.50 }}', 'a"b c|d 3 -1.5'],
  ['a  {{- $value -}}  b', 'a1234.5b'],
  ['a {{- 3 }} {{-3}} {{ 3 -}} b', 'a3 -3 3b'],
  ['a } }} {', 'a } }} {'],
  ['{{ $value }}\n{{ $value }}', '1234.5\n1234.5'],
])('%s becomes %s', (text, result) => expect(filled(text)).toBe(result));

test('title knows words as the version of Prometheus does', () => {
  const titled = (generation: 2 | 3) =>
    compileTemplate('{{ title "o\'neil a-b c_d über ü" }}').render({ ...DATA, generation });
  expect([titled(2), titled(3)]).toEqual(["O'Neil A-B C_d Über Ü", "O'neil A-B C_d Über Ü"]);
});

const QUERIES: TemplateData = {
  ...DATA,
  externalLabels: { fleet: 'lab' },
  externalUrl: 'http://127.0.0.1:9638/watch',
  at: 1_700_000_000_000,
  query: (text) => {
    if (text === 'broken') throw new Error('There is no such series');
    return text === 'none'
      ? []
      : [
          { labels: { __name__: 'up', server: 'web', n: '10' }, value: 1 },
          { labels: { server: 'db', n: '9', __value__: 'x' }, value: 0.5 },
        ];
  },
};

// The judge of these is Prometheus 3, in oracle-rules.test.ts.
test.each([
  ['{{ $labels }}', 'map[__name__:up empty: server:files]'],
  ['{{/* a comment }} */}}x{{- /* y */ -}} z', 'xz'],
  ['{{ if eq $labels.server "files" }}yes{{ else }}no{{ end }}', 'yes'],
  ['{{ if gt $value 2000.0 }}a{{ else if gt $value 1000.0 }}b{{ else }}c{{ end }}', 'b'],
  ['{{ if $labels.empty }}a{{ end }}{{ if not $labels.empty }}b{{ end }}', 'b'],
  ['{{ if and $value (or $labels.empty "x") }}a{{ end }}', 'a'],
  ['{{ with $labels.server }}{{ . }}!{{ end }}{{ with $labels.nothing }}x{{ else }}y{{ end }}', 'files!y'],
  ['{{ with $x := $labels.server }}{{ $x | toUpper }}{{ end }}', 'FILES'],
  ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
  ['{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}', '21'],
  ['{{ range $i, $e := query "up" }}{{ $i }}={{ $e.Value }} {{ end }}', '0=1 1=0.5 '],
  ['{{ range query "up" }}{{ .Labels.server }}:{{ .Value }};{{ end }}', 'web:1;db:0.5;'],
  ['{{ range query "none" }}x{{ else }}none{{ end }}', 'none'],
  ['{{ range $k, $v := $labels }}{{ $k }}={{ $v }},{{ end }}', '__name__=up,empty=,server=files,'],
  [
    '{{ range query "up" }}{{ if eq .Labels.n "9" }}{{ continue }}{{ end }}{{ .Labels.n }}{{ break }}{{ end }}',
    '10',
  ],
  ['{{ range 3 }}{{ . }}{{ end }}', '012'],
  ['{{ query "up" | first | value }}', '1'],
  ['{{ query "up" | first | label "server" }}', 'web'],
  ['{{ (query "up" | first).Labels.server }}', 'web'],
  ['{{ range query "up" | sortByLabel "server" }}{{ .Labels.server }} {{ end }}', 'db web '],
  [
    '{{ with query (printf "up{server=%q}" $labels.server) }}{{ . | first | value | humanizePercentage }}{{ end }}',
    '100%',
  ],
  ['{{ (index (query "up") 1) | strvalue }}', 'x'],
  ['{{ len (query "up") }} {{ len $labels.server }}', '2 5'],
  ['{{ define "line" }}[{{ . }}{{ $labels.server }}]{{ end }}{{ template "line" 3 }}', '[3files]'],
  [
    '{{ define "two" }}{{ .arg0 }}-{{ .arg1 }}-{{ .arg2 }}{{ end }}{{ template "two" (args 1 "b") }}',
    '1-b-<no value>',
  ],
  ['{{ humanize "1500" }} {{ "0.5" | humanizePercentage }} {{ humanizeDuration "90" }}', '1.5k 50% 1m 30s'],
  ['{{ parseDuration "1h30m" }} {{ parseDuration "-2s" }}', '5400 -2'],
  ['{{ reReplaceAll "(.)i(?P<rest>.*)" "$1-${rest}" "files" }}', 'f-les'],
  ['{{ reReplaceAll ":[0-9]+" "" "a:80 b:9" }}', 'a b'],
  ['{{ if match "(?i)^FI" $labels.server }}yes{{ end }}', 'yes'],
  [
    '{{ tableLink "up > 0" }} {{ graphLink "a\'b" }}',
    '/graph?g0.expr=up+%3E+0&g0.tab=1 /graph?g0.expr=a%27b&g0.tab=0',
  ],
  [
    '{{ urlQueryEscape "a b&c" }} {{ pathPrefix }} {{ externalURL }}',
    'a+b%26c /watch http://127.0.0.1:9638/watch',
  ],
  [
    '{{ $externalURL }} {{ .ExternalURL }} {{ $externalLabels.fleet }}',
    'http://127.0.0.1:9638/watch http://127.0.0.1:9638/watch lab',
  ],
  ['{{ stripPort "web:80" }} {{ stripPort "[::1]:80" }} {{ stripPort "web" }}', 'web ::1 web'],
  ['{{ stripDomain "web.example.com:80" }} {{ stripDomain "10.1.2.3:80" }}', 'web:80 10.1.2.3:80'],
  ['{{ print "a" 1 2 "b" }}|{{ println "x" 1 }}', 'a1 2b|x 1\n'],
  ['{{ index $labels "server" }} {{ slice "abcdef" 1 3 }}', 'files bc'],
  ['{{ html "<a>" }} {{ urlquery "a b" }}', '&lt;a&gt; a+b'],
  ['{{ printf "%d %v %s" 3 $labels.server true }}', '3 files true'],
  ['{{ ($value | printf "%.1f") }} {{ "a}}b" }}', '1234.5 a}}b'],
  ['{{ and 1 0 }} {{ or 0 "x" }} {{ not 1 }} {{ ne 1 2 }} {{ le 1.0 1.0 }}', '0 x false true true'],
  ['{{ now | printf "%.0f" }}', '1700000000'],
  ['{{ .Nothing }}', '<no value>'],
  ['{{ if eq $labels.server "a" "files" }}in{{ end }}', 'in'],
])('%s comes to %s', (text, result) => expect(compileTemplate(text).render(QUERIES)).toBe(result));

describe('an error while it is filled in stands in the text:', () => {
  test.each([
    ['{{ query "none" | first | value }}', 'error calling first: first() called on vector with no elements'],
    ['{{ query "broken" }}', 'error calling query: There is no such series'],
    [
      '{{ humanize $labels.server }}',
      'error calling humanize: strconv.ParseFloat: parsing "files": invalid syntax',
    ],
    ['{{ humanize $value $value }}', 'error calling humanize: takes one value, got 2'],
    ['{{ humanize }}', 'error calling humanize: takes one value, got 0'],
    ['{{ $value | toUpper }}', 'error calling toUpper: wants a text, not a number'],
    ['{{ printf "%d" $value }}', 'error calling printf: The format "%d" has a value of type number for %d'],
    ['{{ $value | printf "x" }}', 'error calling printf: The format "x" uses 0 of 1 values'],
    ['{{ printf }}', 'error calling printf: wants a text, not a nothing'],
    ['{{ $value | $labels.server }}', "can't give an argument to what is no function"],
    ['{{ if gt $value 80 }}x{{ end }}', "error calling gt: can't compare a number with a integer"],
    ['{{ template "none" }}', 'template "none" not defined'],
    ['{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', 'exceeded maximum template depth'],
    ['{{ $labels.server.more }}', "can't evaluate field more in a text"],
    ['{{ index (query "up") 2 }}', 'error calling index: index out of range: 2'],
    ['{{ range $value }}{{ end }}', "range can't iterate over a number"],
    ['{{ reReplaceAll "(" "" "x" }}', 'error calling reReplaceAll: cannot read the regular expression "("'],
    ['{{ parseDuration "5" }}', 'error calling parseDuration: not a valid duration string: "5"'],
    ['{{ range 100000 }}xxxxxxxxxx{{ end }}', 'comes to more than 100000 characters'],
  ])('%s', (text, message) => {
    const filledIn = compileTemplate(text).render(QUERIES);
    expect(filledIn).toContain(`<error expanding template: ${message}`);
  });
});

test('compileLenient() gives a template that says what is wrong', () => {
  const template = compileLenient('a {{ nonsense }}');
  expect(template.fault).toBe("This engine's templates have no nonsense at character 3");
  expect(template.render(DATA)).toBe(`<error expanding template: ${template.fault}>`);
  expect(compileLenient('{{ $value }}').fault).toBeNull();
});

test('a template knows the queries that stand in it', () => {
  const queries = (text: string) =>
    compileTemplate(text).queries.map(({ text: query, isFormat }) => [query, isFormat]);
  expect(
    queries('{{ query "a" }}{{ with query (printf "b{x=%q}" $labels.x) }}{{ . | first }}{{ end }}'),
  ).toEqual([
    ['a', false],
    ['b{x=%q}', true],
  ]);
  expect(queries('{{ if true }}{{ "c" | query }}{{ else }}{{ (query "d" | first).Value }}{{ end }}')).toEqual(
    [
      ['c', false],
      ['d', false],
    ],
  );
  expect(queries('{{ define "x" }}{{ printf "e %s" . | query }}{{ end }}{{ query $labels.y }}')).toEqual([
    ['e %s', true],
  ]);
});

test('a template knows its text', () => {
  expect(compileTemplate('{{ $value }}').text).toBe('{{ $value }}');
});

describe('a template is refused when it is read:', () => {
  test.each([
    ['what is not closed', 'a {{ $value', 'A {{ is not closed at character 3'],
    ['an empty action', 'ab{{ }}', 'There is nothing between {{, | and }} at character 3'],
    ['an empty command', '{{ $value | }}', 'There is nothing between {{, | and }} at character 1'],
    ['a loop without an end', '{{ range query "up" }}x', 'The {{ range }} has no end at character 1'],
    ['a condition without an end', 'x {{ if $value }}', 'The {{ if }} has no end at character 3'],
    ['an end too many', 'x{{ end }}', 'A {{ end }} without its beginning at character 2'],
    ['an else too many', '{{ if 1 }}{{ else }}{{ else }}{{ end }}', 'The {{ else }} has no end'],
    ['another else', '{{ range 1 }}{{ else if 1 }}{{ end }}', 'Cannot read else if'],
    ['break outside of a loop', '{{ break }}', '{{ break }} outside of a range at character 1'],
    ['other variables', '{{ $nothing }}', "This engine's templates have no $nothing at character 1"],
    [
      'a variable of another block',
      '{{ if $x := 1 }}{{ end }}{{ $x }}',
      'templates have no $x at character 26',
    ],
    ['a bracket that is not closed', '{{ humanize ($value }}', 'A ( is not closed at character 1'],
    ['a bracket too many', '{{ humanize $value) }}', 'Cannot read ) at character 1'],
    ['a template without a name', '{{ template x }}', 'A template needs a name in quotation marks'],
    [
      'a define within another block',
      '{{ if 1 }}{{ define "x" }}{{ end }}{{ end }}',
      'Cannot read the define',
    ],
    ['a wrong escape', String.raw`{{ "\q" }}`, String.raw`templates have no "\q"`],
    ['what is no word', '{{ $value % 3 }}', 'Cannot read % 3 at character 1'],
    ['the second action', '{{ $value }} {{ nonsense }}', 'have no nonsense at character 14'],
    ['one behind white space', 'a  {{- nonsense }}', 'have no nonsense at character 4'],
    ['times of Go, which this engine lacks', '{{ $value | toTime }}', 'have no toTime at character 1'],
    ['what is nested too deeply', `${'{{ if 1 }}'.repeat(200)}${'{{ end }}'.repeat(200)}`, 'Too many levels'],
  ])('%s', (_, text, message) => {
    expect(() => compileTemplate(text)).toThrow(TemplateError);
    expect(() => compileTemplate(text)).toThrow(message);
  });
});
