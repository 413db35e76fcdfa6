// Small choices kept in this browser. Storage may be forbidden; a choice then lasts as long as the page.
export function recall(key) {
  try {
    return localStorage.getItem(`loopline.${key}`);
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(`loopline.${key}`);
    else localStorage.setItem(`loopline.${key}`, value);
  } catch {
    // See above.
  }
}
