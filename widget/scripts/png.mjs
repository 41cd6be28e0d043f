// Pictures with 256 colours: a third of the size, and no difference that an eye would see in a drawing of few colours.
import { crc32, deflateSync } from 'node:zlib';

const COLOURS = 256;
const KEPT = 96;
const ROUGHLY = 0xf0f0f0;

/**
 * `pixels`: red, green and blue of each, row by row. The most frequent colours stay, and of the others those that stand for the
 * most that are nearly the same; each other becomes the nearest of them.
 */
export function palettePng(width, height, pixels) {
  const counts = new Map();
  const key = (at) => (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];
  for (let at = 0; at < pixels.length; at += 3) counts.set(key(at), (counts.get(key(at)) ?? 0) + 1);
  const frequent = [...counts].sort((a, b) => b[1] - a[1]);
  const alike = new Map();
  for (const [colour, count] of frequent.slice(KEPT)) {
    const known = alike.get(colour & ROUGHLY) ?? { colour, count: 0 };
    alike.set(colour & ROUGHLY, { ...known, count: known.count + count });
  }
  const others = [...alike.values()].sort((a, b) => b.count - a.count).map(({ colour }) => colour);
  const palette = [...frequent.slice(0, KEPT).map(([colour]) => colour), ...others].slice(0, COLOURS);
  const index = new Map(palette.map((colour, place) => [colour, place]));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = key((y * width + x) * 3);
      if (!index.has(colour)) index.set(colour, nearest(palette, colour));
      rows[y * (width + 1) + x + 1] = index.get(colour);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header), chunk('PLTE', colours), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]);
}

function nearest(palette, colour) {
  let best = 0;
  let least = Infinity;
  palette.forEach((other, place) => {
    const distance = ((colour >> 16) - (other >> 16)) ** 2 + (((colour >> 8) & 255) - ((other >> 8) & 255)) ** 2 + ((colour & 255) - (other & 255)) ** 2;
    if (distance < least) [best, least] = [place, distance];
  });
  return best;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
