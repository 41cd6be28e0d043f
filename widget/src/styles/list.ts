/** One list, two layouts: wide, days stand beside each other under the lanes' labels; narrow, they follow each other. */
export const list = /* css */ `
.timeline { position: relative; border-block-start: 1px solid var(--line); }
.body { position: relative; }
.reloading { opacity: .55; }
.new { position: absolute; z-index: 6; inset-block-start: 34px; inset-inline: 0; margin-inline: auto; inline-size: max-content; border-radius: 99px; color: var(--accent); border-color: var(--accent); background: var(--accent-soft); font-weight: 600; box-shadow: 0 4px 14px -6px rgb(15 25 40 / .4); }
.new:hover:not([disabled]) { background: var(--s1); }
.overview { display: block; inline-size: 100%; block-size: 26px; background: var(--s2); border-block-end: 1px solid var(--line); }
.overview:dir(rtl) { transform: scaleX(-1); }
.overview .lines { stroke: var(--line); vector-effect: non-scaling-stroke; }
.overview .some { fill: var(--edge); opacity: .75; } .overview .failed { fill: var(--danger); }
.overview .window { fill: var(--accent); fill-opacity: .08; stroke: var(--accent); vector-effect: non-scaling-stroke; }
.mark { position: relative; inline-size: 30px; block-size: 30px; border-radius: 50%; display: grid; place-items: center; color: var(--c); border: 1.5px solid color-mix(in oklab, var(--c) 60%, var(--s1)); background: color-mix(in oklab, var(--c) 9%, var(--s1)); flex: none; }
.mark.square, .mark.many { border-radius: 9px; }
.mark.many { border-style: double; border-width: 3px; }
.arrow { position: absolute; inset-inline-start: -5px; inset-block-end: -4px; inline-size: 14px; block-size: 14px; border-radius: 50%; background: var(--s1); color: var(--c); display: grid; place-items: center; }
.cross { position: absolute; inset-inline-end: -6px; inset-block-start: -6px; inline-size: 15px; block-size: 15px; border-radius: 50%; background: var(--danger); color: var(--s1); display: grid; place-items: center; border: 2px solid var(--s1); }
.mark.live { box-shadow: 0 0 0 3px color-mix(in oklab, var(--ok) 45%, transparent); }
.mark.idle { box-shadow: 0 0 0 3px color-mix(in oklab, var(--warn) 45%, transparent); }
@media (prefers-reduced-motion: no-preference) { .mark.live { animation: ring 1.8s infinite; } }
@keyframes ring { to { box-shadow: 0 0 0 7px transparent; } }
.light { position: absolute; inset-inline-end: -4px; inset-block-start: -4px; inline-size: 11px; block-size: 11px; border-radius: 50%; border: 2px solid var(--s1); background: var(--ok); }
.idle > .light { background: var(--warn); }
.cross + .light { inset-block: auto -4px; }
.item { border: 0; background: none; padding: 0; border-radius: 50%; }
.item:hover .mark { border-color: var(--c); background: color-mix(in oklab, var(--c) 18%, var(--s1)); }
.item[aria-expanded="true"] .mark { background: var(--c); color: var(--s1); border-color: var(--c); }

@container (min-width: 700px) {
  .stage { position: relative; display: flex; }
  .labels { flex: none; inline-size: 150px; padding-block-start: 47px; border-inline-end: 1px solid var(--line); z-index: 3; background: var(--s1); }
  .lane { block-size: var(--lane-height); display: flex; align-items: center; gap: 7px; padding-inline: 16px 8px; font-size: 12px; border-block-start: 1px solid var(--line); }
  .lane > svg:first-child { color: var(--c); } .lane span { flex: 1; min-inline-size: 0; line-height: 1.2; overflow-wrap: anywhere; } .lane.unknown > svg:last-child { color: var(--warn); }
  .lane.unknown { background: color-mix(in oklab, var(--warn) 8%, var(--s1)); }
  .scroller { flex: 1; min-inline-size: 0; overflow: auto hidden; direction: rtl; }
  .canvas { direction: ltr; }
  .root:dir(rtl) .scroller { direction: ltr; } .root:dir(rtl) .canvas { direction: rtl; }
  .canvas { position: relative; min-inline-size: 100%; block-size: calc(47px + var(--lanes) * var(--lane-height) + 12px);
    background: linear-gradient(var(--line) 0 1px, transparent 0) 0 47px / 100% var(--lane-height) repeat-y; background-clip: content-box; padding-block: 47px 12px; }
  .drawing { position: absolute; inset: 0; pointer-events: none; }
  .month { position: absolute; inset-block: 0; border-inline-start: 1px solid var(--line); font-size: 11px; font-weight: 600; color: var(--muted); }
  .month span { position: sticky; inset-inline-start: 0; display: inline-block; padding: 4px 6px 0; white-space: nowrap; }
  .gap { position: absolute; inset-block: 47px 0; display: grid; place-items: center end; font-size: 11px; color: var(--muted); border-inline-end: 1px dashed var(--line); }
  .gap span { background: var(--s1); padding: 1px 3px; white-space: nowrap; }
  .bar { position: absolute; block-size: 4px; border-radius: 3px; inset-block-start: calc(47px + (var(--lane) + 1) * var(--lane-height) - 6px - var(--level) * 5px); background: color-mix(in oklab, var(--c) 65%, var(--s1)); }
  .bar.escalated { background: var(--danger); }
  .line { position: absolute; inset-block-start: 0; inset-inline-end: 0; inline-size: 1px; block-size: 1px; overflow: visible; }
  .root:dir(rtl) .line { transform: scaleX(-1); }
  .line path { fill: none; stroke: var(--accent); stroke-width: 2; opacity: .7; stroke-linecap: round; }
  .day { position: absolute; inset-block: 0; content-visibility: auto; }
  .date { position: absolute; inset-block-start: 22px; inset-inline: 0; text-align: center; font-size: 11.5px; font-weight: 500; color: var(--muted); line-height: 20px; }
  .words, .quiet, .cell.stacked { display: none; } .date .full { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .today .short { color: var(--s1); background: var(--accent); border-radius: 99px; padding: 2px 8px; font-weight: 600; }
  .cell { position: absolute; inset-block-start: calc(47px + var(--lane) * var(--lane-height)); block-size: var(--lane-height); inset-inline-start: calc(50% + var(--dx) - 15px); display: grid; place-items: center; }
  .older { position: absolute; inset-block-start: 47px; inline-size: 130px; block-size: calc(var(--lanes) * var(--lane-height)); display: grid; place-items: center; padding: 0 8px; text-align: center; }
  .older.end { font-size: 11.5px; color: var(--muted); }
}

@container (max-width: 699px) {
  .head { padding: 10px 12px; display: grid; grid-template-columns: 38px 1fr; gap: 4px 10px; } .head .space { display: none; }
  .head > .avatar { grid-row: 1 / 3; align-self: start; } .pill.call { grid-column: 1 / -1; justify-content: center; margin-block-start: 4px; order: 3; } .sources { grid-column: 2; order: 2; font-size: 11.5px; } .head slot { order: 4; grid-column: 1 / -1; }
  .who h2 { font-size: 15px; }
  .kpis { grid-template-columns: 1fr 1fr; } .kpis > div { padding-block: 7px 8px; padding-inline: 12px 6px; } .kpis > .today { border-inline-start: 0; } .kpis > :nth-child(n + 3) { border-block-start: 1px solid var(--line); } .kpis .matter { grid-column: 1 / -1; border-inline-start: 0; border-block-start: 1px solid var(--line); }
  .kpis b { font-size: 19px; } .kpis .matter b { line-height: 22px; } .kpis small { font-size: 11.5px; } .spark { block-size: 16px; }
  .filters { padding: 8px 12px; gap: 8px; } .switch, .filters .space, .break { display: none; }
  .chips { gap: 4px; flex: 1; } .folded :is(label, .text, .matters) { display: none; } .filters .fold { display: inline-flex; padding: 0 8px; font-size: 12px; block-size: 28px; } .chip:not(.wide) { padding: 0 6px; gap: 3px; font-size: 12px; } .chip .label { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
  .filters label { flex: 1 1 120px; } .filters label select { flex: 1; } .filters .text { flex: 1 1 100%; } .filters .text input { flex: 1; inline-size: 0; max-inline-size: none; } .matters { flex: 1 1 100%; } .matters select { flex: 0 1 40%; }
  .banner { padding: 8px 12px; flex-wrap: wrap; } .foot { padding: 8px 12px; } .foot .legend { display: none; } .candidates, .choice { padding-inline: 12px; }
  .overview, .labels, .drawing, .stack { display: none; }
  .new { position: sticky; inset-block-start: 8px; margin-block: 8px 0; display: flex; }
  .canvas, .day { inline-size: auto !important; }
  .day { padding: 0 12px; content-visibility: auto; contain-intrinsic-block-size: auto 110px; }
  .date { font-size: 11.5px; font-weight: 600; color: var(--muted); padding: 8px 0 4px; position: sticky; inset-block-start: 0; background: var(--s1); z-index: 3; } .date .short { display: none; } .today .date { color: var(--accent); }
  .quiet { font-size: 11.5px; color: var(--muted); padding: 3px 0 3px 42px; }
  .cell { position: relative; display: grid; grid-template-columns: 30px minmax(0, 1fr); gap: 12px; padding: 5px 0 7px; align-items: start; cursor: pointer; } .cell::before { content: ""; position: absolute; inset-inline-start: 14px; inset-block: 37px -4px; border-inline-start: 1.5px solid var(--line); } .cell.matter::before { border-color: color-mix(in oklab, var(--accent) 60%, var(--s1)); } .cell:last-child::before { inset-block-end: 2px; }
  .words { min-inline-size: 0; }
  .first { display: flex; gap: 6px; align-items: baseline; } .first b { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .first time { margin-inline-start: auto; font-size: 12px; color: var(--muted); white-space: nowrap; }
  .second { font-size: 12px; color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .third { display: flex; gap: 6px; margin-block-start: 3px; flex-wrap: wrap; }
  .older { display: grid; place-items: center; padding: 6px 12px 12px; font-size: 11.5px; color: var(--muted); }
}
`;

