// The rules and their alerts over HTTP, as Prometheus answers, so that whatever reads its API reads ours.
import type { Express } from 'express';
import type { AlertsData, RulesData, ApiRuleGroup } from '../core/model/alert-rules.ts';

export interface RulesApiOptions {
  /** What the alert rules come to; null while there are none yet. */
  readonly rules?: () => { alerts(): AlertsData; rules(): RulesData } | null;
}

/** What the parameter `type` may ask for. */
const KINDS = { alert: 'alerting', record: 'recording' } as const;
type RuleType = (typeof KINDS)[keyof typeof KINDS];

export function addRulesApi(app: Pick<Express, 'get'>, { rules }: RulesApiOptions): void {
  app.get('/api/v1/alerts', (_request, response) => {
    response.json({ status: 'success', data: rules?.()?.alerts() ?? { alerts: [] } });
  });
  app.get('/api/v1/rules', (request, response) => {
    const parameters = new URL(request.url, 'http://localhost').searchParams;
    const type = parameters.get('type') ?? '';
    const kind = kindOf(type);
    if (kind === undefined) {
      const error = `invalid parameter "type": not supported value ${JSON.stringify(type)}`;
      response.status(400).json({ status: 'error', errorType: 'bad_data', error });
      return;
    }
    const data = rules?.()?.rules() ?? { groups: [] };
    response.json({ status: 'success', data: onlyOf(data, wishIn(parameters, kind)) });
  });
}

/** Null for all, undefined for what there is not. */
function kindOf(type: string): RuleType | null | undefined {
  if (type === '') return null;
  const word = type.toLowerCase();
  return word === 'alert' || word === 'record' ? KINDS[word] : undefined;
}

/** Null where everything is wanted. */
interface RuleFilter {
  readonly kind: RuleType | null;
  readonly names: ReadonlySet<string> | null;
  readonly groups: ReadonlySet<string> | null;
  readonly files: ReadonlySet<string> | null;
}

function wishIn(parameters: URLSearchParams, kind: RuleType | null): RuleFilter {
  const listed = (name: string): ReadonlySet<string> | null =>
    parameters.has(name) ? new Set(parameters.getAll(name)) : null;
  return { kind, names: listed('rule_name[]'), groups: listed('rule_group[]'), files: listed('file[]') };
}

function onlyOf({ groups }: RulesData, wish: RuleFilter): RulesData {
  const isAll = Object.values(wish).every((part) => part === null);
  return isAll ? { groups } : { groups: groups.flatMap((group) => fitting(group, wish)) };
}

/** Nothing of a group of which no rule is wanted, as the newer Prometheus has it. */
function fitting(group: ApiRuleGroup, { kind, names, groups, files }: RuleFilter): ApiRuleGroup[] {
  if (groups?.has(group.name) === false || files?.has(group.file) === false) return [];
  const rules = group.rules.filter(
    ({ type, name }) => (kind === null || type === kind) && names?.has(name) !== false,
  );
  return rules.length === 0 ? [] : [{ ...group, rules }];
}
