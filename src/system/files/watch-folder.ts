// Watch of one folder by the system's own notifications.
import { watch } from 'node:fs';

/**
 * Calls back for each change of an entry; `name` is null where the system does not tell which. Where watching is impossible
 * (no such folder, too many watches, a network disk) nothing is reported: the caller polls too. The returned function ends it.
 */
export function watchFolder(folder: string, onChange: (name: string | null) => void): () => void {
  try {
    const watcher = watch(folder, (_, name) => onChange(name));
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