export const grid = /* css */ `
.table { overflow: auto; max-block-size: 460px; border-block-start: 1px solid var(--line); }
.table:focus-visible { outline-offset: -2px; }
table { border-collapse: separate; border-spacing: 0; inline-size: 100%; min-inline-size: 1060px; table-layout: fixed; font-size: 12px; }
thead th { position: sticky; inset-block-start: 0; z-index: 2; background: var(--s2); text-align: start; font-weight: 600; font-size: 11.5px; color: var(--muted); padding: 3px 10px; border-block-end: 1px solid var(--line); white-space: nowrap; }
thead button { border: 0; background: none; padding: 0; font: inherit; color: inherit; block-size: 26px; display: inline-flex; align-items: center; gap: 4px; }
.g-date { inline-size: 150px; } .g-channel { inline-size: 172px; } .g-topic { inline-size: auto; } .g-queue { inline-size: 118px; } .g-agent { inline-size: 124px; } .g-outcome { inline-size: 168px; } .g-wrapUp { inline-size: 134px; } .g-tags { inline-size: 132px; } .g-duration { inline-size: 82px; }
tbody th, td { padding: 3px 10px; block-size: 33px; border-block-end: 1px solid var(--line); white-space: nowrap; vertical-align: middle; text-align: start; font-weight: 400; overflow: hidden; text-overflow: ellipsis; }
tbody th { font-weight: 500; }
tbody tr:hover > * { background: var(--s2); }
tr > :first-child { padding-inline-start: 16px; }
tr.matter > :first-child { box-shadow: inset 3px 0 0 var(--accent); }
.root:dir(rtl) tr.matter > :first-child { box-shadow: inset -3px 0 0 var(--accent); }
.cut { display: block; overflow: hidden; text-overflow: ellipsis; }
td .open { border: 0; background: none; padding: 0; min-block-size: 26px; display: inline-flex; gap: 7px; align-items: center; font-weight: 500; max-inline-size: 100%; } td .open svg { color: var(--c); } td .open span { overflow: hidden; text-overflow: ellipsis; }
td .open:focus-visible { outline-offset: -1px; }
td .muted svg { display: inline; vertical-align: -2px; }
.table .older { position: static; display: grid; place-items: center; inline-size: auto; block-size: auto; padding: 10px; font-size: 11.5px; color: var(--muted); }
@container (min-width: 700px) and (max-width: 1000px) {
  .chip:not(.wide) .label { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
  .filters input { inline-size: 130px; } .kpis { grid-template-columns: 1.2fr 1.2fr .7fr 1fr; } .kpis .matter { grid-column: 1 / -1; border-inline-start: 0; border-block-start: 1px solid var(--line); display: flex; gap: 12px; align-items: baseline; } .kpis .matter b { line-height: 22px; }
}
`;

