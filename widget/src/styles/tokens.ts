/**
 * Every colour is a host's token or ours. `all: initial` keeps out what a host page lets inherit; the host element itself can
 * be reached by the page's rules, so that what must hold there is important.
 */
export const tokens = /* css */ `
:host { display: block !important; box-sizing: border-box; container-type: inline-size !important; min-inline-size: 240px; }
:host([hidden]) { display: none !important; }
.root {
  all: initial; display: block; box-sizing: border-box; color-scheme: light dark;
  --radius: var(--cj-radius, 10px);
  --s1: var(--cj-surface, light-dark(#fff, #151a21)); --s2: var(--cj-surface-2, light-dark(#f5f7fa, #1b222b)); --s3: var(--cj-surface-3, light-dark(#eaeef3, #25303b));
  --line: var(--cj-border, light-dark(#dde3ea, #2c3743)); --edge: var(--cj-border-strong, light-dark(#76859a, #6d7d90));
  --text: var(--cj-text, light-dark(#17202b, #e6ebf2)); --muted: var(--cj-text-muted, light-dark(#526073, #a3b0c0));
  --accent: var(--cj-accent, light-dark(#2456c8, #8fb2ff)); --accent-soft: var(--cj-accent-soft, light-dark(#e8effd, #1d2b47));
  --ok: var(--cj-ok, light-dark(#17713f, #63cf94)); --warn: var(--cj-warn, light-dark(#865600, #f0b955)); --danger: var(--cj-danger, light-dark(#b42318, #ff8f85));
  --tall: 30px; font: 13px/1.42 var(--cj-font, Inter, system-ui, "Segoe UI", Roboto, sans-serif); color: var(--text); background: var(--s1);
  border: 1px solid var(--line); border-radius: calc(var(--radius) + 2px); overflow: clip; position: relative; text-align: start; font-variant-numeric: tabular-nums;
}
:host([theme="light"]) .root { color-scheme: light; }
:host([theme="dark"]) .root { color-scheme: dark; }
:host([density="cosy"]) .root { --tall: 36px; font-size: 14px; }
* { box-sizing: border-box; scrollbar-width: thin; }
h2, h3, p, ol, ul, dl, dd { margin: 0; padding: 0; }
ol, ul { list-style: none; }
button, input, select { font: inherit; color: inherit; margin: 0; }
button { cursor: pointer; }
button[disabled] { cursor: default; opacity: .45; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.muted { color: var(--muted); font-weight: 400; }
.space { flex: 1; }
svg { display: block; flex: none; }
.c-voice { --c: var(--cj-ch-voice, light-dark(#17713f, #63cf94)); } .c-mobile { --c: var(--cj-ch-mobile, light-dark(#1f5fc4, #85b4ff)); } .c-office { --c: var(--cj-ch-office, light-dark(#8f5700, #f0b955)); }
.c-whatsapp { --c: var(--cj-ch-whatsapp, light-dark(#0a6f6b, #4fd0c7)); } .c-chat { --c: var(--cj-ch-chat, light-dark(#6a45c0, #bda4ff)); } .c-ticket { --c: var(--cj-ch-ticket, light-dark(#3f566f, #a9bdd3)); }
.c-email { --c: var(--cj-ch-email, light-dark(#3f566f, #a9bdd3)); } .c-sms { --c: var(--cj-ch-sms, light-dark(#586a12, #bfd05f)); } .c-survey { --c: var(--cj-ch-survey, light-dark(#a1346f, #ff9ccb)); } .c-accent { --c: var(--accent); }
.c-ok, .t-ok { --c: var(--ok); } .c-wait, .t-wait { --c: var(--warn); } .c-fail, .t-fail { --c: var(--danger); }
`;

