// Rule files that are evaluated: those that come with the watchdog, and those that the config names.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RuleDocument } from '../../core/model/alert-rules.ts';
import { codeOf } from '../../core/base/guards.ts';
import type { PrometheusMajor } from '../../promql/model/series-source.ts';
import { RuleError } from '../../promql/rules/yaml-fields.ts';
import { readRuleFile, templateFaultsOf } from '../../promql/rules/rule-file.ts';
import { readDocument } from '../read/read-document.ts';
import type { ParsedDocument } from '../read/read-document.ts';
import { readText } from '../read/read-text.ts';
import type { Diagnostics } from '../read/diagnostics.ts';
import type { DocumentValue, KeyPath } from '../schema/document.ts';
import { PARSED_RULES } from './parsed-rules.ts';

const FOLDER = fileURLToPath(new URL('../../../alerting/rules', import.meta.url));

let builtIn: readonly RuleDocument[] | null = null;

/** Reads the shipped rule files, in the order of their names. Tests ensure that all of them can be evaluated. */
export function builtInRules(diagnostics: Diagnostics): readonly RuleDocument[] {
  try {
    builtIn ??= readdirSync(FOLDER)
      .filter((name) => name.endsWith('.yml'))
      .sort()
      .map((name) => {
        const path = join(FOLDER, name);
        return { path, isBuiltIn: true, document: shippedDocument(name, readFileSync(path, 'utf8')) };
      });
    return builtIn;
  } catch (error) {
    diagnostics.warnings.push(
      `The alert rules of this installation cannot be read (${codeOf(error) ?? String(error)}): install it again`,
    );
    return [];
  }
}

/** To parse all shipped files takes 50 ms of each start: those that the build has parsed are taken from it. */
function shippedDocument(name: string, text: string): DocumentValue {
  const parsed = PARSED_RULES[name];
  const isSame = parsed !== undefined && createHash('sha256').update(text).digest('hex') === parsed.hash;
  return isSame ? JSON.parse(parsed.json) : readDocument(text).tree;
}

/**
 * Reads the rule files of the config. What cannot be evaluated is reported, with its place in its own file.
 *
 * @param paths absolute
 * @param generation whose language they are in: `alerts.prometheusVersion`
 */
export function configuredRules(
  paths: readonly string[],
  diagnostics: Diagnostics,
  generation: PrometheusMajor,
): RuleDocument[] {
  return paths.flatMap((path, index) => {
    // One that was fixed is read again as the config is.
    diagnostics.envFiles.add(path);
    const read = readText(path);
    if ('refusal' in read) {
      diagnostics.add(['alerts', 'rules', index], read.refusal);
      return [];
    }
    const source = readDocument(read.text);
    if (!isUsable({ ...source, file: path }, diagnostics, generation)) return [];
    return [{ path, isBuiltIn: false, document: source.tree }];
  });
}

function isUsable(
  source: ParsedDocument & { readonly file: string },
  diagnostics: Diagnostics,
  generation: PrometheusMajor,
): boolean {
  const { file } = source;
  for (const { line, reason } of source.faults)
    diagnostics.addElsewhere({ file, line: line ?? 1, path: '', reason });
  if (source.faults.length > 0) return false;
  try {
    for (const { message, path } of templateFaultsOf(readRuleFile(source.tree, { generation })))
      diagnostics.warnings.push(
        `${file}:${lineOf(path, source)}: ${message}; alerts have this error instead of the text`,
      );
    return true;
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const reason = error.message + adviceFor(source.tree, generation);
    diagnostics.addElsewhere({ file, line: lineOf(error.path, source), path: '', reason });
    return false;
  }
}

/** Says so where only the other generation understands a file. */
function adviceFor(document: unknown, generation: PrometheusMajor): string {
  const other = generation === 2 ? 3 : 2;
  try {
    readRuleFile(document, { generation: other });
    return `; Prometheus ${other} understands the file: set alerts.prometheusVersion to ${other} if yours is one`;
  } catch {
    return '';
  }
}

/** Finds the line of a place, or of the nearest thing around it that exists. */
function lineOf(path: KeyPath, source: ParsedDocument): number {
  for (let length = path.length; length > 0; length -= 1) {
    const line = source.lineOf(path.slice(0, length));
    if (line !== null) return line;
  }
  return 1;
}
