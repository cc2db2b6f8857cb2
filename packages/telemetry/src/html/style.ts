/** The page's whole style. Colours are chosen to differ in lightness too, so that they can be told apart without hue. */
export const style = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#171b26;--soft:#5b6477;--faint:#8a93a6;--line:#e4e7ed;--hover:#f3f5f9;
--accent:#3056d3;--good:#12805c;--good-soft:#dff3ea;--warning:#a15c07;--warning-soft:#fdf0d5;--bad:#c0273a;--bad-soft:#fce4e6;--neutral:#4a5872;--neutral-soft:#e8ecf3;
--ingest:#3b6fe0;--quality:#0f9d8a;--quarantine:#d9822b;--build:#7a5bd0;--maintenance:#64748b;--export:#c2478f;--shadow:0 1px 2px rgb(16 24 40/.05),0 1px 6px rgb(16 24 40/.04)}
@media(prefers-color-scheme:dark){:root{--page:#0e1117;--card:#161b24;--ink:#e7eaf1;--soft:#a3adbf;--faint:#6f7a8f;--line:#262d3a;--hover:#1c2330;
--accent:#86a6ff;--good:#4cc798;--good-soft:#12352a;--warning:#f0b355;--warning-soft:#3a2c10;--bad:#ff7d87;--bad-soft:#411a20;--neutral:#a9b6cd;--neutral-soft:#252d3b;
--ingest:#6d97f5;--quality:#35bfab;--quarantine:#eb9f52;--build:#a48bf0;--maintenance:#8c9bb3;--export:#e27ab5;--shadow:none}}
*{box-sizing:border-box}html{scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-font-smoothing:antialiased}
main{max-width:1160px;margin:0 auto;padding:36px 28px 64px}
header{display:flex;flex-wrap:wrap;align-items:flex-start;justify-content:space-between;gap:12px 24px;margin-bottom:24px}
h1{margin:0;font-size:26px;line-height:1.2;letter-spacing:-.02em;font-weight:650}
h1 span{color:var(--faint);font-weight:450}
header p{margin:6px 0 0;color:var(--soft)}
.eyebrow{margin:0 0 6px;font-size:11.5px;letter-spacing:.09em;text-transform:uppercase;color:var(--accent);font-weight:650}
.status{display:inline-flex;align-items:center;gap:9px;padding:9px 16px;border-radius:999px;font-weight:600;font-size:14px;white-space:nowrap}
.status::before{content:"";width:9px;height:9px;border-radius:50%;background:currentColor}
.good{--tone:var(--good);--tint:var(--good-soft)}.warning{--tone:var(--warning);--tint:var(--warning-soft)}.bad{--tone:var(--bad);--tint:var(--bad-soft)}.neutral{--tone:var(--neutral);--tint:var(--neutral-soft)}
.status,.pill{color:var(--tone);background:var(--tint)}
.pill{display:inline-block;padding:1px 9px;border-radius:999px;font-size:12px;font-weight:600;white-space:nowrap}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(158px,1fr));gap:12px;margin-bottom:14px}
.card,section{background:var(--card);border:1px solid var(--line);border-radius:12px;box-shadow:var(--shadow)}
.card{padding:14px 16px}
.card b{display:block;font-size:23px;line-height:1.25;font-weight:620;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.card b small{font-size:14px;font-weight:500;color:var(--soft);letter-spacing:0}
.card span{color:var(--soft);font-size:12.5px}
.card em{display:block;font-style:normal;color:var(--faint);font-size:12px;margin-top:1px}
section{padding:20px 22px 18px;margin-top:14px}
h2{margin:0 0 12px;font-size:15.5px;font-weight:640;letter-spacing:-.005em}
h2 small{margin-left:10px;font-size:12.5px;font-weight:450;color:var(--soft);letter-spacing:0}
.group th{padding:18px 8px 5px;font-size:11.5px;font-weight:650;letter-spacing:.07em;text-transform:uppercase;color:var(--soft)}
.scroll{overflow-x:auto;margin:0 -8px}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:6px 8px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
tbody:last-child tr:last-child td{border-bottom:0}tbody tr:hover td{background:var(--hover)}
th{font-size:11.5px;font-weight:600;color:var(--faint);white-space:nowrap}
.n{text-align:right;white-space:nowrap}.w{width:99%}
td small,.soft{color:var(--soft)}td small{display:block;font-size:12px}.faint{color:var(--faint)}
code,.mono{font:12.5px/1.5 ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,monospace}
td code{word-break:break-all}td code.faint{white-space:nowrap}.name{font-weight:560;white-space:nowrap}
.bar{position:relative;display:inline-block;width:112px;height:7px;border-radius:4px;background:var(--neutral-soft);vertical-align:middle}
.bar .fill{position:absolute;inset:0 auto 0 0;border-radius:4px;background:var(--tone,var(--accent));min-width:2px}
.bar .mark{position:absolute;top:-3px;bottom:-3px;width:2px;margin-left:-1px;background:var(--ink);border-radius:1px}
.metric,.mono.soft{white-space:nowrap}.metric .bar{margin-right:9px}
ul.notes{margin:0;padding:0;list-style:none}.notes li{position:relative;padding:5px 0 5px 22px}
.notes li::before{content:"!";position:absolute;left:0;top:7px;width:15px;height:15px;border-radius:50%;background:var(--warning-soft);color:var(--warning);font:700 11px/15px system-ui;text-align:center}
dl{display:grid;grid-template-columns:max-content 1fr;gap:5px 20px;margin:0}dt{color:var(--soft)}dd{margin:0;word-break:break-word}
details{border-top:1px solid var(--line)}details:first-of-type{border-top:0}
summary{cursor:pointer;padding:8px 0;font-weight:560}summary span{color:var(--soft);font-weight:400;margin-left:8px}
svg{display:block;width:100%;height:auto}svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}
svg .axis{fill:var(--faint);font-size:11px}svg .grid{stroke:var(--line)}svg .layer{fill:var(--soft);font-size:10.5px;font-weight:650;letter-spacing:.07em}
svg .row:hover .stripe{fill:var(--hover)}svg .stripe{fill:transparent}svg .figure{fill:var(--soft);font-size:11.5px}
.ingest{fill:var(--ingest);background:var(--ingest)}.quality{fill:var(--quality);background:var(--quality)}.quarantine{fill:var(--quarantine);background:var(--quarantine)}
.build{fill:var(--build);background:var(--build)}.maintenance,.other{fill:var(--maintenance);background:var(--maintenance)}.export{fill:var(--export);background:var(--export)}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:0 0 10px;color:var(--soft);font-size:12.5px}.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px;vertical-align:-1px}
details details{margin-left:18px}pre{margin:6px 8px;white-space:pre}
footer{margin-top:26px;color:var(--faint);font-size:12.5px;display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 20px}
@media(max-width:640px){main{padding:20px 14px 40px}section{padding:16px 14px}dl{grid-template-columns:1fr;gap:0 0}dd{margin-bottom:8px}}
@media print{body{background:#fff}section,.card{break-inside:avoid;box-shadow:none}}
`.replace(/\n/g, '')
