// Preload module (`node --import`) that makes the watchdog take this machine for the one that
// MCP_WATCHDOG_PLATFORM names. It lives in the tests, so that the variable means nothing to what is installed.
const played = process.env.MCP_WATCHDOG_PLATFORM;
if (played !== undefined) Object.defineProperty(process, 'platform', { value: played, enumerable: true });
