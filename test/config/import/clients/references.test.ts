import { describe, expect, it } from 'vitest';
import {
  CLAUDE_CODE,
  DOLLAR,
  EITHER,
  LITERAL,
  rewriteReferences,
  VSCODE,
} from '../../../../src/config/import/clients/references.ts';
import type { Dialect } from '../../../../src/config/import/clients/references.ts';
import { expandReferences } from '../../../../src/config/read/env-expansion.ts';

const around = {
  home: '/home/anna',
  project: '/work/site',
  environment: { SET: 'value', EMPTY: '' },
  questions: new Map([['api-key', 'The key']]),
};

function told(text: string, dialect: Dialect, project: string | null = around.project): string {
  const { text: written, needs, unknown } = rewriteReferences(text, dialect, { ...around, project });
  return [written, ...needs.map(({ name }) => `needs ${name}`), ...unknown].join(' | ');
}

describe('rewrite()', () => {
  it.each([
    ['${env:SET}/x', '${env:SET}/x | needs SET'],
    ['${input:api-key}', '${env:API_KEY} | needs API_KEY'],
    ['${input:2nd key}', '${env:INPUT_2ND_KEY} | needs INPUT_2ND_KEY'],
    ['${userHome}${/}a${pathSeparator}b', '/home/anna/a/b'],
    ['${workspaceFolder}:${workspaceFolderBasename}', '/work/site:site'],
    ['${SET}', '${SET} | ${SET}, which only the client can fill in'],
    ['${config:a.b}', '${config:a.b} | ${config:a.b}, which only the client can fill in'],
    ['$SET and $', '$SET and $'],
    ['a$${env:SET}', 'a$${env:SET} | needs SET | a $ before ${env:SET}, which has no form here'],
    ['${env:not a name}', '${env:not a name} | ${env:not a name}, which only the client can fill in'],
  ])('reads %s as VS Code and Cursor do', (text, expected) => {
    expect(told(text, VSCODE)).toBe(expected);
  });

  it('knows no folder where none is known', () => {
    expect(told('${workspaceFolder}', VSCODE, null)).toContain('the folder that is open');
  });

  it.each([
    ['${SET}', '${env:SET} | needs SET'],
    ['${MISSING}', '${env:MISSING} | needs MISSING'],
    ['${SET:-other}', '${env:SET} | needs SET'],
    ['${MISSING:-a:-b}', 'a:-b'],
    ['${EMPTY:-b}', 'b'],
    ['${MISSING:-}', ''],
    ['$SET ${env:SET}', '$SET $${env:SET}'],
  ])('reads %s as Claude Code does', (text, expected) => {
    expect(told(text, CLAUDE_CODE)).toBe(expected);
  });

  it('reads $NAME as Gemini does', () => {
    expect(told('$SET-${SET} $5', DOLLAR)).toBe('${env:SET}-${env:SET} $5 | needs SET | needs SET');
  });

  it('reads both forms where nobody knows whose they are', () => {
    expect(told('${SET} ${env:SET} ${userHome}', EITHER)).toBe(
      '${env:SET} ${env:SET} /home/anna | needs SET | needs SET',
    );
  });

  it.each(['${env:SET}', '$${env:SET}', '$$${env:X} ${Y} $Z', '${env:'])(
    'leaves %s what it is where nothing is expanded',
    (text) => {
      const { tree } = expandReferences(
        rewriteReferences(text, LITERAL, around).text,
        around.environment,
        () => ({ reason: 'must not be asked for' }),
      );
      expect(tree).toBe(text);
    },
  );
});
