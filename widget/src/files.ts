/** The integrity of the files that lie beside the bundle, by their names without `.json`; set by the build. */
declare const FILES: Record<string, string>;

export const isBeside = (name: string): boolean => name in FILES;

/** A JSON file of the same build, checked against what the build wrote. */
export async function fileBeside<Data>(name: string): Promise<Data> {
  const url = new URL(/* @vite-ignore */ `./${name}.json`, import.meta.url);
  const answer = await fetch(url, { integrity: FILES[name] ?? '', credentials: 'omit', referrerPolicy: 'no-referrer' });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()) as Data;
}
