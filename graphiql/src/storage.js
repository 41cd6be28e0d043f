/** Past questions are kept with their headers, which hold a token: those stay in memory, for as long as the page does. */
const HOLDS_HEADERS = /:(queries|favorites|headers)$/;
const held = new Map();

export const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => (HOLDS_HEADERS.test(key) ? (held.get(key) ?? null) : localStorage.getItem(key)),
  setItem: (key, value) => void (HOLDS_HEADERS.test(key) ? held.set(key, value) : localStorage.setItem(key, value)),
  removeItem: (key) => void (held.delete(key) || localStorage.removeItem(key)),
  clear: () => void (held.clear(), localStorage.clear()),
};
