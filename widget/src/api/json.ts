/**
 * JSON for what we send. `JSON.stringify` asks objects and arrays for `toJSON`, and old libraries of a host may have put one
 * on their prototypes: a copy that has its own, which is none, is not asked.
 */
export const json = (value: unknown): string => JSON.stringify(unasked(structuredClone(value)));

function unasked(value: unknown): unknown {
  if (value !== null && typeof value === 'object') {
    Object.values(value).forEach(unasked);
    Object.defineProperty(value, 'toJSON', { value: undefined });
  }
  return value;
}
