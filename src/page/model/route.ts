// Address of a view: the part after the `#`.

export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'server'; readonly name: string }
  | { readonly view: 'alerts' }
  | { readonly view: 'events'; readonly server: string | null; readonly kind: string }
  | { readonly view: 'query'; readonly expression: string | null };

/** Reads an address; an unknown one is the overview. */
export function readRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/u, '').split(/\?(.*)/su);
  const parameters = new URLSearchParams(search);
  const [view, ...rest] = path.split('/');
  switch (view) {
    case 'server':
      return rest.length === 0 ? { view: 'overview' } : { view: 'server', name: decode(rest.join('/')) };
    case 'alerts':
      return { view };
    case 'events':
      return { view, server: parameters.get('server'), kind: parameters.get('kind') ?? 'all' };
    case 'query':
      return { view, expression: parameters.get('g') };
    default:
      return { view: 'overview' };
  }
}

/** Writes the address of a view. */
export function writeRoute(route: Route): string {
  switch (route.view) {
    case 'overview':
      return '#/';
    case 'server':
      return `#/server/${encodeURIComponent(route.name)}`;
    case 'alerts':
      return '#/alerts';
    case 'events': {
      const parameters = new URLSearchParams({
        ...(route.server === null ? {} : { server: route.server }),
        ...(route.kind === 'all' ? {} : { kind: route.kind }),
      });
      return `#/events${parameters.size === 0 ? '' : `?${parameters.toString()}`}`;
    }
    case 'query':
      return `#/query${route.expression === null ? '' : `?${new URLSearchParams({ g: route.expression }).toString()}`}`;
  }
  return route satisfies never;
}

/** Half an escape is text as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
