// Style sheets that only some views need.

/** Loads one that lies beside the built modules, once. */
export function loadStyle(name: string): void {
  const href = new URL(`./${name}`, import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`) !== null) return;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = href;
  document.head.append(link);
}