export const controls = /* css */ `
.button { border: 1px solid var(--edge); background: var(--s1); border-radius: calc(var(--radius) - 2px); block-size: var(--tall); padding: 0 10px; display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
.button:hover:not([disabled]) { background: var(--s2); }
.tool { inline-size: 28px; block-size: 28px; border: 0; background: none; border-radius: 7px; display: inline-grid; place-items: center; color: var(--muted); padding: 0; }
.tool:hover:not([disabled]) { background: var(--s3); color: var(--text); }
.pill { display: inline-flex; align-items: center; gap: 5px; border-radius: 99px; padding: 1px 8px; font-size: 11.5px; font-weight: 500; white-space: nowrap; background: var(--s3); color: var(--text); max-inline-size: 100%; overflow: hidden; text-overflow: ellipsis; }
.pill.ok, .pill.live { --c: var(--ok); } .pill.wait, .pill.idle { --c: var(--warn); } .pill.fail { --c: var(--danger); } .pill.this { --c: var(--accent); }
.pill:is(.ok, .live, .wait, .idle, .fail, .this) { color: var(--c); background: color-mix(in oklab, var(--c) 10%, var(--s1)); }
.dot { inline-size: 7px; block-size: 7px; border-radius: 50%; background: currentColor; flex: none; }
.tag { font-size: 11.5px; color: var(--muted); border: 1px solid var(--line); border-radius: 5px; padding: 0 5px; white-space: nowrap; font-weight: 400; max-inline-size: 100%; overflow: hidden; text-overflow: ellipsis; }
.disc { inline-size: 30px; block-size: 30px; border-radius: 50%; display: grid; place-items: center; color: var(--c); background: color-mix(in oklab, var(--c) 11%, var(--s1)); flex: none; }
.avatar { inline-size: 38px; block-size: 38px; border-radius: 50%; display: grid; place-items: center; font-weight: 600; background: var(--accent-soft); color: var(--accent); flex: none; }
@media (forced-colors: active) { .mark, .pill, .chip, .tag { border: 1px solid CanvasText !important; } .dot, .light, .cross, .dots i, .spot, .bar, .spark i { forced-color-adjust: none; } .chip[aria-pressed="true"], .switch [aria-pressed="true"] { outline: 2px solid Highlight; outline-offset: -2px; } }
`;

export const head = /* css */ `
.head { display: flex; align-items: center; gap: 12px; padding: 12px 16px; flex-wrap: wrap; }
.who { min-inline-size: 0; }
.who h2 { font-size: 16px; line-height: 1.25; font-weight: 600; overflow-wrap: anywhere; }
.who p { font-size: 12px; color: var(--muted); display: flex; gap: 0 10px; flex-wrap: wrap; align-items: center; }
.who p span { display: inline-flex; gap: 4px; align-items: center; white-space: nowrap; }
.pill.call { font-size: 12px; padding: 3px 10px; }
.sources { display: flex; gap: 10px; align-items: center; font-size: 12px; color: var(--muted); }
.dots { display: inline-flex; gap: 3px; }
.dots i, .spot { inline-size: 7px; block-size: 7px; border-radius: 50%; background: var(--ok); flex: none; }
.dots .off, .spot.off { background: none; box-shadow: inset 0 0 0 2px var(--warn); }
.kpis { display: grid; grid-template-columns: 1.15fr 1.1fr .65fr .95fr 2.2fr; border-block: 1px solid var(--line); background: var(--s2); }
.kpis > div { padding: 10px 16px; border-inline-start: 1px solid var(--line); min-inline-size: 0; }
.kpis > div:first-child { border-inline-start: 0; }
.kpis dt { font-size: 11.5px; color: var(--muted); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.kpis dd { display: flex; align-items: baseline; gap: 0 8px; flex-wrap: wrap; }
.kpis b { font-size: 22px; line-height: 1.25; font-weight: 600; }
.kpis small { font-size: 12px; color: var(--muted); }
.kpis small:is(.t-fail, .t-wait, .t-ok) { color: var(--c); font-weight: 600; }
.kpis .matter b { font-size: 15px; line-height: 28px; overflow-wrap: anywhere; }
.spark { display: inline-flex; align-items: flex-end; gap: 3px; block-size: 20px; }
.spark i { inline-size: 6px; block-size: var(--h); border-radius: 2px 2px 0 0; background: var(--edge); opacity: .6; }
.spark i:last-child { background: var(--c); opacity: 1; }
.filters { display: flex; gap: 8px; align-items: center; padding: 10px 16px; flex-wrap: wrap; }
.filters label, .filters .text, .matters { display: inline-flex; align-items: center; gap: 6px; font-size: 12px; color: var(--muted); min-inline-size: 0; }
.filters select, .filters input { block-size: var(--tall); border: 1px solid var(--edge); border-radius: calc(var(--radius) - 2px); background: var(--s1); padding: 0 8px; color: var(--text); font-size: 13px; max-inline-size: 190px; min-inline-size: 0; text-overflow: ellipsis; }
.filters input { inline-size: 190px; }
.filters input::placeholder { color: var(--muted); opacity: 1; }
.filters .button { color: var(--text); font-size: 13px; }
.filters .fold { display: none; }
.break { flex-basis: 100%; block-size: 0; margin-block: -3px; }
.switch { display: inline-flex; border: 1px solid var(--edge); border-radius: calc(var(--radius) - 2px); overflow: hidden; }
.switch button { border: 0; background: none; block-size: calc(var(--tall) - 2px); padding: 0 10px; display: inline-flex; gap: 5px; align-items: center; color: var(--muted); }
.switch button + button { border-inline-start: 1px solid var(--line); }
.switch [aria-pressed="true"] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
.switch :focus-visible { outline-offset: -2px; }
.chips { display: flex; gap: 6px; flex-wrap: wrap; }
.chip { border: 1px solid var(--edge); background: var(--s1); border-radius: 99px; block-size: calc(var(--tall) - 2px); padding-block: 0; padding-inline: 7px 10px; display: inline-flex; align-items: center; gap: 5px; font-size: 12px; white-space: nowrap; max-inline-size: 100%; }
.chip > svg { color: var(--c); }
.chip > span { overflow: hidden; text-overflow: ellipsis; }
.chip .count { color: var(--muted); }
.chip[aria-pressed="true"] { border-color: var(--c); background: color-mix(in oklab, var(--c) 9%, var(--s1)); color: var(--text); }
.chip[aria-pressed="false"] { border-style: dashed; color: var(--muted); }
.chip.wide { color: var(--text); padding-inline: 10px; }
.matters { flex: 0 1 auto; }
.banner { display: flex; gap: 10px; align-items: center; padding: 8px 16px; font-size: 12px; border-block-start: 1px solid var(--line); background: color-mix(in oklab, var(--warn) 8%, var(--s1)); }
.banner > svg { color: var(--warn); } .banner p { flex: 1; min-inline-size: 0; }
.foot { display: flex; gap: 6px 16px; flex-wrap: wrap; align-items: center; padding: 8px 16px; border-block-start: 1px solid var(--line); font-size: 11.5px; color: var(--muted); background: var(--s2); }
.foot span { display: inline-flex; gap: 5px; align-items: center; }
.foot b { color: var(--warn); }
.foot .legend { margin-inline-start: auto; gap: 10px; }
.foot .legend i { font-style: normal; display: inline-flex; gap: 4px; align-items: center; color: var(--c); }
`;

