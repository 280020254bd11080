// Start of the page in the browser.
import { createPage } from './page.ts';
import { createDaemonWire } from './wire/daemon-wire.ts';

const place = document.querySelector<HTMLElement>('#page');
if (place !== null) createPage(createDaemonWire, place).start();
