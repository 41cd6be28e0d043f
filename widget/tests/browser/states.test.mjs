// Every state in every language and theme, as a feed and as a timeline: accessible, readable, in its own words, within its bounds.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { TOKEN } from './gateway.mjs';
import { axe, clean, lowContrast, start, text } from './support.mjs';

const LOOKUP = { customer: null, lookup: 'tel:+39 011 000 208' };
const STATES = {
  loading: { scenario: 'slow', settle: false, words: {} },
  live: { scenario: 'usual', words: { en: 'On call', it: 'In chiamata', fr: 'En appel' } },
  partial: { scenario: 'partial', words: { en: 'Surveys (not reachable)', it: 'Sondaggi (non raggiungibile)', fr: 'Enquêtes (injoignable)' } },
  withheld: { scenario: 'withheld', words: { en: 'not visible to you', it: 'non ti è visibile', fr: 'ne vous est pas visible' } },
  stale: { scenario: 'no-stream', clock: true, words: { en: 'Live connection lost', it: 'Collegamento in tempo reale interrotto', fr: 'Connexion en temps réel perdue' } },
  empty: { scenario: 'empty', words: { en: 'No contacts in the last 12 months', it: 'Nessun contatto negli ultimi 12 mesi', fr: 'Aucun contact ces 12 derniers mois' } },
  ambiguous: { scenario: 'ambiguous', values: LOOKUP, words: { en: '3 customers match', it: '3 clienti corrispondono', fr: '3 clients correspondent' } },
  'not-found': { scenario: 'not-found', values: LOOKUP, words: { en: 'Unknown customer', it: 'Cliente non conosciuto', fr: 'Client inconnu' } },
  denied: { scenario: 'denied', words: { en: 'Request code req-7F3A-19', it: 'Codice richiesta req-7F3A-19', fr: 'Code de demande req-7F3A-19' } },
  error: { scenario: 'broken', words: { en: 'Retry', it: 'Riprova', fr: 'Réessayer' } },
  detail: { scenario: 'usual', open: 'i26', words: { en: 'Previous, same date', it: 'Precedente, stessa data', fr: 'Précédent, même date' }, labels: true },
  grid: { scenario: 'usual', values: { view: 'grid' }, words: { en: 'Period', it: 'Periodo', fr: 'Période' }, unfold: true },
};
const WIDTHS = [360, 800, 1280];
const HEIGHTS = { 360: 1100, 800: 800, 1280: 760 };

let bench;
before(async () => {
  bench = await start();
});
afterEach(() => bench.closePages());
after(() => bench.close());

for (const [name, state] of Object.entries(STATES)) {
  for (const width of WIDTHS) {
    test(`${name}, ${width} px wide`, async () => {
      const page = await bench.show(state.scenario, state.values, { width: width + 24, height: HEIGHTS[width], clock: state.clock, settle: state.settle });
      if (state.clock) await page.clock.fastForward(12_000);
      if (state.settle === false) await page.waitForTimeout(250);
      if (state.open) {
        await page.locator(`customer-journey .item[data-id="${state.open}"]`).first().click();
        await page.waitForSelector('customer-journey .detail');
      }
      if (state.unfold && width < 700) await page.locator('customer-journey .fold').click();
      // In between, only what depends on the width.
      const between = width === 800;
      for (const lang of between ? ['en'] : ['en', 'it', 'fr']) {
        for (const theme of between ? ['light'] : ['light', 'dark']) {
          await page.evaluate(([language, scheme]) => {
            document.body.className = scheme;
            const element = document.querySelector('customer-journey');
            element.lang = language;
            element.theme = scheme;
          }, [lang, theme]);
          if (state.clock) await page.clock.runFor(1_000);
          await page.waitForFunction((language) => document.querySelector('customer-journey').shadowRoot.querySelector('.root').lang.startsWith(language), lang);
          const where = `${name} ${width} ${lang} ${theme}`;
          const shown = state.labels ? await page.locator('customer-journey .back').getAttribute('aria-label') : await text(page);
          if (state.words[lang]) assert.ok(shown.includes(state.words[lang]), `${where}: "${state.words[lang]}" is not in "${shown}"`);
          assert.deepEqual(await axe(page), [], where);
          assert.deepEqual(await lowContrast(page), [], where);
          assert.deepEqual(await beyond(page), [], where);
        }
      }
      clean(page);
      await page.close();
    });
  }
}

