// Makes docs/images/demo.png: the demo page with a call on the line and a message that has just come in.
import { join } from 'node:path';
import { contact, startDemo, streaming } from '../tests/demo/support.mjs';
import { ROOT } from './paths.mjs';

const demo = await startDemo();
const page = await demo.open({ width: 'timeline' }, { width: 1600, height: 900 });
await streaming(page);
await page.locator('#answer').click();
await page.locator('#whatsapp button').click();
await contact(page, /WhatsApp inbound, .*Live/).first().waitFor();
await contact(page, /this call, .*Anna Verdi/i).waitFor();
await page.mouse.move(2, 2);
await page.emulateMedia({ reducedMotion: 'reduce' });
await page.screenshot({ path: join(ROOT, 'docs/images/demo.png') });
await demo.close();
