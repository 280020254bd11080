// Wiring of the OTLP push: samples come from the recorder, trouble goes to the log.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { startOtlpPush } from '../../metrics/otlp/otlp.ts';
import type { Recorder } from '../../metrics/recorder.ts';
import type { DaemonContext } from '../context.ts';

/** Begins the push that the config asks for, if any; a fault of it is logged, and stops nothing else. */
export async function openOtlpPush(
  { clock, log, version, teardown }: DaemonContext,
  {
    settings,
    recorder,
  }: { readonly settings: Pick<DaemonConfig, 'metrics'>; readonly recorder: Pick<Recorder, 'samples'> },
): Promise<void> {
  const { otlp } = settings.metrics;
  if (otlp === null) return;
  try {
    const push = await startOtlpPush({
      settings: otlp,
      clock,
      version,
      samples: () => recorder.samples(() => true),
      onTrouble: (err) =>
        err === null
          ? log.info({ url: otlp.url }, 'Metrics are pushed again')
          : log.error({ err, url: otlp.url }, 'Cannot push metrics'),
    });
    teardown.add('metrics push', () => push.stop());
  } catch (err) {
    log.error({ err }, 'Cannot push metrics');
  }
}