/** Elements that stick out of the panel. */
function beyond(page) {
  return page.evaluate(() => {
    const element = document.querySelector('customer-journey');
    const frame = element.getBoundingClientRect();
    const out = [...element.shadowRoot.querySelectorAll('.head *, .kpis *, .filters *, .banner *, .foot *, .blank *, .candidates *, .days .words *')].filter((each) => {
      const box = each.getBoundingClientRect();
      return box.width > 0 && !each.closest('.hidden') && !each.classList.contains('label') && (box.right > frame.right + 1 || box.left < frame.left - 1);
    });
    if (document.documentElement.scrollWidth > innerWidth) out.push(document.body);
    return out.map((each) => each.outerHTML.slice(0, 100));
  });
}

test('the skeleton shows after 150 ms, and nothing moves when the answer comes', async () => {
  const page = await bench.show('usual');
  const classes = await page.evaluate(async (token) => {
    const element = document.createElement('customer-journey');
    for (const [name, value] of [['endpoint', '/graphql/slow'], ['customer', 'CU-2'], ['lang', 'en']]) element.setAttribute(name, value);
    element.getToken = () => token;
    document.querySelector('main').append(element);
    for (let n = 0; n < 50; n += 1) await Promise.resolve();
    const first = element.shadowRoot.querySelector('.root').className;
    await new Promise((resolve) => setTimeout(resolve, 250));
    return [first, element.shadowRoot.querySelector('.root').className];
  }, TOKEN);
  assert.match(classes[0], /quietly/);
  assert.doesNotMatch(classes[1], /quietly/);
  const [real, skeleton] = await Promise.all([0, 1].map((n) => page.locator('customer-journey').nth(n).evaluate((element) => {
    const [panel, kpis] = [element, element.shadowRoot.querySelector('.kpis')].map((each) => each.getBoundingClientRect());
    return [kpis.top - panel.top, kpis.height];
  })));
  assert.ok(real.every((value, index) => Math.abs(value - skeleton[index]) <= 4), JSON.stringify([real, skeleton]));
});

test('a denied customer is not hinted at', async () => {
  const page = await bench.show('denied', { customer: null, lookup: 'tel:+39 333 111 0001' });
  assert.doesNotMatch(await text(page), /333|Giulia|CU-/);
  assert.equal(await page.evaluate(() => document.querySelector('customer-journey').matches(':state(denied)')), true);
});

test('a source that is down has a lane that says so', async () => {
  const page = await bench.show('partial');
  assert.match(await page.locator('customer-journey .lane.unknown').getAttribute('title'), /Surveys: not reachable/);
  assert.match(await text(page), /≥ 9/);
});

test('the one who is chosen of several is shown', async () => {
  const page = await bench.show('ambiguous', LOOKUP);
  await page.locator('customer-journey .candidates button').nth(1).click();
  await page.waitForSelector('customer-journey .item');
  assert.match(await text(page), /Marco Bianchi/);
  assert.deepEqual(await page.evaluate(() => window.told.filter(({ name }) => name === 'cj-identity-choose').map(({ detail }) => detail)), [{ id: 'CU-2' }]);
});

test('what a source wrote is text, and links go to https alone', async () => {
  const page = await bench.show('hostile');
  await page.locator('customer-journey .item[data-id="i26"]').click();
  assert.match(await text(page), /<img src=x onerror=alert\(1\)>/);
  assert.equal(await page.locator('customer-journey').evaluate((element) => element.shadowRoot.querySelectorAll('img, script, iframe, u, a').length), 0);
  clean(page);
});
