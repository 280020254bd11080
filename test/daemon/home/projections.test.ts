// A secret that a server puts into an event reaches no projection of the bus.
import { expect, it } from 'vitest';
import { openContext } from '../../../src/daemon/context.ts';
import { openProjections } from '../../../src/daemon/home/projections.ts';
import { specOf } from '../../fakes/spec.ts';
import { tempHome } from '../../fakes/temp-home.ts';

it('shows no secret that a server gives as its version or protocol, in status or metrics', async () => {
  const context = openContext({ paths: tempHome(), version: '0.1.0' });
  const { status, recorder } = openProjections(context);
  try {
    context.redactor.learn(['tooth-fairy']);
    context.bus.publish({ kind: 'server-added', server: 'files', spec: specOf({ name: 'files' }) });
    const said = 'a tooth-fairy';
    context.bus.publish({
      kind: 'handshake',
      server: 'files',
      run: 1,
      handshake: { era: 'legacy', protocolVersion: said, serverName: said, serverVersion: said },
    });
    const text = (await recorder.render()).text.toString();
    expect(text).toContain('protocol_version="a [secret]"');
    expect(`${text}${JSON.stringify(status())}`).not.toContain('tooth-fairy');
  } finally {
    await context.teardown.run();
  }
});