export const detail = /* css */ `
.detail { position: fixed; inset: auto; inset-block-start: var(--top); left: var(--left); margin: 0; padding: 0; color: var(--text); inline-size: var(--wide); max-block-size: var(--high); overflow: auto; background: var(--s1); border: 1px solid var(--edge); border-radius: calc(var(--radius) + 2px); box-shadow: 0 12px 34px -8px rgb(15 25 40 / .34); }
.detail .top { display: flex; align-items: center; gap: 8px; padding: 10px 10px 8px 14px; border-block-end: 1px solid var(--line); position: sticky; inset-block-start: 0; background: var(--s1); z-index: 1; }
.detail .names { flex: 1; min-inline-size: 0; } .detail h3 { font-size: 14px; font-weight: 600; } .detail .names p { font-size: 12px; color: var(--muted); }
.walk { display: inline-flex; align-items: center; font-size: 12px; color: var(--muted); white-space: nowrap; }
.detail dl { display: grid; grid-template-columns: 1.05fr 1fr 1.1fr; gap: 9px 14px; padding: 11px 14px; } .detail dt { font-size: 11.5px; color: var(--muted); } .detail dd { font-weight: 500; overflow-wrap: anywhere; } .detail .whole { grid-column: 1 / -1; font-weight: 400; } .detail .whole dd { font-weight: 400; }
.note { background: var(--s2); border-radius: 8px; padding: 7px 10px; white-space: pre-line; } .note + .note { margin-block-start: 5px; }
.surveyresponse .muted { display: block; }
.conversation { display: grid; gap: 5px; max-block-size: 190px; overflow: auto; } .conversation li { display: grid; gap: 1px; justify-items: start; } .conversation .said { background: var(--s2); border-radius: 10px; padding: 4px 9px; white-space: pre-line; } .conversation :is(.agent, .bot) { justify-items: end; } .conversation :is(.agent, .bot) .said { background: var(--accent-soft); } .conversation .by { font-size: 11px; color: var(--muted); }
.detail .bottom { display: flex; justify-content: space-between; align-items: center; gap: 4px 12px; flex-wrap: wrap; padding: 8px 14px; border-block-start: 1px solid var(--line); font-size: 12px; color: var(--muted); } .detail a { color: var(--accent); display: inline-flex; gap: 5px; align-items: center; text-decoration: none; font-weight: 500; min-block-size: 24px; } .detail a:hover { text-decoration: underline; } .from { overflow-wrap: anywhere; }
@container (max-width: 699px) { .detail dl { grid-template-columns: 1fr 1fr; } .detail .top { display: grid; grid-template-columns: 30px 1fr 28px; gap: 2px 10px; } .walk { grid-column: 2; grid-row: 2; margin-inline-start: -8px; } .shut { grid-column: 3; grid-row: 1; align-self: start; } }
`;
