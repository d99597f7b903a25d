import { policyHash } from "#platform/html/html.ts";

/** The style sheet of a document's page. */
export const pageStyle =
  ":root{color-scheme:light dark}" +
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere;" +
  "color:light-dark(#1b1b1b,#ececec);background:light-dark(#fff,#161616)}" +
  "h1{font-size:1.5rem;line-height:1.3}h2{font-size:1.25rem;margin-top:2rem;border-bottom:1px solid}h3,h4,h5,h6{font-size:1.1rem}" +
  "a{color:light-dark(#00418c,#9cc7ff)}a:focus-visible,.scroll:focus-visible{outline:.2rem solid;outline-offset:.1rem}" +
  "dl{display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.25rem 1rem}dt{font-weight:600}dd{margin:0}" +
  "@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}" +
  ".notice{border-left:.3rem solid;padding-left:.75rem}.note,.address,.footnote{font-size:.9em}" +
  ".scroll{overflow-x:auto;margin:.75rem 0}.paragraph{margin:.5rem 0}" +
  "table{border-collapse:collapse}th,td{border:1px solid light-dark(#767676,#8c8c8c);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:normal}" +
  "thead{background:light-dark(#efefef,#2b2b2b)}caption,.caption{font-weight:600;text-align:left}" +
  "table.rules-none>*>tr>*{border:0}table.rules-rows>*>tr>*{border-width:1px 0}table.rules-cols>*>tr>*{border-width:0 1px}" +
  "table.rules-groups>*>tr>*{border:0}table.rules-groups>*{border:1px solid}" +
  ".Bold{font-weight:700}.Italics{font-style:italic}.Emphasis{font-style:italic;font-weight:600}.Underline{text-decoration:underline}" +
  ".Lrule.Lrule{border-left:1px solid}.Rrule.Rrule{border-right:1px solid}.Toprule.Toprule{border-top:1px solid}.Botrule.Botrule{border-bottom:1px solid}" +
  ".Arabic{list-style-type:decimal}.LittleRoman{list-style-type:lower-roman}.BigRoman{list-style-type:upper-roman}" +
  ".LittleAlpha{list-style-type:lower-alpha}.BigAlpha{list-style-type:upper-alpha}" +
  ".Disc{list-style-type:disc}.Circle{list-style-type:circle}.Square{list-style-type:square}" +
  ".align-left{text-align:left}.align-center{text-align:center}.align-right{text-align:right}.align-justify{text-align:justify}" +
  ".valign-top{vertical-align:top}.valign-middle{vertical-align:middle}.valign-bottom{vertical-align:bottom}.valign-baseline{vertical-align:baseline}" +
  ".depth-1>:first-child{padding-left:1.5rem}.depth-2>:first-child{padding-left:2.5rem}.depth-3>:first-child{padding-left:3.5rem}.depth-4>:first-child{padding-left:4.5rem}" +
  "img{max-width:100%;height:auto;background:#fff}" +
  "@media print{body{max-width:none;padding:0}nav{display:none}.scroll{overflow:visible}tr{break-inside:avoid}}";

/**
 * The source by which a Content-Security-Policy allows this style sheet. A policy of a page that shows a document's page in a frame
 * of its own needs it as well, because such a frame has both policies (CSP Level 3, "srcdoc").
 */
export const pageStyleSource = policyHash(pageStyle);
