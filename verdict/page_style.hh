// The report's style: light and dark as the reader prefers, one column on a phone, all of it open
// on paper. Colours of sides are told apart by their words as well.
#pragma once

namespace ringside::verdict {

inline constexpr char kPageStyle[] = R"css(
:root{color-scheme:light dark;--ground:#fbfbfa;--card:#fff;--ink:#1c1e21;--soft:#5c6570;
--rule:#dcdfe3;--user:#0b6b57;--user-ground:#dff3ec;--kernel:#9a3c00;--kernel-ground:#fdeadd;
--even:#4a5361;--even-ground:#e9ecf0;--open:#7a5b00;--open-ground:#fbf1cf;--link:#0a5ab0}
@media (prefers-color-scheme:dark){:root{--ground:#131518;--card:#1b1e22;--ink:#e5e7ea;
--soft:#9aa4af;--rule:#32373d;--user:#7fdcc0;--user-ground:#113a30;--kernel:#ffb384;
--kernel-ground:#4a2611;--even:#c2cad3;--even-ground:#2b3138;--open:#f0d27a;
--open-ground:#42360f;--link:#83b8f5}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer,nav{max-width:72rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.015em}
h2{font-size:1.4rem;margin:0;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.4rem 0 .5rem}
.lead,.note{color:var(--soft);max-width:46rem;margin:.3rem 0 1rem}
.note{font-size:.875rem}
a{color:var(--link)}
section{margin:2.75rem 0;padding-top:1.5rem;border-top:1px solid var(--rule)}
.title{color:var(--soft);margin:.1rem 0 1rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem}
.card{background:var(--card);border:1px solid var(--rule);border-radius:.6rem;
padding:1rem 1.15rem;min-width:0}
.card h3{margin:0 0 .6rem;display:flex;gap:.6rem;align-items:center;justify-content:space-between;
flex-wrap:wrap;font-weight:600}
.card code{font-weight:400;color:var(--soft)}
.why{margin:0 0 .4rem;font-size:.9rem}
td>code{white-space:nowrap}
td>code+br+code,td br+code{white-space:normal}
dl{margin:0}
dt{font-weight:600;margin-top:.7rem;display:flex;justify-content:space-between;gap:.6rem}
dd{margin:.1rem 0 0;color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
.chip{display:inline-block;white-space:nowrap;border-radius:1rem;padding:.06rem .6rem;
font-size:.8rem;font-weight:600}
.user{color:var(--user);background:var(--user-ground)}
.kernel{color:var(--kernel);background:var(--kernel-ground)}
.even{color:var(--even);background:var(--even-ground)}
.open{color:var(--open);background:var(--open-ground)}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;width:100%;font-size:.875rem}
caption{text-align:left;color:var(--soft);padding:.2rem 0 .5rem}
th,td{text-align:left;padding:.34rem .8rem .34rem 0;border-bottom:1px solid var(--rule);
vertical-align:top}
thead th{color:var(--soft);font-weight:600;white-space:nowrap}
tbody th{font-weight:500}
.source th{background:none;color:var(--soft);font-weight:400;padding-top:1rem;font-size:.8rem}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.spread{color:var(--soft);font-size:.75rem}
code{font:.85em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
details{margin:.9rem 0;border:1px solid var(--rule);border-radius:.5rem;background:var(--card)}
summary{cursor:pointer;padding:.6rem .9rem;font-weight:600}
summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);
outline-offset:2px}
details>div{padding:0 .9rem .8rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem;
margin:1rem 0}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:.6rem;
padding:.6rem;min-width:0}
figure svg{display:block;width:100%;height:auto;background:none;color:var(--ink)}
figcaption{color:var(--soft);font-size:.8rem;padding:0 .4rem .2rem;overflow-wrap:anywhere}
ul{margin:.2rem 0 .6rem;padding-left:1.2rem}
li{margin:.15rem 0;font-size:.9rem;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:.85rem;padding-bottom:3rem}
@media (max-width:30rem){body{font-size:15px}h1{font-size:1.5rem}header{padding-top:1.4rem}}
@media print{:root{color-scheme:light;--ground:#fff;--card:#fff;--ink:#000;--soft:#444;--rule:#bbb;
--user:#0b6b57;--user-ground:#fff;--kernel:#9a3c00;--kernel-ground:#fff;--even:#333;
--even-ground:#fff;--open:#7a5b00;--open-ground:#fff}
body{font-size:10pt}nav{display:none}.scroll{overflow:visible}
.card,figure,tr{break-inside:avoid}h2,h3,summary{break-after:avoid}
.chip{border:1px solid currentColor}
details::details-content{content-visibility:visible;display:block}}
)css";

}  // namespace ringside::verdict
