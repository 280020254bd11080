import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { linkRunbooks, SHIPPED_RUNBOOK_BASE } from '../../src/alerting/runbook-links.ts';
import type { RuleDocument } from '../../src/core/model/alert-rules.ts';
import { ALERTING, RULE_FILES } from './read-catalogue.ts';

const shipped: RuleDocument[] = RULE_FILES.map((path) => {
  const document: unknown = parse(readFileSync(`${ALERTING}/${path}`, 'utf8'));
  return { path, isBuiltIn: true, document };
});

/** The same rules as text, which is enough to compare all of them. */
const textOf = (rules: readonly RuleDocument[]): string => JSON.stringify(rules);

const rule = (annotations: unknown): RuleDocument => ({
  path: '/own.yml',
  isBuiltIn: false,
  document: { groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'x', annotations }] }] },
});

describe('linkRunbooks()', () => {
  test('leaves the shipped rules as a Prometheus reads them while the address is the shipped one', () => {
    expect(linkRunbooks(shipped, SHIPPED_RUNBOOK_BASE)).toBe(shipped);
  });

  test('replaces the address in every shipped rule, and nothing else', () => {
    const base = 'https://wiki.example.com/mcp/';
    const linked = linkRunbooks(shipped, base);
    expect(textOf(linked)).not.toContain(SHIPPED_RUNBOOK_BASE);
    expect(textOf(linked).replaceAll(base, SHIPPED_RUNBOOK_BASE)).toBe(textOf(shipped));
  });

  test('replaces it in a copy of a shipped rule', () => {
    const [linked] = linkRunbooks(
      [rule({ runbook_url: `${SHIPPED_RUNBOOK_BASE}McpServerDown` })],
      'https://w/',
    );
    expect(linked).toEqual(rule({ runbook_url: 'https://w/McpServerDown' }));
  });

  test.each([
    { runbook_url: 'https://own.example/page' },
    { runbook_url: 7 },
    { summary: `see ${SHIPPED_RUNBOOK_BASE}` },
    null,
    'text',
  ])('leaves %j as it is', (annotations) => {
    expect(linkRunbooks([rule(annotations)], 'https://w/')).toEqual([rule(annotations)]);
  });

  test.each([null, 'text', [], {}, { groups: 1 }, { groups: [null, {}, { rules: [null, 1] }] }])(
    'leaves the document %j as it is: what is wrong with it is found elsewhere',
    (document) => {
      const rules = [{ path: '/x.yml', isBuiltIn: false, document }];
      expect(linkRunbooks(rules, 'https://w/')).toEqual(rules);
    },
  );
});
