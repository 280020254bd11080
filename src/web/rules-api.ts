// Rules and alerts over HTTP in the format of Prometheus, for everything that reads its API.
import type { Express } from 'express';
import type { AlertsData, RulesData, ApiRuleGroup } from '../core/model/alert-rules.ts';

export interface RulesApiOptions {
  /** State of the alert rules; null while they are not loaded yet. */
  readonly rules?: () => { alerts(): AlertsData; rules(): RulesData } | null;
}

/** Values of the parameter `type`, with the types of rules they select. */
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

/** Maps the parameter to a type; null for all, undefined for an unknown one. */
function kindOf(type: string): RuleType | null | undefined {
  if (type === '') return null;
  const word = type.toLowerCase();
  return word === 'alert' || word === 'record' ? KINDS[word] : undefined;
}

/** Filters of a request; null where everything is wanted. */
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

/** Filters a group; one without a selected rule is left out, as in newer versions of Prometheus. */
function fitting(group: ApiRuleGroup, { kind, names, groups, files }: RuleFilter): ApiRuleGroup[] {
  if (groups?.has(group.name) === false || files?.has(group.file) === false) return [];
  const rules = group.rules.filter(
    ({ type, name }) => (kind === null || type === kind) && names?.has(name) !== false,
  );
  return rules.length === 0 ? [] : [{ ...group, rules }];
}
