// Collector of problems and warnings while one config file is read, each with its place in the file.
import { splitCure } from './schema-errors.ts';
import { ConfigError, formatPath, formatValue } from './problems.ts';
import type { Problem } from './problems.ts';
import type { SyntaxProblem } from './parse-text.ts';
import type { ParsedDocument } from './read-document.ts';
import { isSecretPlace, MASK, maskSecrets, scrub } from './secrets.ts';
import { valueAt } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

interface CheckedFile {
  readonly file: string;
  readonly source: ParsedDocument;
  readonly tree: DocumentValue;
  /** What is hidden in the values shown. */
  readonly secrets: readonly string[];
}

interface ProblemDetails {
  readonly cure?: string | null;
  /** Hides the value: the reason is enough, or the value would reveal too much. */
  readonly isHidden?: boolean;
}

export class Diagnostics {
  readonly warnings: string[] = [];
  /** Absolute paths of the envFiles that were asked for, readable or not. */
  readonly envFiles = new Set<string>();
  readonly #subject: CheckedFile;
  readonly #problems: Problem[] = [];

  constructor(subject: CheckedFile) {
    this.#subject = subject;
  }

  /** Adds a problem. The first one about a path is kept: the others follow from it. @param reason may hold `; cure` */
  add(path: KeyPath, reason: string, { cure, isHidden = false }: ProblemDetails = {}): void {
    const { file, source, secrets } = this.#subject;
    const parts = splitCure(scrub(reason, secrets));
    const remedy = cure === undefined || cure === null ? parts.cure : scrub(cure, secrets);
    const value = isHidden ? null : this.#shown(path);
    const line = source.lineOf(path);
    this.#keep({ path: formatPath(path), reason: parts.reason, cure: remedy, value, file, line });
  }

  addAt(line: number | null, { path, reason }: SyntaxProblem): void {
    const parts = splitCure(reason);
    this.#keep({ ...parts, path: formatPath(path), value: null, file: this.#subject.file, line });
  }

  /** Adds a problem in another file than the config. */
  addElsewhere({ reason, ...place }: { file: string; line: number; path: string; reason: string }): void {
    this.#problems.push({ ...splitCure(reason), ...place, value: null });
  }

  /** Adds the problems of another file of the same kind. */
  include({ problems, envFiles }: ConfigError): void {
    this.#problems.push(...problems);
    for (const file of envFiles) this.envFiles.add(file);
  }

  /** Adds what is allowed and probably a mistake. */
  warn(path: KeyPath, sentence: string): void {
    this.warnings.push(`${formatPath(path)} ${sentence}`);
  }

  /** @throws ConfigError with every problem so far, in the order of the file */
  throwIfAny(): void {
    if (this.#problems.length === 0) return;
    const ordered = [...this.#problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new ConfigError(this.#subject.file, ordered, [...this.envFiles]);
  }

  #keep(problem: Problem): void {
    const isKnown = problem.path !== '' && this.#problems.some(({ path }) => path === problem.path);
    if (!isKnown) this.#problems.push(problem);
  }

  /** The value as shown; null where there is none, or where it is a whole map or list, which the path names already. */
  #shown(path: KeyPath): string | null {
    const { tree, secrets } = this.#subject;
    const value = valueAt(tree, path);
    if (value === undefined || value === null || typeof value === 'object') return null;
    return formatValue(isSecretPlace(path) ? MASK : maskSecrets(value, secrets));
  }
}
