// Value mappings: numbers shown as text.
import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';

type Words = Readonly<Record<number | string, readonly [text: string, color: string]>>;

export function valueMappings(of: Words): ValueMapping[] {
  const options = Object.fromEntries(
    Object.entries(of).map(([value, [text, color]], index) => [value, { text, color, index }]),
  );
  return [{ type: MappingType.ValueToText, options }];
}

export const SEVERITIES = valueMappings({
  critical: ['critical', 'red'],
  warning: ['warning', 'orange'],
  info: ['info', 'blue'],
});
