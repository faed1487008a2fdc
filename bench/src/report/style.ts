/** The page's style sheet. Colours are variables, each with its light and its dark value: drawings use them too. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f7f8fa, #0f1216);
  --card: light-dark(#ffffff, #171b21);
  --ink: light-dark(#1a2027, #e8ecf1);
  --muted: light-dark(#5d6873, #98a4b1);
  --grid: light-dark(#e6e9ee, #272d36);
  --edge: light-dark(#dfe3e9, #2a313b);
  --ok: light-dark(#0b7a4b, #4bd39a);
  --ok-paper: light-dark(#dff5ea, #10362a);
  --not: light-dark(#b3261e, #ff8f85);
  --not-paper: light-dark(#fde7e5, #431a18);
  --series-1: light-dark(#2463d6, #6ea8ff);
  --series-2: light-dark(#e06c00, #ffa14a);
  --series-3: light-dark(#12906b, #3fcf9f);
  --series-4: light-dark(#9333c9, #c78bff);
  --series-5: light-dark(#cf2e68, #ff7fa8);
  --series-6: light-dark(#86690b, #dcbc4c);
  --series-7: light-dark(#64748b, #9aa8ba);
  --series-8: light-dark(#0b7f97, #4cc5de);
  --step-1: light-dark(#8fb6ee, #2f5ea8);
  --step-2: light-dark(#4a86e0, #4a86e0);
  --step-3: light-dark(#1d56bd, #85b6ff);
  --step-4: light-dark(#0b2f7a, #d3e4ff);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1320px; margin: 0 auto; padding: 28px 24px 56px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 36px 0 12px; }
h3 { font-size: 15px; margin: 0; }
.sub { color: var(--muted); margin: 0; font-size: 13.5px; }
.lead { font-size: 16.5px; max-width: 62em; margin: 14px 0 20px; }
header + .cards { margin-top: 16px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 14px 13px; }
.card.missed { border-color: var(--not); }
.card h3 { font-size: 13px; font-weight: 500; color: var(--muted); }
.card .value { font-size: 25px; white-space: nowrap; font-weight: 650; letter-spacing: -.015em; margin: 3px 0 0; font-variant-numeric: tabular-nums; }
.card .note { margin: 0; color: var(--muted); font-size: 12.5px; min-height: 1.45em; }
.card .bar { margin: 8px 0 0; font-size: 12.5px; color: var(--muted); }
.card .bar span { display: inline-block; white-space: nowrap; }
.pill { display: inline-block; border-radius: 99px; padding: 1px 9px; font-size: 12px; font-weight: 650; white-space: nowrap; }
.pill.ok { color: var(--ok); background: var(--ok-paper); }
.pill.not { color: var(--not); background: var(--not-paper); }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; align-items: start; }
.plot { margin: 0; background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 16px 16px 8px; }
.plot h3 { font-size: 16px; }
.finding { margin: 3px 0 8px; color: var(--muted); font-size: 13.5px; }
.plot svg { display: block; width: 100%; height: auto; }
.players { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 16px; align-items: start; }
.player img { display: block; width: 100%; height: auto; border-radius: 8px; margin-bottom: 8px; }
.narrow { display: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 3px 16px; margin: 0 0 8px; padding: 0; font-size: 12.5px; }
.mark { display: inline-block; width: 12px; height: 12px; border-radius: 3px; background: var(--mark); margin-right: 7px; vertical-align: -1px; }
.mark.line { width: 18px; height: 3px; vertical-align: 4px; border-radius: 2px; }
.mark.dashed { width: 18px; height: 0; background: none; border-top: 2px dashed var(--mark); border-radius: 0; vertical-align: 4px; }
.mark.dotted { width: 18px; height: 0; background: none; border-top: 2px dotted var(--mark); border-radius: 0; vertical-align: 4px; }
.mark.dot { width: 10px; height: 10px; border-radius: 50%; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--edge); border-radius: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 12px; text-align: left; vertical-align: top; border-top: 1px solid var(--grid); font-weight: 400; }
thead th { border-top: 0; color: var(--muted); font-size: 12.5px; white-space: nowrap; }
tbody th { min-width: 150px; }
tbody th small { display: block; color: var(--muted); font-size: 12px; max-width: 34em; }
.number { text-align: right; white-space: nowrap; }
.verdicts tr:not(.scenario) td { border-top: 0; }
.verdicts .scenario th { padding-top: 10px; }
.verdicts .scenario small { display: inline; margin-left: 10px; }
.verdicts .verdict { width: 96px; }
.verdicts .gauge { width: 96px; padding-right: 0; }
.verdicts td { padding-top: 5px; padding-bottom: 5px; }
.bullet { display: inline-block; position: relative; width: 72px; height: 7px; border-radius: 4px; vertical-align: 1px; background: linear-gradient(to right, var(--ok) var(--filled), var(--grid) var(--filled)); }
.bullet.not { background: linear-gradient(to right, var(--not) var(--filled), var(--grid) var(--filled)); }
.bullet::after { content: ""; position: absolute; left: 50%; top: -3px; height: 13px; width: 2px; background: var(--ink); }
.compared td { min-width: 92px; }
.compared thead th { white-space: normal; vertical-align: bottom; }
.meter { display: block; height: 5px; border-radius: 3px; margin: 3px 0 3px auto; background: linear-gradient(to left, var(--series-1) var(--filled), var(--grid) var(--filled)); }
.change { display: block; color: var(--muted); font-size: 12px; }
.change.good { color: var(--ok); }
.change.bad { color: var(--not); }
.group { color: var(--muted); padding-top: 16px; }
details { margin-top: 12px; }
details > summary { cursor: pointer; padding: 10px 14px; background: var(--card); border: 1px solid var(--edge); border-radius: 12px; font-weight: 600; }
details > summary small { font-weight: 400; color: var(--muted); margin-left: 8px; }
details[open] > summary { margin-bottom: 12px; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 14px; font-size: 12.5px; }
footer { color: var(--muted); font-size: 12.5px; margin-top: 36px; }
@media (max-width: 960px) { .plots { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 620px) {
  main { padding: 18px 12px 40px; }
  h1 { font-size: 22px; }
  .lead { font-size: 15.5px; }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .card { padding: 11px 12px; }
  .card .value { font-size: 22px; }
  .plot { padding: 13px 8px 6px; }
  .plot h3, .finding, .legend { padding: 0 4px; }
  .wide { display: none; }
  .narrow { display: block; }
  th, td { padding: 6px 9px; }
  .compared th:first-child, .figures th:first-child { position: sticky; left: 0; background: var(--card); min-width: 118px; z-index: 1; }
  .gauge { display: none; }
  .verdicts td { font-size: 12.5px; padding-left: 5px; padding-right: 5px; white-space: normal; }
  .verdicts td:first-child { padding-left: 9px; overflow-wrap: anywhere; }
  .verdicts .number { white-space: nowrap; }
  .verdicts .scenario small { display: block; margin-left: 0; }
  .verdicts .verdict { width: auto; }
}
@media print { details { break-inside: avoid; } .plot { break-inside: avoid; } }
`;
