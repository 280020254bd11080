// To be imported before anything of src/: the rest of this test file runs on macOS, as far as the watchdog can tell.
Object.defineProperty(process, 'platform', { value: 'darwin', enumerable: true });

export const played = process.platform;
