import { describe, expect, it } from 'vitest';
import { problemsOf, read } from '../temporary.ts';

function argsOf(args: string[], environment: Record<string, string>): readonly string[] | undefined {
  return read(JSON.stringify({ servers: { a: { command: ['x'], args } } }), environment).servers[0]?.args;
}

describe('${env:NAME}', () => {
  it('is what the environment holds, anywhere in a value, once', () => {
    expect(
      argsOf(['${env:A}', 'x-${env:A}-${env:B}', '${env:EMPTY}'], { A: '1', B: '${env:A}', EMPTY: '' }),
    ).toEqual(['1', 'x-1-${env:A}', '']);
  });

  it('is literal after another $', () => {
    expect(argsOf(['$${env:A}', '$A', '$$'], { A: '1' })).toEqual(['${env:A}', '$A', '$$']);
  });

  it('is complained about when it is not set, by name and place, and not a second time', () => {
    expect(problemsOf('servers:\n  a:\n    package: ${env:NOT_THERE}\n')).toEqual([
      'config.yaml:3: servers.a.package: needs the environment variable NOT_THERE, which is not set; export NOT_THERE=… before the watchdog starts, or write the value in its place',
    ]);
    expect(problemsOf('servers: {a: {url: "http://x/${env:toString}"}}')).toHaveLength(1);
  });

  it.each(['${env:A', '${env:}', '${env:A B}'])('is complained about as %s', (value) => {
    expect(
      problemsOf(JSON.stringify({ servers: { a: { command: ['x', value] } } }), { A: '1' }),
    ).toHaveLength(1);
  });

  it('works for durations and in defaults', () => {
    const text = 'defaults: {stop: {grace: "${env:GRACE}"}}\nservers: {a: {package: p}}';
    expect(read(text, { GRACE: '9s' }).servers[0]?.stop.grace).toBe(9000);
  });

  it('is not the ${NAME} of other programs: those get a warning', () => {
    const { warnings } = read(
      'servers: {a: {command: [x], env: {A: "${TOKEN}", B: "${input:key}", C: "$5"}}}',
    );
    expect(warnings).toEqual([
      expect.stringContaining('servers.a.env.A holds ${TOKEN}, which is taken literally'),
      expect.stringContaining('servers.a.env.B holds ${input:key}'),
    ]);
  });
});
