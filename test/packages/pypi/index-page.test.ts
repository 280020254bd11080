import { describe, expect, it } from 'vitest';
import { readProject } from '../../../src/packages/pypi/index-page.ts';

const wheel = (version: string, more: object = {}) => ({
  filename: `x-${version}-py3-none-any.whl`,
  ...more,
});

describe('readProject()', () => {
  it('takes the newest upload of the wheels of a version', () => {
    const page = readProject({
      files: [
        wheel('1.0', { 'upload-time': '2026-01-01T00:00:00Z', 'requires-python': '>=3.10' }),
        { filename: 'x-1.0-cp312-cp312-linux_x86_64.whl', 'upload-time': '2026-02-01T00:00:00Z' },
        { filename: 'x-1.0.tar.gz', 'upload-time': '2026-03-01T00:00:00Z' },
      ],
    });
    expect(page?.versions).toEqual([
      {
        version: '1.0',
        hasWheel: true,
        uploadedAt: Date.parse('2026-02-01T00:00:00Z'),
        yanked: null,
        engine: '>=3.10',
        isAttested: false,
      },
    ]);
  });

  it('is withdrawn when all wheels are, and attested when all are', () => {
    const page = readProject({
      files: [
        wheel('1.0', { yanked: 'leaks' }),
        { filename: 'x-1.0.tar.gz', yanked: false },
        wheel('1.1', { yanked: true, provenance: 'https://x' }),
        { filename: 'x-1.1-cp312-cp312-linux_x86_64.whl', yanked: false },
        wheel('1.2', { provenance: 'https://x' }),
      ],
    });
    expect(page?.versions.map(({ yanked, isAttested }) => [yanked, isAttested])).toEqual([
      ['leaks', false],
      [null, false],
      [null, true],
    ]);
  });

  it('reads versions of source distributions, in their normal form', () => {
    const page = readProject({
      files: [{ filename: 'my-x-2.0-RC1.tar.gz' }, { filename: 'my_x-2.0rc2.zip' }],
    });
    expect(page?.versions).toMatchObject([{ version: '2.0rc2', hasWheel: false, uploadedAt: null }]);
  });

  it('tells of an archived project', () => {
    const page = readProject({ files: [], 'project-status': { status: 'archived', reason: 'moved' } });
    expect(page?.status).toBe('the project is archived: moved');
    expect(readProject({ files: [], 'project-status': { status: 'active' } })?.status).toBeNull();
  });

  it.each([null, 'x', {}, { files: 'x' }])('refuses %j', (page) => {
    expect(readProject(page)).toBeNull();
  });

  it('passes over what is no file of a version', () => {
    expect(
      readProject({ files: [null, 1, {}, { filename: 'x.whl' }, { filename: 'x-latest-py3.whl' }] })
        ?.versions,
    ).toEqual([]);
  });
});
