// Not written yet.
export function run(): Promise<number> {
  return Promise.reject(new Error('not written yet'));
}
