// How a page moves in Chromium: CPU time of its main thread, task by task, and the gaps between its frames.

/** Ms between two frames from which one is late: one and a half of 60 a second. */
export const LATE = 25;

/** CPU times of the tasks of the busiest main thread while `act` runs, ms: other programs count little. */
export async function mainTasks(browser, act) {
  const session = await browser.newBrowserCDPSession();
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await session.send('Tracing.start', {
    categories: 'toplevel,devtools.timeline',
    transferMode: 'ReportEvents',
  });
  await act();
  const done = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await done;
  await session.detach();
  const isTask = ({ name, ph }) => name === 'ThreadControllerImpl::RunTask' && ph === 'X';
  const sum = (tasks) => tasks.reduce((total, task) => total + task, 0);
  const mains = events
    .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
    .map(({ pid, tid }) =>
      events
        .filter((one) => one.pid === pid && one.tid === tid && isTask(one))
        .map(({ tdur = 0 }) => tdur / 1000),
    );
  return mains.toSorted((a, b) => sum(b) - sum(a))[0] ?? [];
}

/** Scrolls to the end, 60 pixels a frame, and returns the ms between two frames. */
export function scrollThrough(page) {
  return page.evaluate(`new Promise((resolve) => {
    const gaps = [];
    let last = performance.now();
    const frame = (now) => {
      gaps.push(now - last);
      last = now;
      const before = scrollY;
      scrollBy({ top: 60, behavior: 'instant' });
      if (scrollY === before || gaps.length > 600) resolve(gaps.slice(1));
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`);
}