export const blanks = /* css */ `
.blank { display: grid; justify-items: center; text-align: center; gap: 6px; padding: 34px 24px; border-block-start: 1px solid var(--line); }
.blank .disc { --c: var(--muted); inline-size: 42px; block-size: 42px; }
.blank h3, .choice h3 { font-size: 14px; font-weight: 600; }
.blank p { max-inline-size: 44ch; color: var(--muted); font-size: 12px; overflow-wrap: anywhere; }
.choice { padding: 12px 16px 8px; border-block-start: 1px solid var(--line); }
.choice p, .choice.more { font-size: 12px; color: var(--muted); }
.choice.more { border: 0; }
.candidates { padding: 0 16px 14px; display: grid; gap: 6px; }
.candidates button { display: flex; gap: 10px; align-items: center; inline-size: 100%; text-align: start; border: 1px solid var(--edge); border-radius: var(--radius); background: var(--s1); padding: 7px 10px; }
.candidates button:hover { background: var(--s2); }
.candidates .names { flex: 1; display: grid; line-height: 1.35; min-inline-size: 0; }
b { font-weight: 600; }
.candidates small { font-size: 12px; color: var(--muted); overflow: hidden; text-overflow: ellipsis; }
.go:dir(rtl) svg, .walk:dir(rtl) svg { transform: scaleX(-1); }
.bone { display: block; border-radius: 6px; background: var(--s3); block-size: 11px; }
.bone.round { inline-size: 38px; block-size: 38px; border-radius: 50%; flex: none; } .bone.small { inline-size: 30px; block-size: 30px; }
.bones { flex: 1; }
.b1 { inline-size: 60%; margin: 3px 0 8px; } .b2 { inline-size: 40%; block-size: 20px; } .bone.chip { inline-size: 84px; }
.rows { padding: 14px 16px; display: grid; gap: 14px; border-block-start: 1px solid var(--line); } .rows > div { display: flex; gap: 12px; }
.quietly .bone { visibility: hidden; }
`;
