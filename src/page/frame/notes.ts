// Short lines at the lower edge, which screen readers say.

export interface Notes {
  readonly say: (text: string) => void;
}

const SHOWN = 5000;

export function createNotes(): Notes {
  const place = document.createElement('div');
  place.className = 'note';
  place.setAttribute('role', 'status');
  document.body.append(place);
  let timer = 0;
  return {
    say(text) {
      clearTimeout(timer);
      place.textContent = text;
      timer = window.setTimeout(() => {
        place.textContent = '';
      }, SHOWN);
    },
  };
}
