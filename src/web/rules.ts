// The rules and their alerts over HTTP, as Prometheus answers, so that whatever reads its API reads ours.
import type { Express } from 'express';
import type { AlertsData, RulesData } from '../core/alert-rules.ts';

export interface RuleParts {
  /** What the alert rules come to; null while there are none yet. */
  readonly rules?: () => { alerts(): AlertsData; rules(): RulesData } | null;
}

/** What the parameter `type` may ask for. */
const KINDS = { alert: 'alerting', record: 'recording' } as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

export function addRules(app: Pick<Express, 'get'>, { rules }: RuleParts): void {
  app.get('/api/v1/alerts', (_request, response) => {
    response.json({ status: 'success', data: rules?.()?.alerts() ?? { alerts: [] } });
  });
  app.get('/api/v1/rules', (request, response) => {
    const { type = '' } = request.query;
    const kind = kindOf(type);
    if (kind === undefined) {
      const error = `invalid parameter "type": not supported value ${JSON.stringify(type)}`;
      response.status(400).json({ status: 'error', errorType: 'bad_data', error });
      return;
    }
    const data = rules?.()?.rules() ?? { groups: [] };
    response.json({ status: 'success', data: kind === null ? data : onlyOf(kind, data) });
  });
}

/** Null for all, undefined for what there is not. */
function kindOf(type: unknown): Kind | null | undefined {
  if (type === '') return null;
  const word = typeof type === 'string' ? type.toLowerCase() : '';
  return word === 'alert' || word === 'record' ? KINDS[word] : undefined;
}

function onlyOf(kind: Kind, { groups }: RulesData): RulesData {
  const fitting = groups.map((group) => ({
    ...group,
    rules: group.rules.filter(({ type }) => type === kind),
  }));
  return { groups: fitting.filter(({ rules }) => rules.length > 0) };
}
