// Trace context of requests: what is a traceparent, and what only looks like one.
import { expect, test } from 'vitest';
import { traceOf } from '../../../src/core/gateway/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('traceOf() reads the traceparent of a request', () => {
  expect(traceOf({ params: { _meta: { traceparent: `00-${TRACE}-${SPAN}-01` } } })).toEqual({
    traceId: TRACE,
    spanId: SPAN,
  });
});

test.each([
  undefined,
  7,
  '',
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-${SPAN}-01\n`,
  `00-${TRACE}"-${SPAN}-01`,
])('%j is none', (traceparent) => {
  expect(traceOf({ params: { _meta: { traceparent } } })).toBeNull();
  expect(traceOf({ method: 'ping' })).toBeNull();
});
